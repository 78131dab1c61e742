#include <catch2/catch.hpp>

#include "tests/kernels/resample_check.h"
#include "tests/support/cpu_targets.h"

namespace attune::test {
namespace {

using resample::Backward;
using resample::Forward;
using resample::Method;

constexpr std::uint64_t seed = 40;

using Problem = ResampleProblem;

TEST_CASE("resample agrees with the reference") {
  Context context;
  for_each_cpu_target([&] {
    for (const ResampleCase& c : resample_cases()) check_resample(context, c, seed);
  });
}

TEST_CASE("resample's reference backward is the derivative of its forward") {
  for (const Method method : {Method::nearest, Method::bilinear, Method::area})
    for (const std::int64_t size : {3, 9}) {
      const ResampleCase c{"gradient", {2, 5, 6, 2}, size, size + 1, method, DType::f64};
      INFO("method " << static_cast<int>(method) << ", to " << size << ", seed " << seed);
      Problem problem(c, DType::f64, seed);
      reference::resample::backward<double>(problem.backward(GradientMode::overwrite), problem.options);
      const auto loss = [&] {
        reference::resample::forward<double>(problem.forward(), problem.options);
        return inner_product(problem.dy, problem.y);
      };
      check_derivative("dx", problem.x, problem.dx, loss, seed);
    }
}

TEST_CASE("resample gives the same bits on 1, 2 and 4 threads and on a repeated run") {
  for (const ResampleCase& c : resample_cases()) {
    INFO("case " << c.name << ", seed " << seed);
    check_same_bits([&](Context& context) -> std::vector<std::vector<char>> {
      const Problem problem(c, c.dtype, seed);
      resample::forward(context, problem.forward(), problem.options);
      resample::backward(context, problem.backward(c.mode), problem.options);
      return {problem.y.bytes(), problem.dx.bytes()};
    });
  }
}

TEST_CASE("resample to the same size copies") {
  Context context;
  for (const Method method : {Method::nearest, Method::bilinear, Method::area}) {
    const Problem problem({"copy", {2, 7, 13, 3}, 7, 13, method}, DType::f32, seed);
    resample::forward(context, problem.forward(), problem.options);
    CHECK(problem.y.bytes() == problem.x.bytes());
  }
}

TEST_CASE("resample's area averages of a mask are exact where the mask is constant, once snapped") {
  Context context;
  const std::int64_t height = 230, width = 371;
  for (const std::int64_t size : {7, 33, 100}) {
    INFO("to " << size);
    TestTensor x({1, height, width, 1}, DType::f32), y({1, size, size, 1}, DType::f32);
    std::vector<double> mask(static_cast<std::size_t>(height * width));
    for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = static_cast<std::int64_t>(i) % width >= width / 2;
    x.set(mask);
    resample::forward(context, {x.view(), y.view()}, {Method::area, true});
    const std::vector<double> averages = y.get();
    for (std::int64_t i = 0; i < size * size; ++i) {
      const double begin = static_cast<double>(i % size * width) / static_cast<double>(size);
      const double end = begin + static_cast<double>(width) / static_cast<double>(size);
      const double value = averages[static_cast<std::size_t>(i)];
      const std::int64_t middle = width / 2;
      const auto edge = static_cast<double>(middle);
      if (end <= edge)
        CHECK(value == 0);
      else if (begin >= edge)
        CHECK(value == 1);
      else
        CHECK(value == Approx((end - edge) / (end - begin)).margin(1e-5));
    }
  }
}

TEST_CASE("resample snaps what lies within 1e-5 of 0 and 1, and nothing else") {
  Context context;
  const std::vector<double> values = {0, 9e-6, -9e-6, 1.1e-5, 1 - 9e-6, 1 + 9e-6, 1 - 1.2e-5, 0.5, 2};
  TestTensor x({1, 1, 9, 1}, DType::f32, values), y({1, 1, 9, 1}, DType::f32);
  resample::forward(context, {x.view(), y.view()}, {Method::nearest, true});
  std::vector<double> expected = x.get();
  expected[1] = expected[2] = 0;
  expected[4] = expected[5] = 1;
  CHECK(y.get() == expected);
}

TEST_CASE("resample skips dx where its mode says so") {
  Context context;
  const Problem problem({"ignore", {1, 7, 13, 3}, 3, 4}, DType::f32, seed);
  const std::vector<char> before = problem.dx.bytes();
  resample::backward(context, problem.backward(GradientMode::ignore), problem.options);
  CHECK(problem.dx.bytes() == before);
}

TEST_CASE("resample gives inputs that nothing reads the gradient 0") {
  Context context;
  const TestTensor dy({1, 0, 3, 2}, DType::f32), dx({1, 4, 5, 2}, DType::f32);
  resample::backward(context, {dy.view(), dx.view()}, {});
  CHECK(dx.get() == std::vector<double>(40, 0.0));
}

TEST_CASE("resample refuses wrong arguments and writes nothing") {
  Context context;
  const ResampleCase c{"errors", {2, 7, 13, 3}, 3, 4};
  const Problem problem(c, DType::f32, seed), f64(c, DType::f64, seed);
  const TestTensor other({2, 3, 5, 4}, DType::f32), other_dtype(c.x, DType::bf16),
      flat({2, 3, 5}, DType::f32);
  const TestTensor nothing({2, 0, 5, 3}, DType::f32);

  const auto forward_refused = [&](auto&& change) {
    Forward a = problem.forward();
    change(a);
    check_refused("resample", {&problem.y}, [&] { resample::forward(context, a); });
  };
  forward_refused([&](Forward& a) { a.x = flat.view(); });
  forward_refused([&](Forward& a) { a.x = other.view(); });
  forward_refused([&](Forward& a) { a.x = other_dtype.view(); });
  forward_refused([&](Forward& a) { a.x = nothing.view(); });
  forward_refused([&](Forward& a) { a.x.data = nullptr; });
  forward_refused([&](Forward& a) { a.y = flat.view(); });
  forward_refused([&](Forward& a) { a.y.device = Device{DeviceKind::cuda, 0}; });
  const auto backward_refused = [&](auto&& change) {
    Backward a = problem.backward(GradientMode::overwrite);
    change(a);
    check_refused("resample", {&problem.dx}, [&] { resample::backward(context, a); });
  };
  backward_refused([&](Backward& a) { a.dy = other.view(); });
  backward_refused([&](Backward& a) { a.dx = other_dtype.view(); });
  backward_refused([&](Backward& a) { a.dx = nothing.view(); });
  check_refused(
      "resample", {&f64.y}, [&] { resample::forward(context, f64.forward()); }, ErrorKind::unsupported);
}

TEST_CASE("resample takes no more scratch than it says") {
  for (const ResampleCase& c : resample_cases()) {
    INFO("case " << c.name);
    Context context;
    const Problem problem(c, c.dtype, seed);
    const std::int64_t bytes = resample::workspace_bytes(c.x, problem.y.shape(), context.device());
    void* scratch = context.workspace(bytes);
    resample::forward(context, problem.forward(), problem.options);
    resample::backward(context, problem.backward(c.mode), problem.options);
    CHECK(context.workspace(bytes) == scratch);  // it would have moved, had it grown
  }
}

}  // namespace
}  // namespace attune::test
