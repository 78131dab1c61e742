#include <catch2/catch.hpp>
#include <functional>

#include "tests/kernels/reconstruction_check.h"
#include "tests/support/cpu_targets.h"

namespace attune::test {

namespace {

constexpr std::uint64_t seed = 23;
constexpr std::int64_t most_pixels_tested = 150000;  // larger cases are for benchmarks alone

template <class Body>
void for_each_case(const Body& body) {
  for (const ReconstructionCase& c : reconstruction_cases())
    if (c.batch * c.height * c.width <= most_pixels_tested) body(c);
}

const ReconstructionCase& case_named(const std::string& name) {
  for (const ReconstructionCase& c : reconstruction_cases())
    if (c.name == name) return c;
  FAIL("no case " << name);
  return reconstruction_cases().front();
}

// One image of one row, its loss for these options.
double loss_of(const std::vector<double>& prediction, const std::vector<double>& target,
               const std::vector<double>& mask, const reconstruction::Options& options) {
  const auto width = static_cast<std::int64_t>(mask.size());
  const TestTensor y({1, 1, width, 3}, DType::f32, prediction), t({1, 1, width, 3}, DType::f32, target);
  const TestTensor m({1, 1, width}, DType::f32, mask);
  const TestTensor loss({1}, DType::f32), per_image({1}, DType::f32), area({1}, DType::f32);
  Context context({}, 1);
  reconstruction::forward(context, {y.view(), t.view(), m.view(), loss.view(), per_image.view(), area.view()},
                          options);
  return loss.get()[0];
}

}  // namespace

TEST_CASE("reconstruction equals the reference on every instruction set") {
  Context context({}, 2);
  for_each_cpu_target(
      [&] { for_each_case([&](const ReconstructionCase& c) { check_reconstruction(context, c, seed); }); });
}

TEST_CASE("reconstruction's reference gradient is the derivative of its forward") {
  for (const char* name :
       {"one_pixel", "one_pixel_empty", "small", "small_large_mean", "small_equal_robust"}) {
    const ReconstructionCase& c = case_named(name);
    for (const reconstruction::Penalty penalty :
         {reconstruction::Penalty::squared, reconstruction::Penalty::robust,
          reconstruction::Penalty::absolute, reconstruction::Penalty::logarithmic}) {
      // Equal pictures are at the kink of |d|.
      if (c.values == Values::constant && penalty == reconstruction::Penalty::absolute) continue;
      INFO("case " << name << " " << name_of(penalty));
      ReconstructionProblem problem(c, DType::f64, seed);
      problem.options.penalty = penalty;
      const auto loss = [&] {
        reference::reconstruction::forward<double>(problem.forward(), problem.options);
        return problem.dloss.get()[0] * problem.loss.get()[0];
      };
      loss();
      reference::reconstruction::backward<double>(problem.backward(GradientMode::overwrite), problem.options);
      check_derivative("dprediction", problem.prediction, problem.dprediction, loss, seed);
    }
  }
}

TEST_CASE("reconstruction has the same bits for any number of threads") {
  for_each_case([](const ReconstructionCase& c) {
    INFO("reconstruction case " << c.name);
    check_same_bits([&](Context& context) -> std::vector<std::vector<char>> {
      const ReconstructionProblem problem(c, DType::f32, seed);
      reconstruction::forward(context, problem.forward(), problem.options);
      reconstruction::backward(context, problem.backward(c.mode), problem.options);
      return {problem.loss.bytes(), problem.per_image.bytes(), problem.area.bytes(),
              problem.dprediction.bytes()};
    });
  });
}

TEST_CASE("reconstruction ignores, overwrites or accumulates the gradient") {
  for (const char* name : {"small", "odd_random"}) {
    const ReconstructionCase& c = case_named(name);
    ReconstructionProblem problem(c, DType::f32, seed);
    Context context({}, 2);
    reconstruction::forward(context, problem.forward(), problem.options);
    const std::vector<double> start(problem.dprediction.get().size(), 0.25);
    problem.dprediction.set(start);
    const auto gradient = [&](GradientMode mode) {
      reconstruction::backward(context, problem.backward(mode), problem.options);
      return problem.dprediction.get();
    };
    CHECK(gradient(GradientMode::ignore) == start);
    const std::vector<double> once = gradient(GradientMode::overwrite);
    CHECK(gradient(GradientMode::overwrite) == once);
    std::vector<double> twice = gradient(GradientMode::accumulate);
    for (std::size_t i = 0; i < twice.size(); ++i) twice[i] -= once[i];
    CHECK(twice == once);
    reconstruction::Backward ignored = problem.backward(GradientMode::ignore);
    ignored.dprediction = {};
    CHECK_NOTHROW(reconstruction::backward(context, ignored, problem.options));
  }
}

TEST_CASE("reconstruction by hand") {
  using reconstruction::Penalty;
  const std::vector<double> prediction = {1, 2, 3, 0, 0, 0}, target = {0, 0, 0, 0, 0, 0};
  const std::vector<double> half = {1, 0.5}, none = {0, 0};
  CHECK(loss_of(prediction, target, half, {Penalty::squared, 0.1f}) == Approx(14 / 4.5));
  CHECK(loss_of(prediction, target, half, {Penalty::absolute, 0.1f}) == Approx(6 / 4.5));
  CHECK(loss_of(prediction, target, half, {Penalty::robust, 0.1f}) ==
        Approx(std::sqrt(14 / 4.5 + 1e-4) - 1e-2));
  CHECK(loss_of(prediction, target, half, {Penalty::logarithmic, 0.1f}) ==
        Approx(1e-2 * std::log(1 + 14 / 4.5 / 1e-4)));
  CHECK(loss_of(prediction, target, none, {Penalty::squared, 0.1f}) == Approx(14 / 0.6));
  CHECK(loss_of(prediction, target, none, {}) == Approx(14 / (3 * 2 * 100.0 / 65536)));
  for (const Penalty penalty : {Penalty::squared, Penalty::robust, Penalty::absolute, Penalty::logarithmic})
    CHECK(std::fabs(loss_of(target, target, half, {penalty, 0.1f})) < 1e-9);
}

TEST_CASE("reconstruction's gradient is 0 where the pictures are equal") {
  const ReconstructionCase& c = case_named("small_equal");
  for (const reconstruction::Penalty penalty :
       {reconstruction::Penalty::squared, reconstruction::Penalty::robust, reconstruction::Penalty::absolute,
        reconstruction::Penalty::logarithmic}) {
    ReconstructionProblem problem(c, DType::f32, seed);
    problem.options.penalty = penalty;
    Context context({}, 1);
    reconstruction::forward(context, problem.forward(), problem.options);
    reconstruction::backward(context, problem.backward(GradientMode::overwrite), problem.options);
    for (const double gradient : problem.dprediction.get()) CHECK(gradient == 0);
  }
}

TEST_CASE("reconstruction refuses what its contract forbids and writes nothing") {
  using reconstruction::Backward;
  using reconstruction::Forward;
  using reconstruction::Options;
  const ReconstructionCase& c = case_named("small_large_mean");
  const ReconstructionProblem problem(c, DType::f32, seed), exact(c, DType::f64, seed);
  const TestTensor grey({1, 7, 13, 1}, DType::f32), half({1, 7, 13, 3}, DType::bf16), pair({2}, DType::f32);
  Context context({}, 1);
  const auto refused = [&](const auto& call, ErrorKind kind = ErrorKind::argument) {
    check_refused("reconstruction",
                  {&problem.loss, &problem.per_image, &problem.area, &problem.dprediction, &exact.loss,
                   &exact.dprediction},
                  call, kind);
  };
  const std::vector<std::function<void(Forward&, Options&)>> forward_spoilers = {
      [&](Forward& a, Options&) { a.prediction = grey.view(); },
      [&](Forward& a, Options&) { a.prediction = half.view(); },
      [&](Forward& a, Options&) { a.target = exact.target.view(); },
      [&](Forward& a, Options&) { a.mask = grey.view(); },
      [&](Forward& a, Options&) { a.loss = pair.view(); },
      [&](Forward& a, Options&) { a.per_image = pair.view(); },
      [&](Forward& a, Options&) { a.area = {}; },
      [](Forward&, Options& o) { o.minimum_area_fraction = 0; },
      [](Forward&, Options& o) { o.minimum_area_fraction = NAN; },
  };
  for (std::size_t i = 0; i < forward_spoilers.size(); ++i) {
    INFO("forward spoiler " << i);
    Forward arguments = problem.forward();
    Options options = problem.options;
    forward_spoilers[i](arguments, options);
    refused([&] { reconstruction::forward(context, arguments, options); });
  }
  const std::vector<std::function<void(Backward&)>> backward_spoilers = {
      [&](Backward& a) { a.prediction = grey.view(); }, [&](Backward& a) { a.target = half.view(); },
      [&](Backward& a) { a.per_image = pair.view(); },  [&](Backward& a) { a.area = pair.view(); },
      [&](Backward& a) { a.dloss = pair.view(); },      [&](Backward& a) { a.dprediction = {}; },
  };
  for (std::size_t i = 0; i < backward_spoilers.size(); ++i) {
    INFO("backward spoiler " << i);
    Backward arguments = problem.backward(GradientMode::overwrite);
    backward_spoilers[i](arguments);
    refused([&] { reconstruction::backward(context, arguments, {}); });
  }
  refused([&] { reconstruction::forward(context, exact.forward(), {}); }, ErrorKind::unsupported);
  refused([&] { reconstruction::backward(context, exact.backward(GradientMode::overwrite), {}); },
          ErrorKind::unsupported);
}

TEST_CASE("reconstruction takes no more scratch than it says") {
  for_each_case([](const ReconstructionCase& c) {
    const ReconstructionProblem problem(c, DType::f32, seed);
    Context context({}, 2);
    void* reserved = context.workspace(
        std::max<std::int64_t>(1, reconstruction::workspace_bytes(ReconstructionProblem::picture(c), {})));
    reconstruction::forward(context, problem.forward(), problem.options);
    reconstruction::backward(context, problem.backward(c.mode), problem.options);
    CHECK(context.workspace(1) == reserved);
  });
}

}  // namespace attune::test
