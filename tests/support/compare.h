// How tests judge a result (math.md, 8): the error relative to the expected result's norm, and the tolerance made from
// the error that a plain loop in the same dtype has on the same input.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/dtype.h"

namespace attune::test {

inline double norm(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value * value;
  return std::sqrt(sum);
}

// |actual - expected| / |expected|; the absolute norm where everything expected is 0; NaN anywhere gives NaN.
inline double relative_error(const std::vector<double>& actual, const std::vector<double>& expected) {
  if (actual.size() != expected.size()) return NAN;
  std::vector<double> difference(actual.size());
  for (std::size_t i = 0; i < actual.size(); ++i) difference[i] = actual[i] - expected[i];
  const double scale = norm(expected);
  return scale > 0 ? norm(difference) / scale : norm(difference);
}

// `plain_error`: the relative error of the plain two-pass loop in f32. bf16 storage has its own bound.
inline double tolerance(DType dtype, double plain_error) {
  return dtype == DType::bf16 ? 1e-2 : std::max(1e-5, 4 * plain_error);
}

}  // namespace attune::test
