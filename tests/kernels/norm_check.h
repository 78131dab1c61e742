// The comparison of norm on any device with the reference.
#pragma once

#include <cmath>

#include "core/context.h"
#include "tests/kernels/norm_cases.h"
#include "tests/reference/norm_reference.h"
#include "tests/support/op_checks.h"

namespace attune::test {

// A norm problem in tensors of one dtype: the values are rounded to f32, the result is poisoned.
struct NormProblem {
  TestTensor x, norm;

  NormProblem(const NormCase& c, DType dtype, std::uint64_t seed, Device device = {})
      : x({c.elements}, dtype, c.offset, device), norm({1}, dtype, c.offset, device) {
    std::vector<double> values = make_values(c.values, c.elements, seed);
    for (double& value : values) value *= c.scale;
    x.set(rounded(values, DType::f32));
  }

  norm::Forward forward() const { return {x.view(), norm.view()}; }
};

// The op adds exact squares in double, so that only the result's own rounding to f32 remains: half a unit in
// the last place, which is stricter than math.md's tolerance.
inline void check_norm(Context& context, const NormCase& c, std::uint64_t seed) {
  INFO("norm case " << c.name << " [" << c.elements << "], seed " << seed);
  const NormProblem actual(c, DType::f32, seed, context.device()), exact(c, DType::f64, seed);
  norm::forward(context, actual.forward());
  reference::norm::forward<double>(exact.forward());
  const double expected = exact.norm.get()[0];
  CHECK(std::fabs(actual.norm.get()[0] - expected) <= 0x1p-24 * 1.001 * expected);
}

}  // namespace attune::test
