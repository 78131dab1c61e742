#include <catch2/catch.hpp>

#include "tests/kernels/upsample_concat_check.h"
#include "tests/support/cpu_targets.h"

namespace attune::test {
namespace {

using upsample_concat::Backward;
using upsample_concat::Forward;

constexpr std::uint64_t seed = 50;

using Problem = UpsampleConcatProblem;

TEST_CASE("upsample_concat agrees with the reference") {
  Context context;
  for_each_cpu_target([&] {
    for (const UpsampleConcatCase& c : upsample_concat_cases()) check_upsample_concat(context, c, seed);
  });
}

TEST_CASE("upsample_concat's reference backward is the derivative of its forward") {
  const UpsampleConcatCase c{"gradient", {2, 3, 4, 2}, 3, DType::f64};
  INFO("seed " << seed);
  Problem problem(c, DType::f64, seed);
  reference::upsample_concat::backward<double>(
      problem.backward(GradientMode::overwrite, GradientMode::overwrite));
  const auto loss = [&] {
    reference::upsample_concat::forward<double>(problem.forward());
    return inner_product(problem.dy, problem.y);
  };
  check_derivative("dx", problem.x, problem.dx, loss, seed);
  check_derivative("dskip", problem.skip, problem.dskip, loss, seed);
}

TEST_CASE("upsample_concat gives the same bits on 1, 2 and 4 threads and on a repeated run") {
  for (const UpsampleConcatCase& c : upsample_concat_cases()) {
    INFO("case " << c.name << ", seed " << seed);
    check_same_bits([&](Context& context) -> std::vector<std::vector<char>> {
      const Problem problem(c, c.dtype, seed);
      upsample_concat::forward(context, problem.forward());
      upsample_concat::backward(context, problem.backward(c.dx_mode, c.dskip_mode));
      return {problem.y.bytes(), problem.dx.bytes(), problem.dskip.bytes()};
    });
  }
}

TEST_CASE("upsample_concat keeps constants and copies the skip exactly") {
  Context context;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    Problem problem({"exact", {1, 5, 6, 3}, 2, dtype}, dtype, seed);
    problem.x.set(std::vector<double>(90, 0.375));
    upsample_concat::forward(context, problem.forward());
    const std::vector<double> y = problem.y.get(), skip = problem.skip.get();
    for (std::size_t i = 0; i < y.size(); ++i)
      CHECK(y[i] == (i % 5 < 3 ? 0.375 : skip[i / 5 * 2 + i % 5 - 3]));
  }
}

TEST_CASE("upsample_concat skips the gradients whose mode says so") {
  Context context;
  const Problem problem({"ignore", {1, 7, 13, 33}, 5}, DType::f32, seed);
  const std::vector<char> dx = problem.dx.bytes(), dskip = problem.dskip.bytes();
  Backward a = problem.backward(GradientMode::ignore, GradientMode::ignore);
  upsample_concat::backward(context, a);
  CHECK(problem.dx.bytes() == dx);
  CHECK(problem.dskip.bytes() == dskip);
  a.dx.data = a.dskip.data = nullptr;
  CHECK_NOTHROW(upsample_concat::backward(context, a));
}

TEST_CASE("upsample_concat refuses wrong arguments and writes nothing") {
  Context context;
  const UpsampleConcatCase c{"errors", {2, 3, 5, 4}, 3};
  const Problem problem(c, DType::f32, seed), f64(c, DType::f64, seed);
  const TestTensor other({2, 3, 5, 9}, DType::f32), other_dtype(c.skip(), DType::bf16),
      flat({2, 3, 5}, DType::f32);

  const auto forward_refused = [&](auto&& change) {
    Forward a = problem.forward();
    change(a);
    check_refused("upsample_concat", {&problem.y}, [&] { upsample_concat::forward(context, a); });
  };
  forward_refused([&](Forward& a) { a.x = flat.view(); });
  forward_refused([&](Forward& a) { a.x = other.view(); });
  forward_refused([&](Forward& a) { a.x.data = nullptr; });
  forward_refused([&](Forward& a) { a.skip = other.view(); });
  forward_refused([&](Forward& a) { a.skip = other_dtype.view(); });
  forward_refused([&](Forward& a) { a.y = other.view(); });
  forward_refused([&](Forward& a) { a.y.device = Device{DeviceKind::cuda, 0}; });
  const auto backward_refused = [&](auto&& change) {
    Backward a = problem.backward(GradientMode::overwrite, GradientMode::overwrite);
    change(a);
    check_refused("upsample_concat", {&problem.dx, &problem.dskip},
                  [&] { upsample_concat::backward(context, a); });
  };
  backward_refused([&](Backward& a) { a.dy = other.view(); });
  backward_refused([&](Backward& a) { a.dx = flat.view(); });
  backward_refused([&](Backward& a) { a.dx.data = nullptr; });
  backward_refused([&](Backward& a) { a.dskip = other_dtype.view(); });
  check_refused(
      "upsample_concat", {&f64.y}, [&] { upsample_concat::forward(context, f64.forward()); },
      ErrorKind::unsupported);
}

TEST_CASE("upsample_concat takes no more scratch than it says") {
  for (const UpsampleConcatCase& c : upsample_concat_cases()) {
    INFO("case " << c.name);
    Context context;
    const Problem problem(c, c.dtype, seed);
    const std::int64_t bytes = upsample_concat::workspace_bytes(c.x, context.device());
    void* scratch = context.workspace(bytes);
    upsample_concat::forward(context, problem.forward());
    upsample_concat::backward(context, problem.backward(c.dx_mode, c.dskip_mode));
    CHECK(context.workspace(bytes) == scratch);  // it would have moved, had it grown
  }
}

}  // namespace
}  // namespace attune::test
