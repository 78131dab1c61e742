// How forward, dimage and apply_rows go over a picture: rows between the same two rows of cells together, and
// of them only the columns where any has a mask. Included once per target.
#include <cstring>

#include "kernels/color_transform/upsampled_rows-inl.h"

#if defined(ATTUNE_COLOR_TRANSFORM_MASKED_TILES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_COLOR_TRANSFORM_MASKED_TILES_INL_H_
#undef ATTUNE_COLOR_TRANSFORM_MASKED_TILES_INL_H_
#else
#define ATTUNE_COLOR_TRANSFORM_MASKED_TILES_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::color_transform::HWY_NAMESPACE {

HWY_INLINE bool all_zero(V32 mask) { return hn::AllTrue(F32(), hn::Eq(mask, hn::Zero(F32()))); }

// From the first to behind the last vector of columns with any mask; mask_at(column, n) is such a vector.
template <class MaskAt>
HWY_INLINE Range masked_columns(std::int64_t width, const MaskAt& mask_at) {
  const std::int64_t step = vector_columns();
  std::int64_t begin = 0, last = (width - 1) / step * step;
  while (begin < width && all_zero(mask_at(begin, columns_left(width, begin)))) begin += step;
  if (begin >= width) return {0, 0};
  while (all_zero(mask_at(last, columns_left(width, last)))) last -= step;
  return {begin, std::min(last + step, width)};
}

// Of a row of floats.
HWY_INLINE Range masked_columns(std::int64_t width, const float* mask) {
  return masked_columns(
      width, [=](std::int64_t column, std::size_t n) HWY_ATTR { return load_first(mask + column, n); });
}

// Past the caches where `streamed`: what will be gone from them before it is read again need not be fetched into
// them first. The caller ends its task with hwy::FlushStream().
HWY_INLINE void copy_bytes(const void* from, void* to, std::int64_t bytes, bool streamed) {
  const hn::ScalableTag<std::uint8_t> d;
  const std::int64_t step = static_cast<std::int64_t>(hn::Lanes(d));
  const auto* source = static_cast<const std::uint8_t*>(from);
  auto* target = static_cast<std::uint8_t*>(to);
  if (source == target || bytes <= 0) return;
  std::int64_t i = 0;
  if (streamed) {
    i = std::min(bytes, static_cast<std::int64_t>(-reinterpret_cast<std::uintptr_t>(target) % 64));
    std::memcpy(target, source, static_cast<std::size_t>(i));
    for (; i + 64 <= bytes; i += 64)
      for (std::int64_t part = i; part < i + 64; part += step)
        hn::Stream(hn::LoadU(d, source + part), d, target + part);
  }
  for (; i + step <= bytes; i += step) hn::StoreU(hn::LoadU(d, source + i), d, target + i);
  if (i < bytes) std::memcpy(target + i, source + i, static_cast<std::size_t>(bytes - i));
}

// Zeros, likewise.
HWY_INLINE void clear_bytes(void* to, std::int64_t bytes, bool streamed) {
  const hn::ScalableTag<std::uint8_t> d;
  const std::int64_t step = static_cast<std::int64_t>(hn::Lanes(d));
  auto* target = static_cast<std::uint8_t*>(to);
  std::int64_t i = 0;
  if (streamed && bytes > 64) {
    i = static_cast<std::int64_t>(-reinterpret_cast<std::uintptr_t>(target) % 64);
    std::memset(target, 0, static_cast<std::size_t>(i));
    for (; i + 64 <= bytes; i += 64)
      for (std::int64_t part = i; part < i + 64; part += step) hn::Stream(hn::Zero(d), d, target + part);
  }
  std::memset(target + i, 0, static_cast<std::size_t>(bytes - i));
}

inline Range united(Range a, Range b) {
  if (a.begin == a.end) return b;
  if (b.begin == b.end) return a;
  return {std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

// Where the rows of a band of pictures lie: N bands of `height` rows that begin at row `first` of a picture.
struct RowTaps {
  std::int64_t first, height, cells;
  double scale;

  BilinearTap operator()(std::int64_t row) const { return bilinear_tap(first + row % height, scale, cells); }
  // Of all pictures' rows of cells, the upper one of the two that a row reads.
  std::int64_t cell_row(std::int64_t row) const { return row / height * cells + (*this)(row).lower; }
};

// Rows that share two rows of cells, but no more than keep their masks in the second-level cache.
inline Range rows_between_cells(const RowTaps& taps, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t most = 16;
  const std::int64_t cell_row = taps.cell_row(begin);
  Range rows{begin, begin + 1};
  while (rows.end < std::min(end, begin + most) && taps.cell_row(rows.end) == cell_row) ++rows.end;
  return rows;
}

template <class Pixels>
HWY_INLINE void transform_tiles(UpsampledRows& upsampled, const RowTaps& taps, Range rows, Range columns,
                                const Pixels& pixels) {
  for (std::int64_t begin = columns.begin; begin < columns.end; begin += cpu::tile_columns) {
    const Range tile{begin, std::min(begin + cpu::tile_columns, columns.end)};
    upsampled.expand(tile);
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      const float fraction = taps(row).fraction;
      for (std::int64_t column = tile.begin; column < tile.end; column += vector_columns())
        pixels.transform(row, column, upsampled.at(column - tile.begin, fraction));
    }
  }
}

// pixels.masked(row) tells a row's columns with any mask. For every vector of columns there, in any row of
// those that share their cells: pixels.transform(row, column, parameters). For all other columns:
// pixels.pass(row, columns).
template <class T, class Pixels>
HWY_INLINE void for_each_masked_tile(UpsampledRows& upsampled, const RowTaps& taps, Range rows,
                                     std::int64_t width, const T* transform, std::int64_t cell_row_size,
                                     const Pixels& pixels) {
  for (std::int64_t begin = rows.begin; begin < rows.end;) {
    const Range group = rows_between_cells(taps, begin, rows.end);
    Range columns{0, 0};
    for (std::int64_t row = group.begin; row < group.end; ++row)
      columns = united(columns, pixels.masked(row));
    for (std::int64_t row = group.begin; row < group.end; ++row) {
      pixels.pass(row, {0, columns.begin});
      pixels.pass(row, {columns.end, width});
    }
    if (columns.begin < columns.end) {
      const T* top = transform + taps.cell_row(begin) * cell_row_size;
      const bool last = taps(begin).lower == taps.cells - 1;
      upsampled.move_between(top, last ? top : top + cell_row_size, columns);
      transform_tiles(upsampled, taps, group, columns, pixels);
    }
    begin = group.end;
  }
}

}  // namespace attune::color_transform::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_COLOR_TRANSFORM_MASKED_TILES_INL_H_
