#include "tests/cuda_on_host/cuda_op_checks.h"
#include "tests/kernels/fill_ignored_check.h"

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 90;

struct FillIgnored {
  static std::vector<FillIgnoredCase> cases() { return fill_ignored_cases(); }
  static std::int64_t elements(const FillIgnoredCase& c) { return 3 * c.height * c.width; }
  static void check(Context& context, const FillIgnoredCase& c) { check_fill_ignored(context, c, seed); }
  static Bytes bits(Context& context, const FillIgnoredCase& c) {
    const FillIgnoredProblem problem(c, seed, context.device());
    fill_ignored::forward(context, problem.forward());
    context.synchronize();
    return {problem.colours.bytes()};
  }
};

TEST_CASE("fill_ignored on CUDA agrees with the reference") { check_agreement<FillIgnored>(); }

TEST_CASE("fill_ignored on CUDA gives the same bits whatever the schedule") {
  check_schedules<FillIgnored>();
}

}  // namespace
}  // namespace attune::test
