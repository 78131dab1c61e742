#include <limits>

#include "tests/cuda_on_host/cuda_op_checks.h"
#include "tests/kernels/adamw_check.h"

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 11;

struct AdamW {
  static std::vector<AdamwCase> cases() { return adamw_cases(); }
  static std::int64_t elements(const AdamwCase& c) { return c.elements; }
  static void check(Context& context, const AdamwCase& c) { check_adamw(context, c, seed); }
  static Bytes bits(Context& context, const AdamwCase& c) {
    const AdamwProblem problem(c, DType::f32, seed, context.device());
    adamw::step(context, problem.step(), c.options);
    context.synchronize();
    return problem.bits();
  }
};

TEST_CASE("adamw on CUDA agrees with the reference") { check_agreement<AdamW>(); }

TEST_CASE("adamw on CUDA gives the same bits whatever the schedule") { check_schedules<AdamW>(); }

TEST_CASE("adamw on CUDA skips a step whose gradient norm is not finite, and only such a one") {
  if (!have_cuda_device()) return;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const double norm : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN(), 0.0})
    for (const double max_norm : {0.0, 1.0}) {
      INFO("norm " << norm << ", clipped to " << max_norm);
      const AdamwCase c{"skipped", 33, Values::random, 0, true, adamw_options(3, max_norm, 33)};
      AdamwProblem problem(c, DType::f32, seed, cuda_device);
      problem.gradient_norm.set({norm});
      const Bytes before = problem.bits();
      Context context(cuda_device);
      adamw::step(context, problem.step(), c.options);
      context.synchronize();
      CHECK((problem.bits() == before) == (norm != 0));
    }
}

TEST_CASE("adamw on CUDA steps without a norm") {
  if (!have_cuda_device()) return;
  const AdamwCase c{"no_norm", 33, Values::random, 0, false, adamw_options(3, 0, 33)};
  const AdamwProblem with(c, DType::f32, seed, cuda_device), without(c, DType::f32, seed, cuda_device);
  Context context(cuda_device);
  adamw::Step arguments = without.step();
  arguments.gradient_norm = {};
  adamw::step(context, with.step(), c.options);
  adamw::step(context, arguments, c.options);
  context.synchronize();
  CHECK(without.parameters.bytes() == with.parameters.bytes());
}

}  // namespace
}  // namespace attune::test
