#include <catch2/catch.hpp>

#include "tests/kernels/image_bias_check.h"
#include "tests/support/cpu_targets.h"

namespace attune::test {
namespace {

using image_bias::Backward;
using image_bias::Forward;

constexpr std::uint64_t seed = 100;

using Problem = ImageBiasProblem;

TEST_CASE("image_bias agrees with the reference") {
  Context context;
  for_each_cpu_target([&] {
    for (const ImageBiasCase& c : image_bias_cases()) check_image_bias(context, c, seed);
  });
}

TEST_CASE("image_bias's reference backward is the derivative of its forward") {
  const ImageBiasCase c{"gradient", {2, 3, 4, 5}, DType::f64};
  INFO("seed " << seed);
  Problem problem(c, DType::f64, seed);
  reference::image_bias::backward<double>(problem.backward(GradientMode::overwrite, GradientMode::overwrite));
  const auto loss = [&] {
    reference::image_bias::forward<double>(problem.forward());
    return inner_product(problem.dy, problem.y);
  };
  check_derivative("dx", problem.x, problem.dx, loss, seed);
  check_derivative("dbias", problem.bias, problem.dbias, loss, seed);
}

TEST_CASE("image_bias gives the same bits on 1, 2 and 4 threads and on a repeated run") {
  for (const ImageBiasCase& c : image_bias_cases()) {
    INFO("case " << c.name << ", seed " << seed);
    check_same_bits([&](Context& context) -> std::vector<std::vector<char>> {
      const Problem problem(c, c.dtype, seed);
      image_bias::forward(context, problem.forward());
      image_bias::backward(context, problem.backward(c.dx_mode, c.dbias_mode));
      return {problem.y.bytes(), problem.dx.bytes(), problem.dbias.bytes()};
    });
  }
}

TEST_CASE("image_bias works in place") {
  const ImageBiasCase c{"in place", {2, 7, 13, 12}};
  const Problem apart(c, DType::f32, seed), in_place(c, DType::f32, seed);
  Context context;
  image_bias::forward(context, apart.forward());
  image_bias::backward(context, apart.backward(GradientMode::overwrite, GradientMode::overwrite));
  Forward forward = in_place.forward();
  forward.y = in_place.x.view();
  image_bias::forward(context, forward);
  Backward backward = in_place.backward(GradientMode::overwrite, GradientMode::overwrite);
  backward.dx = in_place.dy.view();
  image_bias::backward(context, backward);
  CHECK(in_place.x.bytes() == apart.y.bytes());
  CHECK(in_place.dy.bytes() == apart.dx.bytes());
  CHECK(in_place.dbias.bytes() == apart.dbias.bytes());
}

TEST_CASE("image_bias refuses wrong arguments and writes nothing") {
  Context context;
  const ImageBiasCase c{"errors", {2, 3, 5, 12}};
  const Problem problem(c, DType::f32, seed), f64(c, DType::f64, seed);
  const TestTensor other({2, 3, 5, 4}, DType::f32), flat({2, 12}, DType::f32), bf16(c.map, DType::bf16);
  const TestTensor half({2, 1, 12}, DType::bf16);

  const auto forward_refused = [&](auto&& change) {
    Forward a = problem.forward();
    change(a);
    check_refused("image_bias", {&problem.y}, [&] { image_bias::forward(context, a); });
  };
  forward_refused([&](Forward& a) { a.x = other.view(); });
  forward_refused([&](Forward& a) { a.x = flat.view(); });
  forward_refused([&](Forward& a) { a.x = bf16.view(); });
  forward_refused([&](Forward& a) { a.x.data = nullptr; });
  forward_refused([&](Forward& a) { a.bias = flat.view(); });
  forward_refused([&](Forward& a) { a.bias = half.view(); });
  forward_refused([&](Forward& a) { a.y.dtype = DType::i32; });
  forward_refused([&](Forward& a) { a.y.device = Device{DeviceKind::cuda, 0}; });
  const auto backward_refused = [&](auto&& change) {
    Backward a = problem.backward(GradientMode::overwrite, GradientMode::overwrite);
    change(a);
    check_refused("image_bias", {&problem.dx, &problem.dbias}, [&] { image_bias::backward(context, a); });
  };
  backward_refused([&](Backward& a) { a.dy = flat.view(); });
  backward_refused([&](Backward& a) { a.dx = other.view(); });
  backward_refused([&](Backward& a) { a.dx = bf16.view(); });
  backward_refused([&](Backward& a) { a.dbias = flat.view(); });
  backward_refused([&](Backward& a) { a.dbias = half.view(); });
  check_refused(
      "image_bias", {&f64.y}, [&] { image_bias::forward(context, f64.forward()); }, ErrorKind::unsupported);
}

}  // namespace
}  // namespace attune::test
