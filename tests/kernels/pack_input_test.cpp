#include <catch2/catch.hpp>

#include "kernels/pack_input/pack_input.h"
#include "tests/kernels/pack_input_cases.h"
#include "tests/reference/pack_input_reference.h"
#include "tests/support/cpu_targets.h"
#include "tests/support/op_checks.h"

namespace attune::test {
namespace {

using pack_input::Backward;
using pack_input::Forward;
using pack_input::PadMask;

constexpr std::uint64_t seed = 60;

// Inputs drawn from the case and the seed; outputs poisoned, but for a gradient that is added to.
struct Problem {
  TestTensor picture, mask, x, dx, dpicture, padded;
  bool with_mask;

  // `dtype` stands for the case's own, so that the reference gets the same problem in f32 or f64.
  Problem(const PackInputCase& c, DType dtype)
      : picture(c.picture, statistics_dtype(dtype), c.offset),
        mask({c.picture[0], c.picture[1], c.picture[2]}, statistics_dtype(dtype), c.offset),
        x(c.x(), dtype, c.offset),
        dx(c.x(), dtype, c.offset),
        dpicture(c.picture, statistics_dtype(dtype), c.offset),
        padded({c.picture[0], c.padded_height, c.padded_width}, statistics_dtype(dtype), c.offset),
        with_mask(c.with_mask) {
    picture.set(rounded(make_values(c.values, c.picture.elements(), seed), DType::f32));
    mask.set(rounded(make_mask(c.mask, c.picture[0], c.picture[1] * c.picture[2], seed + 1), DType::f32));
    dx.set(rounded(make_values(Values::random, c.x().elements(), seed + 2), c.dtype));
    if (c.mode == GradientMode::accumulate)
      dpicture.set(rounded(make_values(Values::random, c.picture.elements(), seed + 3), DType::f32));
  }

  Forward forward() const { return {picture.view(), with_mask ? mask.view() : TensorView{}, x.view()}; }
  Backward backward(GradientMode mode) const { return {dx.view(), dpicture.view(), mode}; }
  PadMask pad_mask() const { return {mask.view(), padded.view()}; }
};

TEST_CASE("pack_input agrees with the reference") {
  Context context;
  for (const PackInputCase& c : pack_input_cases()) {
    INFO("case " << c.name << " " << name_of(c.dtype) << ", seed " << seed);
    const Problem plain(c, DType::f32), exact(c, DType::f64);
    reference::pack_input::forward<float>(plain.forward());
    reference::pack_input::forward<double>(exact.forward());
    reference::pack_input::backward<float>(plain.backward(c.mode));
    reference::pack_input::backward<double>(exact.backward(c.mode));
    reference::pack_input::pad_mask<double>(exact.pad_mask());
    for_each_cpu_target([&] {
      const Problem actual(c, c.dtype);
      pack_input::forward(context, actual.forward());
      pack_input::backward(context, actual.backward(c.mode));
      pack_input::pad_mask(context, actual.pad_mask());
      check_close("x", actual.x, plain.x, exact.x);
      check_close("dpicture", actual.dpicture, plain.dpicture, exact.dpicture);
      CHECK(actual.padded.get() == exact.padded.get());
    });
  }
}

TEST_CASE("pack_input's reference backward is the derivative of its forward") {
  const PackInputCase c{"gradient", {2, 3, 4, 3}, 5, 8, DType::f64};
  INFO("seed " << seed);
  Problem problem(c, DType::f64);
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
      const Problem problem(c, c.dtype);
      pack_input::forward(context, problem.forward());
      pack_input::backward(context, problem.backward(c.mode));
      pack_input::pad_mask(context, problem.pad_mask());
      return {problem.x.bytes(), problem.dpicture.bytes(), problem.padded.bytes()};
    });
  }
}

TEST_CASE("pack_input skips dpicture where its mode says so") {
  Context context;
  const Problem problem({"ignore", {1, 7, 13, 3}, 8, 16}, DType::f32);
  const std::vector<char> before = problem.dpicture.bytes();
  pack_input::backward(context, problem.backward(GradientMode::ignore));
  CHECK(problem.dpicture.bytes() == before);
}

TEST_CASE("pack_input refuses wrong arguments and writes nothing") {
  Context context;
  const PackInputCase c{"errors", {2, 3, 5, 3}, 4, 8};
  const Problem problem(c, DType::f32), f64(c, DType::f64);
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
