// Where a bilinear interpolation reads: half-pixel centres, edges clamped. Shared by the ops that
// interpolate, on every device; coordinates are f64, so that a position in a picture of any size keeps its
// fraction.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "core/parallel.h"

namespace attune {

// Value = (1 - fraction) * cell[lower] + fraction * cell[upper].
struct BilinearTap {
  std::int64_t lower, upper;
  float fraction;

  // The weight of `cell`, where lower and upper may be the same one.
  ATTUNE_HOST_DEVICE float weight(std::int64_t cell) const {
    return (cell == lower ? 1 - fraction : 0) + (cell == upper ? fraction : 0);
  }
};

// Output position `index` reads at (index + 1/2) scale - 1/2 of `cells` > 0 cells; scale = cells per output
// position.
ATTUNE_HOST_DEVICE inline BilinearTap bilinear_tap(std::int64_t index, double scale, std::int64_t cells) {
  const double position = (static_cast<double>(index) + 0.5) * scale - 0.5;
  if (!(position > 0)) return {0, 0, 0};
  if (position >= static_cast<double>(cells - 1)) return {cells - 1, cells - 1, 0};
  const std::int64_t lower = static_cast<std::int64_t>(position);
  return {lower, lower + 1, static_cast<float>(position - static_cast<double>(lower))};
}

// The output positions in [0, count) that may read `cell`: their taps grow with the position, so two binary
// searches.
ATTUNE_HOST_DEVICE inline Range bilinear_readers(std::int64_t cell, double scale, std::int64_t cells,
                                                 std::int64_t count) {
  Range readers{0, count};
  for (std::int64_t high = count; readers.begin < high;) {  // the first whose upper tap reaches the cell
    const std::int64_t middle = readers.begin + (high - readers.begin) / 2;
    if (bilinear_tap(middle, scale, cells).upper < cell)
      readers.begin = middle + 1;
    else
      high = middle;
  }
  for (std::int64_t low = readers.begin; low < readers.end;) {  // the first whose lower tap is past the cell
    const std::int64_t middle = low + (readers.end - low) / 2;
    if (bilinear_tap(middle, scale, cells).lower <= cell)
      low = middle + 1;
    else
      readers.end = middle;
  }
  return readers;
}

}  // namespace attune
