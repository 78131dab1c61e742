// A pack_input problem in tensors of one dtype, and the comparison of the op on any device with the reference.
#pragma once

#include "core/context.h"
#include "kernels/pack_input/pack_input.h"
#include "tests/kernels/pack_input_cases.h"
#include "tests/reference/pack_input_reference.h"
#include "tests/support/op_checks.h"

namespace attune::test {

// Inputs drawn from the case and the seed; outputs poisoned, but for a gradient that is added to.
struct PackInputProblem {
  TestTensor picture, mask, x, dx, dpicture, padded;
  bool with_mask;

  // `dtype` stands for the case's own, so that the reference gets the same problem in f32 or f64.
  PackInputProblem(const PackInputCase& c, DType dtype, std::uint64_t seed, Device device = {})
      : picture(c.picture, statistics_dtype(dtype), c.offset, device),
        mask({c.picture[0], c.picture[1], c.picture[2]}, statistics_dtype(dtype), c.offset, device),
        x(c.x(), dtype, c.offset, device),
        dx(c.x(), dtype, c.offset, device),
        dpicture(c.picture, statistics_dtype(dtype), c.offset, device),
        padded({c.picture[0], c.padded_height, c.padded_width}, statistics_dtype(dtype), c.offset, device),
        with_mask(c.with_mask) {
    picture.set(rounded(make_values(c.values, c.picture.elements(), seed), DType::f32));
    mask.set(rounded(make_mask(c.mask, c.picture[0], c.picture[1] * c.picture[2], seed + 1), DType::f32));
    dx.set(rounded(make_values(Values::random, c.x().elements(), seed + 2), c.dtype));
    if (c.mode == GradientMode::accumulate)
      dpicture.set(rounded(make_values(Values::random, c.picture.elements(), seed + 3), DType::f32));
  }

  pack_input::Forward forward() const {
    return {picture.view(), with_mask ? mask.view() : TensorView{}, x.view()};
  }
  pack_input::Backward backward(GradientMode mode) const { return {dx.view(), dpicture.view(), mode}; }
  pack_input::PadMask pad_mask() const { return {mask.view(), padded.view()}; }
};

inline void check_pack_input(Context& context, const PackInputCase& c, std::uint64_t seed) {
  INFO("pack_input case " << c.name << " " << name_of(c.dtype) << ", seed " << seed);
  const PackInputProblem plain(c, DType::f32, seed), exact(c, DType::f64, seed);
  reference::pack_input::forward<float>(plain.forward());
  reference::pack_input::forward<double>(exact.forward());
  reference::pack_input::backward<float>(plain.backward(c.mode));
  reference::pack_input::backward<double>(exact.backward(c.mode));
  reference::pack_input::pad_mask<double>(exact.pad_mask());
  const PackInputProblem actual(c, c.dtype, seed, context.device());
  pack_input::forward(context, actual.forward());
  pack_input::backward(context, actual.backward(c.mode));
  pack_input::pad_mask(context, actual.pad_mask());
  check_close("x", actual.x, plain.x, exact.x);
  check_close("dpicture", actual.dpicture, plain.dpicture, exact.dpicture);
  CHECK(actual.padded.get() == exact.padded.get());
}

}  // namespace attune::test
