// dtransform: pixel rows are read once, in the order of the rows of cells they lie between. Those between
// cells r and r + 1 complete the column sums of row r and begin those of row r + 1; completed sums then go,
// a vector of columns at a time, to the two cells that each column reads. Columns without mask add nothing
// and are not read.
#include <algorithm>

#include "core/parallel.h"
#include "kernels/color_transform/color_transform.h"
#include "kernels/color_transform/scratch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/color_transform/dtransform_cpu.cpp"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"
#include "kernels/color_transform/dtransform_sums-inl.h"
#include "kernels/color_transform/masked_tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::color_transform::HWY_NAMESPACE {

// One task's way through the rows of cells of one picture.
class TransformGradient {
 public:
  TransformGradient(const Backward& a, const cpu::Scratch& scratch, void* workspace, std::int64_t part)
      : a_(a),
        rows_(scratch.rows(workspace)),
        columns_(scratch.columns(workspace)),
        height_(scratch.height),
        width_(scratch.width),
        begun_(scratch.part(workspace, part)),
        cells_(begun_ + 12 * cpu::AxisTaps::floats(width_)),
        cells_of_row_(scratch.cells) {}

  const float* cells() const { return cells_; }

  // At the top of a picture, or where the rows above are another task's.
  void restart() { begun_columns_ = {0, 0}; }

  // Completes the sums of a row of cells and begins the next one's, in that order from the top. Returns the
  // cells with any, from cells() on.
  Range complete(std::int64_t image, std::int64_t cell_row, bool wanted) {
    const Range rows = rows_at(cell_row);
    const Range masked = masked_at(image, rows), all = united(begun_columns_, masked);
    if (all.begin == all.end) return {0, 0};
    const std::int64_t first = columns_.lower[all.begin], last = columns_.lower[all.end - 1];
    if (wanted) std::fill(cells_ + 12 * first, cells_ + 12 * (last + 2), 0.0f);
    CellSums cells;
    cells.begin(first, cells_);
    for (std::int64_t column = all.begin; column < all.end; column += vector_columns()) {
      HWY_ALIGN float sums[12 * max_lanes];
      sum_rows(image, rows, column, sums);
      if (wanted) add_columns(sums, column, columns_left(width_, column), cells);
    }
    if (wanted) cells.end();
    begun_columns_ = masked;
    return {first, std::min(last + 2, cells_of_row_)};
  }

 private:
  // The rows of pixels between the rows of cells `cell_row` and `cell_row` + 1.
  Range rows_at(std::int64_t cell_row) const {
    const std::int32_t *begin = rows_.lower, *end = begin + height_;
    return {std::lower_bound(begin, end, cell_row) - begin, std::upper_bound(begin, end, cell_row) - begin};
  }

  Range masked_at(std::int64_t image, Range rows) const {
    Range columns{0, 0};
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      const float* mask = a_.mask.as<float>() + (image * height_ + row) * width_;
      columns = united(columns, masked_columns(width_, mask));
    }
    return columns;
  }

  // A vector of columns: completes the sums begun for this row of cells and begins the next one's.
  HWY_INLINE void sum_rows(std::int64_t image, Range rows, std::int64_t column, float* sums) {
    const std::size_t n = columns_left(width_, column), size = 12 * lanes();
    float* begun = begun_ + 12 * column;
    if (begun_columns_.begin <= column && column < begun_columns_.end)
      std::copy(begun, begun + size, sums);
    else
      std::fill(sums, sums + size, 0.0f);
    std::fill(begun, begun + size, 0.0f);
    staged_.clear();
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      const std::int64_t pixel = (image * height_ + row) * width_ + column;
      const V32 mask = load_first(a_.mask.as<float>() + pixel, n);
      if (all_zero(mask)) continue;
      staged_.add(a_.image.as<float>() + 3 * pixel, a_.dy.as<float>() + 3 * pixel, mask, n,
                  rows_.fraction[row]);
      if (!staged_.full()) continue;
      staged_.add_to(sums, begun);
      staged_.clear();
    }
    if (!staged_.empty()) staged_.add_to(sums, begun);
  }

  HWY_INLINE void add_columns(const float* sums, std::int64_t column, std::size_t n, CellSums& cells) const {
    HWY_ALIGN float by_column[3][4 * max_lanes];
    for (std::size_t i = 0; i < 3; ++i) {
      const float* s = sums + 4 * i * lanes();
      hn::StoreInterleaved4(load(s), load(s + lanes()), load(s + 2 * lanes()), load(s + 3 * lanes()), F32(),
                            by_column[i]);
    }
    const std::int32_t* lower = columns_.lower + column;
    const float* fraction = columns_.fraction + column;
    for (std::size_t i = 0; i < n; ++i)
      cells.add(lower[i], fraction[i], by_column[0] + 4 * i, by_column[1] + 4 * i, by_column[2] + 4 * i);
  }

  const Backward& a_;
  cpu::AxisTaps rows_, columns_;
  std::int64_t height_, width_;
  float* begun_;  // by vectors of columns
  float* cells_;
  std::int64_t cells_of_row_;
  Range begun_columns_{0, 0};
  StagedRows staged_;
};

