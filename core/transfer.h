// sRGB's transfer function (IEC 61966-2-1), both ways. f(-x) = -f(x), beyond 1 the curve goes on, and what is no finite
// number stays so. (transfer-inl.h has both for a vector of the CPU's, within 2e-6 relative up to 1000.)
#pragma once

#include <cmath>

#include "core/dtype.h"

namespace attune {

ATTUNE_HOST_DEVICE inline float srgb_from_linear(float x) {
  const float size = std::fabs(x);
  const float encoded = size <= 0.0031308f ? 12.92f * size : 1.055f * std::pow(size, 1 / 2.4f) - 0.055f;
  return std::copysign(encoded, x);
}
ATTUNE_HOST_DEVICE inline float linear_from_srgb(float x) {
  const float size = std::fabs(x);
  const float decoded = size <= 0.04045f ? size / 12.92f : std::pow((size + 0.055f) / 1.055f, 2.4f);
  return std::copysign(decoded, x);
}

}  // namespace attune
