#include <catch2/catch.hpp>
#include <functional>
#include <limits>

#include "tests/kernels/adamw_check.h"
#include "tests/support/cpu_targets.h"

namespace attune::test {

namespace {

constexpr std::uint64_t seed = 11;

template <class Body>
void for_each_case(const Body& body) {
  for (const AdamwCase& c : adamw_cases())
    if (c.elements <= most_adamw_elements_tested) body(c);
}

const AdamwCase& case_named(const std::string& name) {
  for (const AdamwCase& c : adamw_cases())
    if (c.name == name) return c;
  FAIL("no case " << name);
  return adamw_cases().front();
}

// One parameter with its state.
struct Single {
  TestTensor parameter = scalar(1), gradient = scalar(0), first = scalar(0), second = scalar(0),
             average = scalar(0);

  static TestTensor scalar(double value) { return {{1}, DType::f32, std::vector<double>{value}}; }

  double step(const adamw::Options& options) {
    Context context({}, 1);
    adamw::step(context, {parameter.view(), gradient.view(), first.view(), second.view(), average.view(), {}},
                options);
    return parameter.get()[0];
  }
};

}  // namespace

TEST_CASE("adamw equals the reference on every instruction set") {
  Context context({}, 2);
  for_each_cpu_target([&] { for_each_case([&](const AdamwCase& c) { check_adamw(context, c, seed); }); });
}

TEST_CASE("adamw has the same bits for any number of threads") {
  for_each_case([](const AdamwCase& c) {
    INFO("adamw case " << c.name);
    check_same_bits([&](Context& context) {
      const AdamwProblem problem(c, DType::f32, seed);
      adamw::step(context, problem.step(), c.options);
      return problem.bits();
    });
  });
}

// Of a constant gradient both corrected moments are exact, so that every step moves the parameter by the
// rate.
TEST_CASE("adamw moves by the learning rate where the gradient is constant") {
  Single single;
  single.gradient.set({-0.5});
  adamw::Options options;
  options.learning_rate = 0.1;
  options.weight_decay = 0.2;
  options.decayed = 1;
  double expected = 1;
  for (options.step = 1; options.step <= 20; ++options.step) {
    expected = expected * (1 - 0.1 * 0.2) + 0.1;
    CHECK(single.step(options) == Approx(expected).epsilon(1e-5));
  }
}

TEST_CASE("adamw divides by eps where there never was a gradient") {
  Single single;
  single.first.set({1e-9});
  adamw::Options options;
  options.learning_rate = 0.1;
  CHECK(single.step(options) == Approx(1 - 0.1 * (0.9e-9 / 0.1) / 1e-8));
}

TEST_CASE("adamw's average has the parameter as its exact fixed point") {
  Single single;
  single.parameter.set({1.0f / 3});
  single.average.set({1.0f / 3});
  adamw::Options options;
  options.ema_decay = 0.9999;
  for (options.step = 1; options.step <= 1000; ++options.step) single.step(options);
  CHECK(single.average.bytes() == single.parameter.bytes());
}

TEST_CASE("adamw clips by the norm only where the norm is larger") {
  const AdamwCase& c = case_named("odd");
  const auto second_moment_after = [&](double max_norm, double norm) {
    AdamwProblem problem(c, DType::f32, seed);
    problem.gradient_norm.set({norm});
    adamw::Options options = c.options;
    options.max_norm = max_norm;
    Context context({}, 1);
    adamw::step(context, problem.step(), options);
    return problem.second_moment.bytes();
  };
  const std::vector<char> unclipped = second_moment_after(0, 5);
  CHECK(second_moment_after(5, 4) == unclipped);
  CHECK(second_moment_after(5, 5) == unclipped);
  CHECK(second_moment_after(5, 0) == unclipped);
  CHECK(second_moment_after(5, 6) != unclipped);
  CHECK(second_moment_after(5, 10) == second_moment_after(1, 2));
}

TEST_CASE("adamw skips a step whose gradient norm is not finite") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const double norm : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()})
    for (const double max_norm : {0.0, 1.0}) {
      const AdamwCase& c = case_named("odd");
      AdamwProblem problem(c, DType::f32, seed);
      problem.gradient_norm.set({norm});
      const auto before = problem.bits();
      adamw::Options options = c.options;
      options.max_norm = max_norm;
      Context context({}, 2);
      adamw::step(context, problem.step(), options);
      CHECK(problem.bits() == before);
    }
}

