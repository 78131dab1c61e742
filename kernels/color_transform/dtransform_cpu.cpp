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
#include "kernels/color_transform/masked_tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::color_transform::HWY_NAMESPACE {

// The four sums of one row of dT at a vector of columns: sum d x' for the three entries of A, sum d for b.
struct RowSums {
  V32 a0, a1, a2, b;

  HWY_INLINE void add(V32 d, V32 c0, V32 c1, V32 c2) {
    a0 = hn::MulAdd(d, c0, a0);
    a1 = hn::MulAdd(d, c1, a1);
    a2 = hn::MulAdd(d, c2, a2);
    b = hn::Add(b, d);
  }
  HWY_INLINE void load_from(const float* p) {
    a0 = load(p), a1 = load(p + lanes()), a2 = load(p + 2 * lanes()), b = load(p + 3 * lanes());
  }
  HWY_INLINE void store_to(float* p) const {
    store(a0, p), store(a1, p + lanes()), store(a2, p + 2 * lanes()), store(b, p + 3 * lanes());
  }
};

// A vector of columns of some pixel rows, split into planes. All 24 sums at once would not fit the registers;
// from here they are made 8 at a time.
class StagedRows {
 public:
  bool full() const { return count_ == most; }
  bool empty() const { return count_ == 0; }
  void clear() { count_ = 0; }

  HWY_INLINE void add(const float* image, const float* dy, V32 mask, std::size_t n, float fraction) {
    V32 v0, v1, v2;
    const V32 half = hn::Set(F32(), 0.5f);
    load_interleaved3(image, n, v0, v1, v2);
    put(0, hn::Sub(v0, half)), put(1, hn::Sub(v1, half)), put(2, hn::Sub(v2, half));
    load_interleaved3(dy, n, v0, v1, v2);
    put(3, hn::Mul(mask, v0)), put(4, hn::Mul(mask, v1)), put(5, hn::Mul(mask, v2));
    fraction_[count_++] = fraction;
  }

  // To the sums of the row of cells above, and of the one below.
  HWY_INLINE void add_to(float* above, float* below) const {
    for (std::size_t i = 0; i < 3; ++i) {
      RowSums own, next;
      own.load_from(above + 4 * i * lanes()), next.load_from(below + 4 * i * lanes());
      for (std::size_t row = 0; row < count_; ++row) {
        const float* planes = planes_[row];
        const V32 c0 = load(planes), c1 = load(planes + max_lanes), c2 = load(planes + 2 * max_lanes);
        const V32 d = load(planes + (3 + i) * max_lanes), f = hn::Set(F32(), fraction_[row]);
        const V32 below_d = hn::Mul(f, d);
        own.add(hn::Sub(d, below_d), c0, c1, c2);
        next.add(below_d, c0, c1, c2);
      }
      own.store_to(above + 4 * i * lanes()), next.store_to(below + 4 * i * lanes());
    }
  }

 private:
  static constexpr std::size_t most = 16;

  HWY_INLINE void put(std::size_t plane, V32 v) { store(v, planes_[count_] + plane * max_lanes); }

  HWY_ALIGN float planes_[most][6 * max_lanes];
  float fraction_[most];
  std::size_t count_ = 0;
};

// Adds columns, from left to right, to the two cells that each reads.
class CellSums {
 public:
  static constexpr hn::FixedTag<float, 4> f4{};
  using V4 = hn::Vec<hn::FixedTag<float, 4>>;

  HWY_INLINE void begin(std::int32_t cell, float* cells) {
    cell_ = cell, cells_ = cells;
    own0_ = own1_ = own2_ = next0_ = next1_ = next2_ = hn::Zero(f4);
  }
  HWY_INLINE void add(std::int32_t cell, float fraction, const float* p0, const float* p1, const float* p2) {
    if (cell != cell_) move_to(cell);
    const V4 own = hn::Set(f4, 1 - fraction), next = hn::Set(f4, fraction);
    const V4 s0 = hn::LoadU(f4, p0), s1 = hn::LoadU(f4, p1), s2 = hn::LoadU(f4, p2);
    own0_ = hn::MulAdd(own, s0, own0_), next0_ = hn::MulAdd(next, s0, next0_);
    own1_ = hn::MulAdd(own, s1, own1_), next1_ = hn::MulAdd(next, s1, next1_);
    own2_ = hn::MulAdd(own, s2, own2_), next2_ = hn::MulAdd(next, s2, next2_);
  }
  HWY_INLINE void end() { move_to(cell_ + 2); }

