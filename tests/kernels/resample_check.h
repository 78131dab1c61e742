// A resample problem in tensors of one dtype, and the comparison of the op on any device with the reference.
#pragma once

#include "core/context.h"
#include "kernels/resample/resample.h"
#include "tests/kernels/resample_cases.h"
#include "tests/reference/resample_reference.h"
#include "tests/support/op_checks.h"

namespace attune::test {

// Inputs drawn from the case and the seed; outputs poisoned, but for a dx that is added to.
struct ResampleProblem {
  TestTensor x, y, dy, dx;
  resample::Options options;

  // `dtype` stands for the case's own, so that the reference gets the same problem in f32 or f64.
  ResampleProblem(const ResampleCase& c, DType dtype, std::uint64_t seed, Device device = {})
      : x(c.x, dtype, c.offset, device),
        y({c.x[0], c.h, c.w, c.x[3]}, dtype, c.offset, device),
        dy(y.shape(), dtype, c.offset, device),
        dx(c.x, dtype, c.offset, device),
        options{c.method, false} {
    x.set(rounded(make_values(c.values, c.x.elements(), seed), c.dtype));
    dy.set(rounded(make_values(Values::random, dy.shape().elements(), seed + 1), c.dtype));
    if (c.mode == GradientMode::accumulate)
      dx.set(rounded(make_values(Values::random, c.x.elements(), seed + 2), c.dtype));
  }

  resample::Forward forward() const { return {x.view(), y.view()}; }
  resample::Backward backward(GradientMode mode) const { return {dy.view(), dx.view(), mode}; }
};

inline void check_resample(Context& context, const ResampleCase& c, std::uint64_t seed) {
  INFO("resample case " << c.name << " " << name_of(c.dtype) << ", seed " << seed);
  const ResampleProblem plain(c, DType::f32, seed), exact(c, DType::f64, seed);
  reference::resample::forward<float>(plain.forward(), plain.options);
  reference::resample::forward<double>(exact.forward(), exact.options);
  reference::resample::backward<float>(plain.backward(c.mode), plain.options);
  reference::resample::backward<double>(exact.backward(c.mode), exact.options);
  const ResampleProblem actual(c, c.dtype, seed, context.device());
  resample::forward(context, actual.forward(), actual.options);
  resample::backward(context, actual.backward(c.mode), actual.options);
  check_close("y", actual.y, plain.y, exact.y);
  check_close("dx", actual.dx, plain.dx, exact.dx);
}

}  // namespace attune::test
