#include <catch2/catch.hpp>

#include "kernels/color_transform/color_transform.h"
#include "tests/kernels/color_transform_cases.h"
#include "tests/reference/color_transform_reference.h"
#include "tests/support/cpu_targets.h"
#include "tests/support/op_checks.h"

namespace attune::test {
namespace {

using color_transform::Backward;
using color_transform::Forward;
using color_transform::Options;

constexpr std::uint64_t seed = 30;

// Inputs drawn from the case and the seed; outputs poisoned, but for gradients that are added to.
struct Problem {
  TestTensor transform, image, mask, dy, y, dtransform, dimage;
  Options options;

  // `dtype` stands for the case's own, so that the reference gets the same problem in f32 or f64.
  Problem(const ColorTransformCase& c, DType dtype)
      : transform(c.transform, dtype, c.offset),
        image(c.image, statistics_dtype(dtype), c.offset),
        mask({c.image[0], c.image[1], c.image[2]}, statistics_dtype(dtype), c.offset),
        dy(c.image, statistics_dtype(dtype), c.offset),
        y(c.image, statistics_dtype(dtype), c.offset),
        dtransform(c.transform, dtype, c.offset),
        dimage(c.image, statistics_dtype(dtype), c.offset),
        options{c.scale_y, c.scale_x} {
    const auto draw = [](Values kind, const Shape& shape, DType stored, std::uint64_t stream) {
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

  Forward forward() const { return {transform.view(), image.view(), mask.view(), y.view()}; }
  Backward backward(GradientMode mode) const {
    return {transform.view(),  image.view(), mask.view(),   dy.view(),
            dtransform.view(), mode,         dimage.view(), mode};
  }
};

TEST_CASE("color_transform agrees with the reference") {
  Context context;
  for (const ColorTransformCase& c : color_transform_cases()) {
    INFO("case " << c.name << " " << name_of(c.dtype) << ", seed " << seed);
    const Problem plain(c, DType::f32), exact(c, DType::f64);
    reference::color_transform::forward<float>(plain.forward(), plain.options);
    reference::color_transform::forward<double>(exact.forward(), exact.options);
    reference::color_transform::backward<float>(plain.backward(c.mode), plain.options);
    reference::color_transform::backward<double>(exact.backward(c.mode), exact.options);
    for_each_cpu_target([&] {
      const Problem actual(c, c.dtype);
      color_transform::forward(context, actual.forward(), actual.options);
      color_transform::backward(context, actual.backward(c.mode), actual.options);
      check_close("y", actual.y, plain.y, exact.y);
      check_close("dtransform", actual.dtransform, plain.dtransform, exact.dtransform);
      check_close("dimage", actual.dimage, plain.dimage, exact.dimage);
    });
  }
}

TEST_CASE("color_transform's reference backward is the derivative of its forward") {
  for (const float scale : {0.5f, 0.3f, 1.7f}) {
    const ColorTransformCase c{"gradient", {2, 4, 5, 12}, {2, 6, 7, 3},   scale,
                               scale,      DType::f64,    Values::random, Mask::soft};
    INFO("scale " << scale << ", seed " << seed);
    Problem problem(c, DType::f64);
    reference::color_transform::backward<double>(problem.backward(GradientMode::overwrite), problem.options);
    const auto loss = [&] {
      reference::color_transform::forward<double>(problem.forward(), problem.options);
      return inner_product(problem.dy, problem.y);
    };
    check_derivative("dtransform", problem.transform, problem.dtransform, loss, seed);
    check_derivative("dimage", problem.image, problem.dimage, loss, seed);
  }
}

TEST_CASE("color_transform gives the same bits on 1, 2 and 4 threads and on a repeated run") {
  for (const ColorTransformCase& c : color_transform_cases()) {
    INFO("case " << c.name << ", seed " << seed);
    check_same_bits([&](Context& context) -> std::vector<std::vector<char>> {
      const Problem problem(c, c.dtype);
      color_transform::forward(context, problem.forward(), problem.options);
      color_transform::backward(context, problem.backward(c.mode), problem.options);
      return {problem.y.bytes(), problem.dtransform.bytes(), problem.dimage.bytes()};
    });
  }
}

TEST_CASE("color_transform returns the image's own bits outside the mask and for the identity") {
  Context context;
  const ColorTransformCase c{"identity", {1, 8, 9, 12}, {1, 15, 37, 3}, 0.5f,
                             0.25f,      DType::f32,    Values::random, Mask::random};
  Problem problem(c, c.dtype);
  color_transform::forward(context, problem.forward(), problem.options);
  const std::vector<double> image = problem.image.get(), y = problem.y.get(), mask = problem.mask.get();
  for (std::size_t i = 0; i < image.size(); ++i)
    if (mask[i / 3] == 0) CHECK(y[i] == image[i]);
  problem.transform.set(std::vector<double>(8 * 9 * 12, 0.0));
  color_transform::forward(context, problem.forward(), problem.options);
  CHECK(problem.y.bytes() == problem.image.bytes());
}

TEST_CASE("color_transform may write y over the image and dimage over dy") {
  Context context;
  const ColorTransformCase c{"in_place", {1, 8, 9, 12}, {1, 15, 37, 3}};
  const Problem apart(c, c.dtype), in_place(c, c.dtype);
  color_transform::backward(context, apart.backward(GradientMode::overwrite), apart.options);
  Backward backward = in_place.backward(GradientMode::overwrite);
  backward.dimage = in_place.dy.view();
  color_transform::backward(context, backward, in_place.options);
  CHECK(in_place.dy.bytes() == apart.dimage.bytes());
  CHECK(in_place.dtransform.bytes() == apart.dtransform.bytes());

  color_transform::forward(context, apart.forward(), apart.options);
  Forward forward = in_place.forward();
  forward.y = in_place.image.view();
  color_transform::forward(context, forward, in_place.options);
  CHECK(in_place.image.bytes() == apart.y.bytes());
}

TEST_CASE("color_transform skips the gradients whose mode says so") {
  Context context;
  const ColorTransformCase c{"ignore", {1, 4, 7, 12}, {1, 7, 13, 3}};
  const Problem problem(c, c.dtype);
  Backward a = problem.backward(GradientMode::ignore);
  const std::vector<char> dtransform = problem.dtransform.bytes(), dimage = problem.dimage.bytes();
  color_transform::backward(context, a, problem.options);
  CHECK(problem.dtransform.bytes() == dtransform);
  CHECK(problem.dimage.bytes() == dimage);
  a.dtransform = a.dimage = {};
  CHECK_NOTHROW(color_transform::backward(context, a, problem.options));
}

TEST_CASE("color_transform refuses wrong arguments and writes nothing") {
  Context context;
  const ColorTransformCase c{"errors", {2, 4, 7, 12}, {2, 7, 13, 3}};
  const Problem problem(c, c.dtype);
  const TestTensor other({2, 3, 5, 4}, DType::f32), other_dtype(c.image, DType::bf16);

  const auto forward_refused = [&](auto&& change, ErrorKind kind = ErrorKind::argument) {
    Forward a = problem.forward();
    Options options = problem.options;
    change(a, options);
    check_refused(
        "color_transform", {&problem.y}, [&] { color_transform::forward(context, a, options); }, kind);
  };
  forward_refused([&](Forward& a, Options&) { a.transform = other.view(); });
  forward_refused([&](Forward& a, Options&) { a.transform.dtype = DType::i32; });
  forward_refused([&](Forward& a, Options&) { a.transform.shape = {2, 0, 7, 12}; });
  forward_refused([&](Forward& a, Options&) { a.image = other.view(); });
  forward_refused([&](Forward& a, Options&) { a.image = other_dtype.view(); });
  forward_refused([&](Forward& a, Options&) { a.image.data = nullptr; });
  forward_refused([&](Forward& a, Options&) { a.mask = other.view(); });
  forward_refused([&](Forward& a, Options&) { a.y = other.view(); });
  forward_refused([&](Forward& a, Options&) { a.y.device = Device{DeviceKind::cuda, 0}; });
  forward_refused([&](Forward&, Options& options) { options.scale_y = 0; });
  forward_refused([&](Forward&, Options& options) { options.scale_x = NAN; });

  const auto backward_refused = [&](auto&& change) {
    Backward a = problem.backward(GradientMode::overwrite);
    change(a);
    check_refused("color_transform", {&problem.dtransform, &problem.dimage},
                  [&] { color_transform::backward(context, a, problem.options); });
  };
  backward_refused([&](Backward& a) { a.mask = other.view(); });
  backward_refused([&](Backward& a) { a.dy = other.view(); });
  backward_refused([&](Backward& a) { a.dtransform = other.view(); });
  backward_refused([&](Backward& a) { a.dimage = other.view(); });

  const Problem f64(c, DType::f64);
  check_refused(
      "color_transform", {&f64.y}, [&] { color_transform::forward(context, f64.forward(), f64.options); },
      ErrorKind::unsupported);
}

TEST_CASE("color_transform takes no more scratch than it says") {
  for (const ColorTransformCase& c : color_transform_cases()) {
    INFO("case " << c.name);
    Context context;
    const std::int64_t bytes = color_transform::workspace_bytes(c.transform, c.image, context.device());
    void* scratch = context.workspace(bytes);
    const Problem problem(c, c.dtype);
    color_transform::forward(context, problem.forward(), problem.options);
    color_transform::backward(context, problem.backward(c.mode), problem.options);
    CHECK(context.workspace(bytes) == scratch);  // it would have moved, had it grown
  }
}

}  // namespace
}  // namespace attune::test