 private:
  HWY_INLINE void move_to(std::int32_t cell) {
    write(own0_, own1_, own2_, cells_ + 12 * cell_);
    const V4 zero = hn::Zero(f4);
    own0_ = next0_, own1_ = next1_, own2_ = next2_, next0_ = next1_ = next2_ = zero;
    if (cell != cell_ + 1) {
      write(own0_, own1_, own2_, cells_ + 12 * (cell_ + 1));
      own0_ = own1_ = own2_ = zero;
    }
    cell_ = cell;
  }
  // A row by row, then b, which each store puts where the next row of A begins.
  HWY_INLINE static void write(V4 s0, V4 s1, V4 s2, float* out) {
    hn::StoreU(s0, f4, out);
    const float b0 = out[3];
    hn::StoreU(s1, f4, out + 3);
    const float b1 = out[6];
    hn::StoreU(s2, f4, out + 6);
    out[11] = out[9], out[9] = b0, out[10] = b1;
  }

  std::int32_t cell_;
  float* cells_;
  V4 own0_, own1_, own2_, next0_, next1_, next2_;
};

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

  // Nothing is known of the rows above.
  void restart() { begun_columns_ = {0, 0}; }

  // Completes the sums of a row of cells and begins the next one's, in that order from the top. Returns the
  // cells with any, from cells() on.
  Range complete(std::int64_t image, std::int64_t cell_row, bool wanted) {
    const Range rows = rows_at(cell_row);
    const Range masked = masked_at(image, rows), all = united(begun_columns_, masked);
    if (all.begin == all.end) return {0, 0};
    const std::int32_t first = columns_.lower[all.begin], last = columns_.lower[all.end - 1];
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
    return {first, std::min<std::int64_t>(last + 2, cells_of_row_)};
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
      columns = united(columns, masked_columns(width_, [=](std::int64_t column, std::size_t n) HWY_ATTR {
                         return load_up_to(mask + column, n);
                       }));
    }
    return columns;
  }

  // A vector of columns: completes the sums begun for this row of cells and begins the next one's.
  HWY_INLINE void sum_rows(std::int64_t image, Range rows, std::int64_t column, float* sums) {
    const std::size_t n = columns_left(width_, column), size = 12 * lanes();
    float* begun = begun_ + 12 * column;
    const bool any = begun_columns_.begin <= column && column < begun_columns_.end;
    if (any)
      std::copy(begun, begun + size, sums);
    else
      std::fill(sums, sums + size, 0.0f);
    std::fill(begun, begun + size, 0.0f);
    staged_.clear();
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      const std::int64_t pixel = (image * height_ + row) * width_ + column;
      const V32 mask = load_up_to(a_.mask.as<float>() + pixel, n);
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
    if (accumulate) sum = hn::Add(sum, load_up_to(dtransform + i, n));
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
  const bool streamed = cpu::is_streamed(28 * a.image.elements() / 3);
  const cpu::Scratch scratch{w, width, height};
  void* workspace = context.workspace(scratch.bytes());
  const cpu::AxisTaps columns = scratch.columns(workspace), rows = scratch.rows(workspace);
  columns.fill(static_cast<double>(options.scale_x), w, width);
  rows.fill(static_cast<double>(options.scale_y), h, height);
  parallel_for(context.threads(), scratch_parts, [&](std::int64_t part) HWY_ATTR {
    const Range cell_rows = part_of(a.image.shape[0] * h, scratch_parts, part);
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