TEST_CASE("adamw keeps a NaN in its own element where no norm is given") {
  const AdamwCase& c = case_named("decay_ends_in_a_vector");
  AdamwProblem problem(c, DType::f32, seed);
  std::vector<double> gradients = problem.gradients.get();
  gradients[500] = NAN;
  problem.gradients.set(gradients);
  adamw::Step arguments = problem.step();
  arguments.gradient_norm = {};
  adamw::Options options = c.options;
  options.max_norm = 0;
  Context context({}, 1);
  adamw::step(context, arguments, options);
  const std::vector<double> parameters = problem.parameters.get();
  for (std::size_t i = 0; i < parameters.size(); ++i) CHECK(std::isnan(parameters[i]) == (i == 500));
}

TEST_CASE("adamw refuses what its contract forbids and writes nothing") {
  const AdamwCase& c = case_named("seven");
  const AdamwProblem problem(c, DType::f32, seed), exact(c, DType::f64, seed);
  const TestTensor shorter({6}, DType::f32), matrix({7, 1}, DType::f32), half({7}, DType::bf16);
  using Spoiler = std::function<void(adamw::Step&, adamw::Options&)>;
  const auto refused = [&](const Spoiler& spoil, ErrorKind kind = ErrorKind::argument) {
    adamw::Step arguments = problem.step();
    arguments.average = problem.average.view();
    adamw::Options options = c.options;
    spoil(arguments, options);
    Context context({}, 1);
    check_refused(
        "adamw",
        {&problem.parameters, &problem.first_moment, &problem.second_moment, &problem.average,
         &exact.parameters},
        [&] { adamw::step(context, arguments, options); }, kind);
  };
  using Step = adamw::Step;
  using Options = adamw::Options;
  const std::vector<Spoiler> spoilers = {
      [&](Step& a, Options&) { a.parameters = matrix.view(); },
      [&](Step& a, Options&) { a.parameters = half.view(); },
      [&](Step& a, Options&) { a.parameters.data = static_cast<char*>(a.parameters.data) + 1; },
      [&](Step& a, Options&) { a.gradients = shorter.view(); },
      [&](Step& a, Options&) { a.gradients = {}; },
      [&](Step& a, Options&) { a.first_moment = exact.first_moment.view(); },
      [&](Step& a, Options&) { a.second_moment = shorter.view(); },
      [&](Step& a, Options&) { a.average = shorter.view(); },
      [&](Step& a, Options&) { a.gradient_norm = {}; },
      [&](Step& a, Options&) { a.gradient_norm = exact.gradient_norm.view(); },
      [](Step&, Options& o) { o.learning_rate = -1e-3; },
      [](Step&, Options& o) { o.learning_rate = NAN; },
      [](Step&, Options& o) { o.beta1 = 1; },
      [](Step&, Options& o) { o.beta2 = -0.1; },
      [](Step&, Options& o) { o.eps = 0; },
      [](Step&, Options& o) { o.weight_decay = -1; },
      [](Step&, Options& o) { o.step = 0; },
      [](Step&, Options& o) { o.max_norm = -1; },
      [](Step&, Options& o) { o.ema_decay = 1.5; },
      [](Step&, Options& o) { o.decayed = 8; },
      [](Step&, Options& o) { o.decayed = -1; },
  };
  for (std::size_t i = 0; i < spoilers.size(); ++i) {
    INFO("spoiler " << i);
    refused(spoilers[i]);
  }
  refused([&](Step& a, Options&) { a = exact.step(); }, ErrorKind::unsupported);
}

}  // namespace attune::test
