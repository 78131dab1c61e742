// A blend_output problem in tensors of one dtype, and the comparison of the op on any device with the reference.
#pragma once

#include "core/context.h"
#include "kernels/blend_output/blend_output.h"
#include "tests/kernels/blend_output_cases.h"
#include "tests/reference/blend_output_reference.h"
#include "tests/support/op_checks.h"

namespace attune::test {

// Inputs drawn from the case and the seed; outputs poisoned, but for gradients that are added to.
struct BlendOutputProblem {
  TestTensor h, image, mask, dy, y, dh, dimage;

  // `dtype` stands for the case's own, so that the reference gets the same problem in f32 or f64.
  BlendOutputProblem(const BlendOutputCase& c, DType dtype, std::uint64_t seed, Device device = {})
      : h(c.h(), dtype, c.offset, device),
        image(c.image, statistics_dtype(dtype), c.offset, device),
        mask({c.image[0], c.image[1], c.image[2]}, statistics_dtype(dtype), c.offset, device),
        dy(c.image, statistics_dtype(dtype), c.offset, device),
        y(c.image, statistics_dtype(dtype), c.offset, device),
        dh(c.h(), dtype, c.offset, device),
        dimage(c.image, statistics_dtype(dtype), c.offset, device) {
    const auto fill = [&](TestTensor& tensor, Values kind, DType stored, std::uint64_t stream) {
      tensor.set(rounded(make_values(kind, tensor.shape().elements(), seed + stream), stored));
    };
    fill(h, Values::random, c.dtype, 0);
    fill(image, c.values, DType::f32, 1);
    mask.set(rounded(make_mask(c.mask, c.image[0], c.image[1] * c.image[2], seed + 2), DType::f32));
    fill(dy, Values::random, DType::f32, 3);
    if (c.dh_mode != GradientMode::overwrite) fill(dh, Values::random, c.dtype, 4);
    if (c.dimage_mode != GradientMode::overwrite) fill(dimage, Values::random, DType::f32, 5);
  }

  blend_output::Forward forward() const { return {h.view(), image.view(), mask.view(), y.view()}; }
  blend_output::Backward backward(GradientMode dh_mode, GradientMode dimage_mode) const {
    return {h.view(), image.view(), mask.view(), dy.view(), dh.view(), dh_mode, dimage.view(), dimage_mode};
  }
};

inline void check_blend_output(Context& context, const BlendOutputCase& c, std::uint64_t seed) {
  INFO("blend_output case " << c.name << " " << name_of(c.dtype) << ", seed " << seed);
  const BlendOutputProblem plain(c, DType::f32, seed), exact(c, DType::f64, seed);
  reference::blend_output::forward<float>(plain.forward());
  reference::blend_output::forward<double>(exact.forward());
  reference::blend_output::backward<float>(plain.backward(c.dh_mode, c.dimage_mode));
  reference::blend_output::backward<double>(exact.backward(c.dh_mode, c.dimage_mode));
  const BlendOutputProblem actual(c, c.dtype, seed, context.device());
  blend_output::forward(context, actual.forward());
  blend_output::backward(context, actual.backward(c.dh_mode, c.dimage_mode));
  check_close("y", actual.y, plain.y, exact.y);
  check_close("dh", actual.dh, plain.dh, exact.dh);
  check_close("dimage", actual.dimage, plain.dimage, exact.dimage);
}

}  // namespace attune::test
