// A color_transform problem in tensors of one dtype, and the comparison of the op on any device with the reference.
#pragma once

#include "core/context.h"
#include "kernels/color_transform/color_transform.h"
#include "tests/kernels/color_transform_cases.h"
#include "tests/reference/color_transform_reference.h"
#include "tests/support/op_checks.h"

namespace attune::test {

// Inputs drawn from the case and the seed; outputs poisoned, but for gradients that are added to.
struct ColorTransformProblem {
  TestTensor transform, image, mask, dy, y, dtransform, dimage;
  color_transform::Options options;

  // `dtype` stands for the case's own, so that the reference gets the same problem in f32 or f64.
  ColorTransformProblem(const ColorTransformCase& c, DType dtype, std::uint64_t seed, Device device = {})
      : transform(c.transform, dtype, c.offset, device),
        image(c.image, statistics_dtype(dtype), c.offset, device),
        mask({c.image[0], c.image[1], c.image[2]}, statistics_dtype(dtype), c.offset, device),
        dy(c.image, statistics_dtype(dtype), c.offset, device),
        y(c.image, statistics_dtype(dtype), c.offset, device),
        dtransform(c.transform, dtype, c.offset, device),
        dimage(c.image, statistics_dtype(dtype), c.offset, device),
        options{c.scale_y, c.scale_x} {
    const auto draw = [&](Values kind, const Shape& shape, DType stored, std::uint64_t stream) {
      return rounded(make_values(kind, shape.elements(), seed + stream), stored);
    };
    transform.set(draw(Values::random, c.transform, c.dtype, 0));
    image.set(draw(c.values, c.image, DType::f32, 1));
    mask.set(rounded(make_mask(c.mask, c.image[0], c.image[1] * c.image[2], seed + 2), DType::f32));
    dy.set(draw(Values::random, c.image, DType::f32, 3));
    if (c.mode != GradientMode::accumulate) return;
    dtransform.set(draw(Values::random, c.transform, c.dtype, 4));
    dimage.set(draw(Values::random, c.image, DType::f32, 5));
  }

  color_transform::Forward forward() const { return {transform.view(), image.view(), mask.view(), y.view()}; }
  color_transform::Backward backward(GradientMode mode) const {
    return {transform.view(),  image.view(), mask.view(),   dy.view(),
            dtransform.view(), mode,         dimage.view(), mode};
  }
};

// What `context`'s device makes of the case, in the case's dtype.
inline void check_color_transform(Context& context, const ColorTransformCase& c, std::uint64_t seed) {
  INFO("case " << c.name << " " << name_of(c.dtype) << ", seed " << seed);
  const ColorTransformProblem plain(c, DType::f32, seed), exact(c, DType::f64, seed);
  reference::color_transform::forward<float>(plain.forward(), plain.options);
  reference::color_transform::forward<double>(exact.forward(), exact.options);
  reference::color_transform::backward<float>(plain.backward(c.mode), plain.options);
  reference::color_transform::backward<double>(exact.backward(c.mode), exact.options);
  const ColorTransformProblem actual(c, c.dtype, seed, context.device());
  color_transform::forward(context, actual.forward(), actual.options);
  color_transform::backward(context, actual.backward(c.mode), actual.options);
  check_close("y", actual.y, plain.y, exact.y);
  check_close("dtransform", actual.dtransform, plain.dtransform, exact.dtransform);
  check_close("dimage", actual.dimage, plain.dimage, exact.dimage);
}

// Pixels outside the mask, and all under the identity.
inline void check_color_transform_keeps_bits(Context& context, std::uint64_t seed) {
  const ColorTransformCase c{"identity", {1, 8, 9, 12}, {1, 15, 37, 3}, 0.5f,
                             0.25f,      DType::f32,    Values::random, Mask::random};
  ColorTransformProblem problem(c, c.dtype, seed, context.device());
  color_transform::forward(context, problem.forward(), problem.options);
  const std::vector<double> image = problem.image.get(), y = problem.y.get(), mask = problem.mask.get();
  for (std::size_t i = 0; i < image.size(); ++i)
    if (mask[i / 3] == 0) CHECK(y[i] == image[i]);
  problem.transform.set(std::vector<double>(8 * 9 * 12, 0.0));
  color_transform::forward(context, problem.forward(), problem.options);
  CHECK(problem.y.bytes() == problem.image.bytes());
}

// y over the image and dimage over dy, as the case aligns them.
inline void check_color_transform_in_place(Context& context, const ColorTransformCase& c,
                                           std::uint64_t seed) {
  const ColorTransformProblem apart(c, c.dtype, seed, context.device()),
      in_place(c, c.dtype, seed, context.device());
  color_transform::backward(context, apart.backward(GradientMode::overwrite), apart.options);
  color_transform::Backward backward = in_place.backward(GradientMode::overwrite);
  backward.dimage = in_place.dy.view();
  color_transform::backward(context, backward, in_place.options);
  CHECK(in_place.dy.bytes() == apart.dimage.bytes());
  CHECK(in_place.dtransform.bytes() == apart.dtransform.bytes());

  color_transform::forward(context, apart.forward(), apart.options);
  color_transform::Forward forward = in_place.forward();
  forward.y = in_place.image.view();
  color_transform::forward(context, forward, in_place.options);
  CHECK(in_place.image.bytes() == apart.y.bytes());
}

// Gradients that nobody asks for are neither written nor needed.
inline void check_color_transform_ignores(Context& context, std::uint64_t seed) {
  const ColorTransformCase c{"ignore", {1, 4, 7, 12}, {1, 7, 13, 3}};
  const ColorTransformProblem problem(c, c.dtype, seed, context.device());
  color_transform::Backward a = problem.backward(GradientMode::ignore);
  const std::vector<char> dtransform = problem.dtransform.bytes(), dimage = problem.dimage.bytes();
  color_transform::backward(context, a, problem.options);
  CHECK(problem.dtransform.bytes() == dtransform);
  CHECK(problem.dimage.bytes() == dimage);
  a.dtransform = a.dimage = {};
  CHECK_NOTHROW(color_transform::backward(context, a, problem.options));
}

}  // namespace attune::test
