// sRGB's transfer function (IEC 61966-2-1) in double precision.
#pragma once

#include <cmath>

namespace attune::reference {

inline double encoded(double linear) {
  const double x = std::fabs(linear);
  return std::copysign(x <= 0.0031308 ? 12.92 * x : 1.055 * std::pow(x, 1 / 2.4) - 0.055, linear);
}
inline double decoded(double srgb) {
  const double x = std::fabs(srgb);
  return std::copysign(x <= 0.04045 ? x / 12.92 : std::pow((x + 0.055) / 1.055, 2.4), srgb);
}

}  // namespace attune::reference
