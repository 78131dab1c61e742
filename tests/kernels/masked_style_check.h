// A masked_style problem in tensors of one dtype, and the comparison of the op on any device with the reference.
#pragma once

#include <cmath>

#include "core/context.h"
#include "kernels/masked_style/masked_style.h"
#include "tests/kernels/masked_style_cases.h"
#include "tests/reference/masked_style_reference.h"
#include "tests/support/op_checks.h"
#include "tests/support/test_tensor.h"

namespace attune::test {

// Inputs drawn from the case and the seed; outputs poisoned, but for a dx that is added to.
struct MaskedStyleProblem {
  TestTensor x, mask, mean, sd, weight, dmean, dsd, dx;

  // `dtype` stands for the case's own, so that the reference gets the same problem in f32 or f64.
  MaskedStyleProblem(const MaskedStyleCase& c, DType dtype, std::uint64_t seed, Device device = {})
      : x(c.x, dtype, c.offset, device),
        mask({c.x[0], c.x[1], c.x[2]}, statistics_dtype(dtype), c.offset, device),
        mean(style_shape(c), statistics_dtype(dtype), c.offset, device),
        sd(style_shape(c), statistics_dtype(dtype), c.offset, device),
        weight({2, c.x[0]}, statistics_dtype(dtype), c.offset, device),
        dmean(style_shape(c), statistics_dtype(dtype), c.offset, device),
        dsd(style_shape(c), statistics_dtype(dtype), c.offset, device),
        dx(c.x, dtype, c.offset, device) {
    x.set(rounded(make_values(c.values, c.x.elements(), seed), c.dtype));
    mask.set(rounded(make_mask(c.mask, c.x[0], c.x[1] * c.x[2], seed + 1), DType::f32));
    dmean.set(rounded(make_values(Values::random, dmean.shape().elements(), seed + 2), DType::f32));
    dsd.set(rounded(make_values(Values::random, dsd.shape().elements(), seed + 3), DType::f32));
    if (c.dx_mode == GradientMode::accumulate)
      dx.set(rounded(make_values(Values::random, c.x.elements(), seed + 4), c.dtype));
  }

  static Shape style_shape(const MaskedStyleCase& c) { return {2, c.x[0], c.x[3]}; }

  masked_style::Forward forward() const {
    return {x.view(), mask.view(), mean.view(), sd.view(), weight.view()};
  }
  masked_style::Backward backward(GradientMode dx_mode) const {
    return {x.view(),     mask.view(), mean.view(), sd.view(), weight.view(),
            dmean.view(), dsd.view(),  dx.view(),   dx_mode};
  }
};

// The op on the context's device against the reference in double, within the tolerance that the plain f32 loop sets.
// Backward goes on from the statistics that the same implementation's forward wrote.
inline void check_masked_style(Context& context, const MaskedStyleCase& c, std::uint64_t seed) {
  INFO("masked_style case " << c.name << " " << name_of(c.dtype) << " " << c.x << ", seed " << seed);
  const MaskedStyleProblem actual(c, c.dtype, seed, context.device());
  const MaskedStyleProblem plain(c, DType::f32, seed), exact(c, DType::f64, seed);

  masked_style::forward(context, actual.forward());
  reference::masked_style::forward<float>(plain.forward(), {});
  reference::masked_style::forward<double>(exact.forward(), {});
  check_close("mean", actual.mean, plain.mean, exact.mean);
  check_close("sd", actual.sd, plain.sd, exact.sd);
  check_close("weight", actual.weight, plain.weight, exact.weight);

  masked_style::backward(context, actual.backward(c.dx_mode));
  reference::masked_style::backward<float>(plain.backward(c.dx_mode));
  reference::masked_style::backward<double>(exact.backward(c.dx_mode));
  check_close("dx", actual.dx, plain.dx, exact.dx);
}

// Pixels of next to no weight and value 0 between constant ones: sums that are shifted by the former leave a variance of
// some 1e-7 times the squared mean, of either sign, where the truth is 0.
inline void check_variance_is_not_negative(Context& context, std::uint64_t seed) {
  const MaskedStyleCase c{"rounded_variance", {1, 64, 64, 8}, DType::f32, Values::random, Mask::random};
  MaskedStyleProblem problem(c, c.dtype, seed, context.device());
  std::vector<double> x = problem.x.get(), mask = problem.mask.get();
  for (std::size_t p = 0; p < mask.size(); ++p) {
    for (std::size_t i = 0; i < 8; ++i)
      x[p * 8 + i] = mask[p] == 0 ? 1000.0 / (3.0 + static_cast<double>(i)) : 0;
    mask[p] = mask[p] == 0 ? 1 : 1e-30;
  }
  problem.x.set(x);
  problem.mask.set(mask);
  masked_style::forward(context, problem.forward());
  for (std::size_t i = 0; i < 8; ++i) CHECK(problem.sd.get()[i] > 0.99 * std::sqrt(1e-5));
}

}  // namespace attune::test
