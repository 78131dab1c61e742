// The parameters of the output rows that lie between the same two rows of cells. Each row of cells is split
// into 12 planes once; both are interpolated horizontally, a tile of columns at a time, once for all those
// output rows; what is left for each of them is the vertical interpolation. Included once per target.
#include <algorithm>
#include <utility>

#include "core/simd_interleave-inl.h"
#include "kernels/color_transform/scratch.h"

#if defined(ATTUNE_COLOR_TRANSFORM_UPSAMPLED_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_COLOR_TRANSFORM_UPSAMPLED_ROWS_INL_H_
#undef ATTUNE_COLOR_TRANSFORM_UPSAMPLED_ROWS_INL_H_
#else
#define ATTUNE_COLOR_TRANSFORM_UPSAMPLED_ROWS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::color_transform::HWY_NAMESPACE {

using namespace attune::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)
namespace hn = hwy::HWY_NAMESPACE;
using I32 = hn::RebindToSigned<F32>;

HWY_INLINE std::int64_t vector_columns() { return static_cast<std::int64_t>(lanes()); }

HWY_INLINE std::size_t columns_left(std::int64_t width, std::int64_t column) {
  return static_cast<std::size_t>(std::min(width - column, vector_columns()));
}

// The horizontal interpolation of one plane of cells at a vector of columns. Where the columns read few
// enough cells, a table lookup in one vector of them takes the place of a gather from memory.
struct LookupColumns {
  std::int64_t first;
  decltype(hn::IndicesFromVec(F32(), hn::Vec<I32>())) index;
  V32 fraction;

  HWY_INLINE V32 operator()(const float* plane) const {
    const V32 left = hn::TableLookupLanes(load(plane + first), index);
    const V32 right = hn::TableLookupLanes(load(plane + first + 1), index);
    return hn::MulAdd(fraction, hn::Sub(right, left), left);
  }
};
struct GatherColumns {
  hn::Vec<I32> index;
  V32 fraction;

  HWY_INLINE V32 operator()(const float* plane) const {
    const V32 left = hn::GatherIndex(F32(), plane, index);
    const V32 right = hn::GatherIndex(F32(), plane + 1, index);
    return hn::MulAdd(fraction, hn::Sub(right, left), left);
  }
};

// T^'s entry k at a vector of columns of one output row.
struct Parameter {
  const float* tile;
  V32 fraction;

  HWY_INLINE V32 operator()(std::int64_t k) const {
    return hn::MulAdd(fraction, load(tile + (12 + k) * cpu::tile_columns),
                      load(tile + k * cpu::tile_columns));
  }
};

class UpsampledRows {
 public:
  // `workspace` has its columns filled; `part` is this task's own.
  UpsampledRows(const cpu::Scratch& scratch, void* workspace, std::int64_t part)
      : columns_(scratch.columns(workspace)),
        cells_(scratch.cells),
        plane_(cpu::plane_floats(scratch.cells)) {
    float* planes = scratch.part(workspace, part);
    top_.planes = planes, bottom_.planes = planes + 12 * plane_, tile_ = planes + 24 * plane_;
  }

  // The output rows to come lie between these two rows of cells, [w, 12] each, and ask for these columns.
  template <class T>
  void move_between(const T* top, const T* bottom, Range columns) {
    if (bottom_.source == top) std::swap(top_, bottom_);
    const Range cells = cells_of(columns);
    take(top, cells, top_);
    take(bottom, cells, bottom_);
  }

  // Fills the tile, whose first column is columns.begin: 12 planes at the upper row of cells, 12 of what the
  // lower row is more.
  void expand(Range columns) {
    for (std::int64_t column = columns.begin; column < columns.end; column += vector_columns()) {
      const std::int32_t first = columns_.lower[column];
      const std::int64_t span = columns_.lower[column + vector_columns() - 1] - first;
      const auto index = hn::LoadU(I32(), columns_.lower + column);
      const V32 fraction = load(columns_.fraction + column);
      float* tile = tile_ + (column - columns.begin);
      if (span < vector_columns())
        expand(
            LookupColumns{first, hn::IndicesFromVec(F32(), hn::Sub(index, hn::Set(I32(), first))), fraction},
            tile);
      else
        expand(GatherColumns{index, fraction}, tile);
    }
  }

  // At the tile's vector of columns that begins at its column `offset`.
  HWY_INLINE Parameter at(std::int64_t offset, float fraction) const {
    return {tile_ + offset, hn::Set(F32(), fraction)};
  }

 private:
  struct CellRow {
    const void* source = nullptr;
    Range cells{0, 0};  // valid in the planes
    float* planes = nullptr;
  };

  // The cells that the columns read, in whole vectors.
  Range cells_of(Range columns) const {
    const std::int64_t step = vector_columns();
    const std::int64_t end = std::min<std::int64_t>(columns_.lower[columns.end - 1] + 2, cells_);
    return {columns_.lower[columns.begin] / step * step, (end + step - 1) / step * step};
  }

  template <class T>
  void take(const T* source, Range cells, CellRow& row) const {
    if (row.source == source && row.cells.begin <= cells.begin && cells.end <= row.cells.end) return;
    split(source, cells, row.planes);
    row.source = source, row.cells = cells;
  }

  // Parameter k = 3 q + j of a cell: the first loop sorts by j, the second by q.
  template <class T>
  void split(const T* source, Range cells, float* planes) const {
    const std::int64_t step = vector_columns(), count = 12 * cells_;
    HWY_ALIGN float by_j[3][4 * max_lanes] = {};
    for (std::int64_t cell = cells.begin; cell < cells.end; cell += step) {
      for (std::int64_t i = 12 * cell, at = 0; at < 4 * step && i < count; i += 3 * step, at += step) {
        V32 j0, j1, j2;
        load_interleaved3(source + i, columns_left(count / 3, i / 3), j0, j1, j2);
        store(j0, by_j[0] + at), store(j1, by_j[1] + at), store(j2, by_j[2] + at);
      }
      for (std::int64_t j = 0; j < 3; ++j) {
        V32 q0, q1, q2, q3;
        hn::LoadInterleaved4(F32(), by_j[j], q0, q1, q2, q3);
        float* plane = planes + j * plane_ + cell;
        store(q0, plane), store(q1, plane + 3 * plane_), store(q2, plane + 6 * plane_);
        store(q3, plane + 9 * plane_);
      }
    }
    if (cells.end < cells_) return;
    // The right edge is clamped: what a vector reads behind the last cell equals it.
    for (float* plane = planes; plane < planes + 12 * plane_; plane += plane_)
      store(hn::Set(F32(), plane[cells_ - 1]), plane + cells_);
  }

  template <class Columns>
  HWY_INLINE void expand(const Columns& columns, float* tile) const {
    for (std::int64_t k = 0; k < 12; ++k) {
      const V32 top = columns(top_.planes + k * plane_), bottom = columns(bottom_.planes + k * plane_);
      store(top, tile + k * cpu::tile_columns);
      store(hn::Sub(bottom, top), tile + (12 + k) * cpu::tile_columns);
    }
  }

  cpu::AxisTaps columns_;
  std::int64_t cells_, plane_;
  CellRow top_, bottom_;
  float* tile_;
};

}  // namespace attune::color_transform::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_COLOR_TRANSFORM_UPSAMPLED_ROWS_INL_H_
