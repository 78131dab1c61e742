#include <catch2/catch.hpp>

#include "tests/kernels/color_transform_check.h"
#include "tests/support/cpu_targets.h"

namespace attune::test {
namespace {

using color_transform::Backward;
using color_transform::Forward;
using color_transform::Options;
using Problem = ColorTransformProblem;

constexpr std::uint64_t seed = 30;

TEST_CASE("color_transform agrees with the reference") {
  Context context;
  for (const ColorTransformCase& c : color_transform_cases())
    for_each_cpu_target([&] { check_color_transform(context, c, seed); });
}

TEST_CASE("color_transform's reference backward is the derivative of its forward") {
  for (const float scale : {0.5f, 0.3f, 1.7f}) {
    const ColorTransformCase c{"gradient", {2, 4, 5, 12}, {2, 6, 7, 3},   scale,
                               scale,      DType::f64,    Values::random, Mask::soft};
    INFO("scale " << scale << ", seed " << seed);
    Problem problem(c, DType::f64, seed);
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
      const Problem problem(c, c.dtype, seed);
      color_transform::forward(context, problem.forward(), problem.options);
      color_transform::backward(context, problem.backward(c.mode), problem.options);
      return {problem.y.bytes(), problem.dtransform.bytes(), problem.dimage.bytes()};
    });
  }
}

TEST_CASE("color_transform returns the image's own bits outside the mask and for the identity") {
  Context context;
  check_color_transform_keeps_bits(context, seed);
}

TEST_CASE("color_transform may write y over the image and dimage over dy") {
  Context context;
  check_color_transform_in_place(context, {"in_place", {1, 8, 9, 12}, {1, 15, 37, 3}}, seed);
}

TEST_CASE("color_transform skips the gradients whose mode says so") {
  Context context;
  check_color_transform_ignores(context, seed);
}

TEST_CASE("color_transform refuses wrong arguments and writes nothing") {
  Context context;
  const ColorTransformCase c{"errors", {2, 4, 7, 12}, {2, 7, 13, 3}};
  const Problem problem(c, c.dtype, seed);
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

  const Problem f64(c, DType::f64, seed);
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
    const Problem problem(c, c.dtype, seed);
    color_transform::forward(context, problem.forward(), problem.options);
    color_transform::backward(context, problem.backward(c.mode), problem.options);
    CHECK(context.workspace(bytes) == scratch);  // it would have moved, had it grown
  }
}

}  // namespace
}  // namespace attune::test
