// Where a bilinear interpolation reads: half-pixel centres, edges clamped. Shared by the ops that
// interpolate, on every device; coordinates are f64, so that a position in a picture of any size keeps its
// fraction.
#pragma once

#include <cstdint>

#include "core/dtype.h"

namespace attune {

// Value = (1 - fraction) * cell[lower] + fraction * cell[upper].
struct BilinearTap {
  std::int64_t lower, upper;
  float fraction;
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

}  // namespace attune
