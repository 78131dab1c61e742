#include <catch2/catch.hpp>

#include "tests/kernels/masked_style_check.h"
#include "tests/support/cpu_targets.h"
#include "tests/support/op_checks.h"

namespace attune::test {
namespace {

using masked_style::Backward;
using masked_style::Forward;
using Problem = MaskedStyleProblem;

constexpr std::uint64_t seed = 20;

TEST_CASE("masked_style agrees with the reference") {
  Context context;
  for_each_cpu_target([&] {
    for (const MaskedStyleCase& c : masked_style_cases()) check_masked_style(context, c, seed);
  });
}

TEST_CASE("masked_style's reference backward is the derivative of its forward") {
  for (const Mask mask : {Mask::soft, Mask::random, Mask::one_pixel, Mask::empty}) {
    const MaskedStyleCase c{"gradient", {2, 3, 4, 3}, DType::f64, Values::random, mask};
    INFO("mask " << name_of(mask) << ", seed " << seed);
    Problem problem(c, DType::f64, seed);
    reference::masked_style::forward<double>(problem.forward(), {});
    reference::masked_style::backward<double>(problem.backward(GradientMode::overwrite));
    const auto loss = [&] {
      reference::masked_style::forward<double>(problem.forward(), {});
      return inner_product(problem.dmean, problem.mean) + inner_product(problem.dsd, problem.sd);
    };
    check_derivative("dx", problem.x, problem.dx, loss, seed);
  }
}

TEST_CASE("masked_style gives the same bits on 1, 2 and 4 threads and on a repeated run") {
  for (const MaskedStyleCase& c : masked_style_cases()) {
    INFO("case " << c.name << ", seed " << seed);
    check_same_bits([&](Context& context) {
      const Problem problem(c, c.dtype, seed);
      masked_style::forward(context, problem.forward());
      masked_style::backward(context, problem.backward(c.dx_mode));
      return std::vector{problem.mean.bytes(), problem.sd.bytes(), problem.weight.bytes(),
                         problem.dx.bytes()};
    });
  }
}

TEST_CASE("masked_style gives a region without weight mean 0, sd 1 and no gradient") {
  Context context;
  for (const Mask mask : {Mask::empty, Mask::full}) {
    const MaskedStyleCase c{"degenerate", {2, 5, 5, 20}, DType::f32, Values::random, mask};
    const Problem problem(c, c.dtype, seed);
    masked_style::forward(context, problem.forward());
    const std::size_t region = mask == Mask::empty ? 0 : 1;
    for (std::size_t i = 0; i < 40; ++i) {
      CHECK(problem.mean.get()[region * 40 + i] == 0);
      CHECK(problem.sd.get()[region * 40 + i] == 1);
    }
    // Whatever flows into the empty region's statistics, dx is the other region's alone.
    masked_style::backward(context, problem.backward(GradientMode::overwrite));
    const std::vector<char> dx = problem.dx.bytes();
    std::vector<double> dmean = problem.dmean.get(), dsd = problem.dsd.get();
    for (std::size_t i = 0; i < 40; ++i) dmean[region * 40 + i] = dsd[region * 40 + i] = 1e30;
    Problem changed(c, c.dtype, seed);
    changed.dmean.set(dmean);
    changed.dsd.set(dsd);
    masked_style::forward(context, changed.forward());
    masked_style::backward(context, changed.backward(GradientMode::overwrite));
    CHECK(changed.dx.bytes() == dx);
  }
}

TEST_CASE("masked_style: no variance is below 0, whatever rounding leaves") {
  Context context;
  for_each_cpu_target([&] { check_variance_is_not_negative(context, seed); });
}

TEST_CASE("masked_style: a region's constant has variance 0 whatever the other region holds") {
  Context context;
  const MaskedStyleCase c{"constant_foreground", {1, 64, 64, 8}, DType::f32, Values::random, Mask::random};
  Problem problem(c, c.dtype, seed);
  std::vector<double> x = problem.x.get();
  const std::vector<double> mask = problem.mask.get();
  for (std::size_t p = 0; p < mask.size(); ++p)
    for (std::size_t i = 0; i < 8; ++i) x[p * 8 + i] = mask[p] == 1 ? 1000.1 : x[p * 8 + i];
  problem.x.set(x);
  masked_style::forward(context, problem.forward());
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(problem.mean.get()[i] == static_cast<double>(1000.1f));
    CHECK(problem.sd.get()[i] == static_cast<double>(std::sqrt(1e-5f)));
  }
}

TEST_CASE("masked_style merges runs that hold one pixel of a region each") {
  Context context;
  const MaskedStyleCase c{"sparse", {1, 4, 1024, 20}, DType::f32, Values::random, Mask::empty};
  Problem actual(c, c.dtype, seed), exact(c, DType::f64, seed);
  std::vector<double> mask = actual.mask.get();
  for (const std::size_t pixel : {5u, 2000u, 2001u, 4095u}) mask[pixel] = 1;
  actual.mask.set(mask);
  exact.mask.set(mask);
  masked_style::forward(context, actual.forward());
  reference::masked_style::forward<double>(exact.forward(), {});
  CHECK(relative_error(actual.mean.get(), exact.mean.get()) <= 1e-5);
  CHECK(relative_error(actual.sd.get(), exact.sd.get()) <= 1e-5);
}

TEST_CASE("masked_style: a NaN stays in its own image") {
  Context context;
  const MaskedStyleCase c{"nan", {3, 9, 9, 4}};
  Problem clean(c, c.dtype, seed), dirty(c, c.dtype, seed);
  std::vector<double> x = dirty.x.get();
  x[1 * 81 * 4 + 30] = NAN;
  dirty.x.set(x);
  masked_style::forward(context, clean.forward());
  masked_style::forward(context, dirty.forward());
  for (std::size_t i = 0; i < 24; ++i) {
    if (i / 4 % 3 == 1) continue;
    CHECK(dirty.mean.get()[i] == clean.mean.get()[i]);
    CHECK(dirty.sd.get()[i] == clean.sd.get()[i]);
  }
  CHECK(std::isnan(dirty.mean.get()[4 + 30 % 4] + dirty.mean.get()[12 + 4 + 30 % 4]));
}

TEST_CASE("masked_style skips dx where its mode says so") {
  Context context;
  const MaskedStyleCase c{"ignore", {1, 7, 13, 33}};
  const Problem problem(c, c.dtype, seed);
  masked_style::forward(context, problem.forward());
  const std::vector<char> before = problem.dx.bytes();
  masked_style::backward(context, problem.backward(GradientMode::ignore));
  CHECK(problem.dx.bytes() == before);
  Backward without = problem.backward(GradientMode::ignore);
  without.dx = {};
  CHECK_NOTHROW(masked_style::backward(context, without));
}

TEST_CASE("masked_style refuses wrong arguments and writes nothing") {
  Context context;
  const MaskedStyleCase c{"errors", {2, 3, 5, 4}};
  const Problem problem(c, c.dtype, seed);
  const TestTensor wrong_shape({2, 2, 5}, DType::f32), wrong_dtype({2, 2, 4}, DType::bf16);
  const auto refused = [&](const auto& call) {
    check_refused("masked_style: ", {&problem.mean, &problem.sd, &problem.weight, &problem.dx}, call);
  };

  const auto forward_fails = [&](auto&& change) {
    Forward arguments = problem.forward();
    change(arguments);
    refused([&] { masked_style::forward(context, arguments); });
  };
  forward_fails([&](Forward& a) { a.x = wrong_shape.view(); });
  forward_fails([&](Forward& a) { a.x.dtype = DType::i32; });
  forward_fails([&](Forward& a) { a.x.data = nullptr; });
  forward_fails([&](Forward& a) { a.x.data = static_cast<const char*>(a.x.data) + 1; });
  forward_fails([&](Forward& a) { a.mask = wrong_shape.view(); });
  forward_fails([&](Forward& a) { a.mean = wrong_shape.view(); });
  forward_fails([&](Forward& a) { a.sd = wrong_dtype.view(); });
  forward_fails([&](Forward& a) { a.weight = wrong_shape.view(); });
  forward_fails([&](Forward& a) { a.x.device = Device{DeviceKind::cuda, 0}; });
  refused([&] { masked_style::forward(context, problem.forward(), {-1e-5f}); });
  refused([&] { masked_style::forward(context, problem.forward(), {NAN}); });

  const auto backward_fails = [&](auto&& change) {
    Backward arguments = problem.backward(GradientMode::overwrite);
    change(arguments);
    refused([&] { masked_style::backward(context, arguments); });
  };
  backward_fails([&](Backward& a) { a.mask = wrong_shape.view(); });
  backward_fails([&](Backward& a) { a.mean = wrong_shape.view(); });
  backward_fails([&](Backward& a) { a.sd = wrong_shape.view(); });
  backward_fails([&](Backward& a) { a.weight = wrong_shape.view(); });
  backward_fails([&](Backward& a) { a.dmean = wrong_dtype.view(); });
  backward_fails([&](Backward& a) { a.dsd = wrong_shape.view(); });
  backward_fails([&](Backward& a) { a.dx.dtype = DType::bf16; });
}

TEST_CASE("masked_style's CPU kernel has no double precision") {
  Context context;
  const Problem problem({"f64", {1, 3, 3, 4}}, DType::f64, seed);
  check_refused(
      "masked_style", {&problem.mean}, [&] { masked_style::forward(context, problem.forward()); },
      ErrorKind::unsupported);
}

TEST_CASE("masked_style takes no more scratch than it says") {
  for (const MaskedStyleCase& c : masked_style_cases()) {
    INFO("case " << c.name);
    Context context;
    const std::int64_t bytes = masked_style::workspace_bytes(c.x, context.device());
    void* scratch = context.workspace(bytes);
    const Problem problem(c, c.dtype, seed);
    masked_style::forward(context, problem.forward());
    masked_style::backward(context, problem.backward(c.dx_mode));
    CHECK(context.workspace(bytes) == scratch);  // it would have moved, had it grown
  }
}

}  // namespace
}  // namespace attune::test
