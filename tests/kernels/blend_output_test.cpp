#include <catch2/catch.hpp>

#include "tests/kernels/blend_output_check.h"
#include "tests/support/cpu_targets.h"

namespace attune::test {
namespace {

using blend_output::Backward;
using blend_output::Forward;

constexpr std::uint64_t seed = 70;

using Problem = BlendOutputProblem;

TEST_CASE("blend_output agrees with the reference") {
  Context context;
  for_each_cpu_target([&] {
    for (const BlendOutputCase& c : blend_output_cases()) check_blend_output(context, c, seed);
  });
}

TEST_CASE("blend_output's reference backward is the derivative of its forward") {
  const BlendOutputCase c{"gradient", {2, 3, 4, 3}, 4, 6, DType::f64, Values::random, Mask::soft};
  INFO("seed " << seed);
  Problem problem(c, DType::f64, seed);
  reference::blend_output::backward<double>(
      problem.backward(GradientMode::overwrite, GradientMode::overwrite));
  const auto loss = [&] {
    reference::blend_output::forward<double>(problem.forward());
    return inner_product(problem.dy, problem.y);
  };
  check_derivative("dh", problem.h, problem.dh, loss, seed);
  check_derivative("dimage", problem.image, problem.dimage, loss, seed);
}

TEST_CASE("blend_output gives the same bits on 1, 2 and 4 threads and on a repeated run") {
  for (const BlendOutputCase& c : blend_output_cases()) {
    INFO("case " << c.name << ", seed " << seed);
    check_same_bits([&](Context& context) -> std::vector<std::vector<char>> {
      const Problem problem(c, c.dtype, seed);
      blend_output::forward(context, problem.forward());
      blend_output::backward(context, problem.backward(c.dh_mode, c.dimage_mode));
      return {problem.y.bytes(), problem.dh.bytes(), problem.dimage.bytes()};
    });
  }
}

TEST_CASE("blend_output returns the image's own bits outside the mask") {
  Context context;
  const Problem problem({"outside", {2, 7, 37, 3}, 8, 40}, DType::f32, seed);
  blend_output::forward(context, problem.forward());
  const std::vector<double> image = problem.image.get(), y = problem.y.get(), mask = problem.mask.get();
  for (std::size_t i = 0; i < image.size(); ++i)
    if (mask[i / 3] == 0) CHECK(y[i] == image[i]);
}

TEST_CASE("blend_output may write y over the image and dimage over dy") {
  Context context;
  const Problem apart({"in_place", {2, 7, 37, 3}, 8, 40}, DType::f32, seed);
  const Problem in_place({"in_place", {2, 7, 37, 3}, 8, 40}, DType::f32, seed);
  blend_output::backward(context, apart.backward(GradientMode::overwrite, GradientMode::overwrite));
  Backward backward = in_place.backward(GradientMode::overwrite, GradientMode::overwrite);
  backward.dimage = in_place.dy.view();
  blend_output::backward(context, backward);
  CHECK(in_place.dy.bytes() == apart.dimage.bytes());
  CHECK(in_place.dh.bytes() == apart.dh.bytes());

  blend_output::forward(context, apart.forward());
  Forward forward = in_place.forward();
  forward.y = in_place.image.view();
  blend_output::forward(context, forward);
  CHECK(in_place.image.bytes() == apart.y.bytes());
}

TEST_CASE("blend_output keeps its values where the blending map saturates") {
  Context context;
  for_each_cpu_target([&] {
    Problem problem({"saturated", {1, 1, 4, 3}, 1, 4, DType::f32, Values::random, Mask::full}, DType::f32,
                    seed);
    std::vector<double> h(16, 0.25);
    const double logits[4] = {-1e30, -200, 200, 1e30};
    for (std::size_t p = 0; p < 4; ++p) h[4 * p + 3] = logits[p];
    problem.h.set(h);
    blend_output::forward(context, problem.forward());
    blend_output::backward(context, problem.backward(GradientMode::overwrite, GradientMode::overwrite));
    const std::vector<double> image = problem.image.get(), y = problem.y.get(), dh = problem.dh.get();
    for (std::size_t i = 0; i < 12; ++i) CHECK(y[i] == Approx(i < 6 ? image[i] : 0.75).margin(1e-6));
    for (std::size_t p = 0; p < 4; ++p) CHECK(std::fabs(dh[4 * p + 3]) < 1e-30);
  });
}

TEST_CASE("blend_output refuses wrong arguments and writes nothing") {
  Context context;
  const BlendOutputCase c{"errors", {2, 3, 5, 3}, 4, 8};
  const Problem problem(c, DType::f32, seed), f64(c, DType::f64, seed);
  const TestTensor other({2, 3, 5, 4}, DType::f32), flat({2, 3, 6}, DType::f32), bf16(c.image, DType::bf16);
  const TestTensor taller({2, 5, 5, 3}, DType::f32);

  const auto forward_refused = [&](auto&& change) {
    Forward a = problem.forward();
    change(a);
    check_refused("blend_output", {&problem.y}, [&] { blend_output::forward(context, a); });
  };
  forward_refused([&](Forward& a) { a.h = flat.view(); });
  forward_refused([&](Forward& a) { a.h = taller.view(); });
  forward_refused([&](Forward& a) { a.h.data = nullptr; });
  forward_refused([&](Forward& a) { a.h.shape = {2, 2, 16, 4}; });
  forward_refused([&](Forward& a) { a.image = other.view(); });
  forward_refused([&](Forward& a) { a.image = taller.view(); });
  forward_refused([&](Forward& a) { a.image = bf16.view(); });
  forward_refused([&](Forward& a) { a.mask = flat.view(); });
  forward_refused([&](Forward& a) { a.y = other.view(); });
  forward_refused([&](Forward& a) { a.y.device = Device{DeviceKind::cuda, 0}; });
  const auto backward_refused = [&](auto&& change) {
    Backward a = problem.backward(GradientMode::overwrite, GradientMode::overwrite);
    change(a);
    check_refused("blend_output", {&problem.dh, &problem.dimage},
                  [&] { blend_output::backward(context, a); });
  };
  backward_refused([&](Backward& a) { a.dy = other.view(); });
  backward_refused([&](Backward& a) { a.dh = other.view(); });
  backward_refused([&](Backward& a) { a.dimage = bf16.view(); });
  check_refused(
      "blend_output", {&f64.y}, [&] { blend_output::forward(context, f64.forward()); },
      ErrorKind::unsupported);
}

}  // namespace
}  // namespace attune::test
