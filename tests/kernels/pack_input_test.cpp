#include <catch2/catch.hpp>

#include "tests/kernels/pack_input_check.h"
#include "tests/support/cpu_targets.h"

namespace attune::test {
namespace {

using pack_input::Backward;
using pack_input::Forward;
using pack_input::PadMask;

constexpr std::uint64_t seed = 60;

using Problem = PackInputProblem;

TEST_CASE("pack_input agrees with the reference") {
  Context context;
  for_each_cpu_target([&] {
    for (const PackInputCase& c : pack_input_cases()) check_pack_input(context, c, seed);
  });
}

TEST_CASE("pack_input's reference backward is the derivative of its forward") {
  const PackInputCase c{"gradient", {2, 3, 4, 3}, 5, 8, DType::f64};
  INFO("seed " << seed);
  Problem problem(c, DType::f64, seed);
  reference::pack_input::backward<double>(problem.backward(GradientMode::overwrite));
  const auto loss = [&] {
    reference::pack_input::forward<double>(problem.forward());
    return inner_product(problem.dx, problem.x);
  };
  check_derivative("dpicture", problem.picture, problem.dpicture, loss, seed);
}

TEST_CASE("pack_input gives the same bits on 1, 2 and 4 threads and on a repeated run") {
  for (const PackInputCase& c : pack_input_cases()) {
    INFO("case " << c.name << ", seed " << seed);
    check_same_bits([&](Context& context) -> std::vector<std::vector<char>> {
      const Problem problem(c, c.dtype, seed);
      pack_input::forward(context, problem.forward());
      pack_input::backward(context, problem.backward(c.mode));
      pack_input::pad_mask(context, problem.pad_mask());
      return {problem.x.bytes(), problem.dpicture.bytes(), problem.padded.bytes()};
    });
  }
}

TEST_CASE("pack_input skips dpicture where its mode says so") {
  Context context;
  const Problem problem({"ignore", {1, 7, 13, 3}, 8, 16}, DType::f32, seed);
  const std::vector<char> before = problem.dpicture.bytes();
  pack_input::backward(context, problem.backward(GradientMode::ignore));
  CHECK(problem.dpicture.bytes() == before);
}

TEST_CASE("pack_input refuses wrong arguments and writes nothing") {
  Context context;
  const PackInputCase c{"errors", {2, 3, 5, 3}, 4, 8};
  const Problem problem(c, DType::f32, seed), f64(c, DType::f64, seed);
  const TestTensor other({2, 3, 5, 4}, DType::f32), flat({2, 3, 6}, DType::f32), bf16(c.picture, DType::bf16);
  const TestTensor nothing({2, 0, 5, 3}, DType::f32), taller({2, 5, 5, 3}, DType::f32);

  const auto forward_refused = [&](auto&& change) {
    Forward a = problem.forward();
    change(a);
    check_refused("pack_input", {&problem.x}, [&] { pack_input::forward(context, a); });
  };
  forward_refused([&](Forward& a) { a.picture = other.view(); });
  forward_refused([&](Forward& a) { a.picture = flat.view(); });
  forward_refused([&](Forward& a) { a.picture = bf16.view(); });
  forward_refused([&](Forward& a) { a.picture = nothing.view(); });
  forward_refused([&](Forward& a) { a.picture = taller.view(); });
  forward_refused([&](Forward& a) { a.picture.data = nullptr; });
  forward_refused([&](Forward& a) { a.mask = flat.view(); });
  forward_refused([&](Forward& a) { a.x.shape = {2, 4, 16, 2}; });
  forward_refused([&](Forward& a) { a.x.dtype = DType::i32; });
  forward_refused([&](Forward& a) { a.x.device = Device{DeviceKind::cuda, 0}; });
  const auto backward_refused = [&](auto&& change) {
    Backward a = problem.backward(GradientMode::overwrite);
    change(a);
    check_refused("pack_input", {&problem.dpicture}, [&] { pack_input::backward(context, a); });
  };
  backward_refused([&](Backward& a) { a.dx = flat.view(); });
  backward_refused([&](Backward& a) { a.dpicture = taller.view(); });
  backward_refused([&](Backward& a) { a.dpicture = bf16.view(); });
  const auto pad_refused = [&](auto&& change) {
    PadMask a = problem.pad_mask();
    change(a);
    check_refused("pack_input", {&problem.padded}, [&] { pack_input::pad_mask(context, a); });
  };
  pad_refused([&](PadMask& a) { a.mask = other.view(); });
  pad_refused([&](PadMask& a) { a.mask.dtype = DType::bf16; });
  pad_refused([&](PadMask& a) { a.mask.shape = {2, 0, 5}; });
  pad_refused([&](PadMask& a) { a.padded.shape = {2, 2, 16}; });
  pad_refused([&](PadMask& a) { a.padded.dtype = DType::bf16; });
  check_refused(
      "pack_input", {&f64.x}, [&] { pack_input::forward(context, f64.forward()); }, ErrorKind::unsupported);
}

}  // namespace
}  // namespace attune::test