// A row of dT, of whose cells only those in `summed` have sums.
template <class T>
HWY_INLINE void store_cells(const float* sums, Range summed, std::int64_t cells, bool accumulate,
                            bool streamed, T* dtransform) {
  const std::int64_t begin = 12 * summed.begin, end = 12 * summed.end;
  for (std::int64_t i = begin; i < end; i += vector_columns()) {
    const std::size_t n = columns_left(end, i);
    V32 sum = load(sums + i);
    if (accumulate) sum = hn::Add(sum, load_first(dtransform + i, n));
    n == lanes() ? store(sum, dtransform + i) : store_n(sum, dtransform + i, n);
  }
  if (accumulate) return;
  clear_bytes(dtransform, begin * static_cast<std::int64_t>(sizeof(T)), streamed);
  clear_bytes(dtransform + end, (12 * cells - end) * static_cast<std::int64_t>(sizeof(T)), streamed);
}

template <class T>
void backward_transform(Context& context, const Backward& a, const Options& options) {
  const std::int64_t h = a.transform.shape[1], w = a.transform.shape[2];
  const std::int64_t height = a.image.shape[1], width = a.image.shape[2];
  const bool accumulate = a.dtransform_mode == GradientMode::accumulate;
  const bool streamed = cpu::is_streamed(a.image.shape);
  const cpu::Scratch scratch{w, width, height};
  void* workspace = context.workspace(scratch.bytes());
  const cpu::AxisTaps columns = scratch.columns(workspace), rows = scratch.rows(workspace);
  columns.fill(static_cast<double>(options.scale_x), w, width);
  rows.fill(static_cast<double>(options.scale_y), h, height);
  // Each task reads the pixels above its first row of cells once more than needed: few rows make few tasks.
  const std::int64_t all_rows = a.image.shape[0] * h;
  const std::int64_t tasks = std::clamp<std::int64_t>(all_rows / 4, 1, scratch_parts);
  parallel_for(context.threads(), tasks, [&](std::int64_t part) HWY_ATTR {
    const Range cell_rows = part_of(all_rows, tasks, part);
    TransformGradient gradient(a, scratch, workspace, part);
    for (std::int64_t row = cell_rows.begin; row < cell_rows.end; ++row) {
      if (row % h == 0) gradient.restart();
      // The rows above a task's first one are read by two tasks.
      if (row == cell_rows.begin && row % h > 0) gradient.complete(row / h, row % h - 1, false);
      const Range summed = gradient.complete(row / h, row % h, true);
      store_cells(gradient.cells(), summed, w, accumulate, streamed, a.dtransform.as<T>() + row * w * 12);
    }
    if (streamed) hwy::FlushStream();
  });
}

void backward_transform_any(Context& context, const Backward& a, const Options& options) {
  a.transform.dtype == DType::f32 ? backward_transform<float>(context, a, options)
                                  : backward_transform<bfloat16>(context, a, options);
}

}  // namespace attune::color_transform::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::color_transform::cpu {

HWY_EXPORT(backward_transform_any);

void backward_transform(Context& context, const Backward& a, const Options& options) {
  HWY_DYNAMIC_DISPATCH(backward_transform_any)(context, a, options);
}

}  // namespace attune::color_transform::cpu
#endif
