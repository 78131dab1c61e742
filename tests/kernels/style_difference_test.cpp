#include <catch2/catch.hpp>

#include "tests/kernels/style_difference_check.h"

namespace attune::test {
namespace {

using style_difference::Backward;
using style_difference::Forward;

constexpr std::uint64_t seed = 90;

using Problem = StyleDifferenceProblem;

TEST_CASE("style_difference agrees with the reference") {
  Context context;
  for (const StyleDifferenceCase& c : style_difference_cases()) check_style_difference(context, c, seed);
}

TEST_CASE("style_difference's reference backward is the derivative of its forward") {
  const StyleDifferenceCase c{"gradient", 3, {3, 5}, MissingRegion::one_foreground};
  INFO("seed " << seed);
  Problem problem(c, DType::f64, seed);
  reference::style_difference::backward<double>(problem.backward());
  const auto loss = [&] {
    reference::style_difference::forward<double>(problem.forward());
    return inner_product(problem.dy, problem.y);
  };
  for (Problem::MapTensors& map : problem.maps) {
    check_derivative("dmean", map.mean, map.dmean, loss, seed);
    check_derivative("dsd", map.sd, map.dsd, loss, seed);
  }
}

TEST_CASE("style_difference does not depend on a feature's scale where it says so") {
  const StyleDifferenceCase c{"scale", 2, {5}};
  const Problem problem(c, DType::f32, seed), scaled(c, DType::f32, seed);
  const auto times_four = [](const TestTensor& tensor) {
    std::vector<double> values = tensor.get();
    for (double& value : values) value *= 4;
    return values;
  };
  Problem::MapTensors& map = const_cast<Problem::MapTensors&>(scaled.maps[0]);
  map.mean.set(times_four(map.mean));
  map.sd.set(times_four(map.sd));
  Context context;
  style_difference::forward(context, problem.forward());
  style_difference::forward(context, scaled.forward());
  const std::vector<double> y = problem.y.get(), of_scaled = scaled.y.get();
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t column = 0; column < 10; ++column)
      CHECK(of_scaled[20 * n + column] == y[20 * n + column]);
}

TEST_CASE("style_difference gives the same bits on 1, 2 and 4 threads and on a repeated run") {
  for (const StyleDifferenceCase& c : style_difference_cases()) {
    INFO("case " << c.name << ", seed " << seed);
    check_same_bits([&](Context& context) {
      const Problem problem(c, DType::f32, seed);
      style_difference::forward(context, problem.forward());
      style_difference::backward(context, problem.backward());
      std::vector<std::vector<char>> bytes = {problem.y.bytes()};
      for (const Problem::MapTensors& map : problem.maps) {
        bytes.push_back(map.dmean.bytes());
        bytes.push_back(map.dsd.bytes());
      }
      return bytes;
    });
  }
}

TEST_CASE("style_difference refuses wrong arguments and writes nothing") {
  Context context;
  const StyleDifferenceCase c{"errors", 2, {3, 5}};
  const Problem problem(c, DType::f32, seed), f64(c, DType::f64, seed);
  const TestTensor other({2, 2, 4}, DType::f32), flat({2, 6}, DType::f32), bf16({2, 2, 3}, DType::bf16);

  const auto forward_refused = [&](auto&& change) {
    Forward a = problem.forward();
    change(a);
    check_refused("style_difference", {&problem.y}, [&] { style_difference::forward(context, a); });
  };
  forward_refused([&](Forward& a) { a.count = 0; });
  forward_refused([&](Forward& a) { a.count = style_difference::max_maps + 1; });
  forward_refused([&](Forward& a) { a.count = 1; });
  forward_refused([&](Forward& a) { a.maps[0].mean = flat.view(); });
  forward_refused([&](Forward& a) { a.maps[1].mean = other.view(); });
  forward_refused([&](Forward& a) { a.maps[0].sd = other.view(); });
  forward_refused([&](Forward& a) { a.maps[0].weight = flat.view(); });
  forward_refused([&](Forward& a) { a.maps[0].sd = bf16.view(); });
  forward_refused([&](Forward& a) { a.maps[0].mean.data = nullptr; });
  forward_refused([&](Forward& a) { a.y.shape = {2, 2, 16}; });
  forward_refused([&](Forward& a) { a.y.dtype = DType::bf16; });
  forward_refused([&](Forward& a) { a.y.device = Device{DeviceKind::cuda, 0}; });
  const auto backward_refused = [&](auto&& change) {
    Backward a = problem.backward();
    change(a);
    check_refused("style_difference", {&problem.maps[0].dmean, &problem.maps[0].dsd},
                  [&] { style_difference::backward(context, a); });
  };
  backward_refused([&](Backward& a) { a.dy = flat.view(); });
  backward_refused([&](Backward& a) { a.gradients[1].mean = other.view(); });
  backward_refused([&](Backward& a) { a.gradients[1].sd = other.view(); });
  check_refused(
      "style_difference", {&f64.y}, [&] { style_difference::forward(context, f64.forward()); },
      ErrorKind::unsupported);
}

}  // namespace
}  // namespace attune::test
