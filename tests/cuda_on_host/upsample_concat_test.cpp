#include "tests/cuda_on_host/cuda_op_checks.h"
#include "tests/kernels/upsample_concat_check.h"

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 80;

struct UpsampleConcat {
  static std::vector<UpsampleConcatCase> cases() { return upsample_concat_cases(); }
  static std::int64_t elements(const UpsampleConcatCase& c) { return c.y().elements(); }
  static void check(Context& context, const UpsampleConcatCase& c) {
    check_upsample_concat(context, c, seed);
  }
  static Bytes bits(Context& context, const UpsampleConcatCase& c) {
    const UpsampleConcatProblem problem(c, c.dtype, seed, context.device());
    upsample_concat::forward(context, problem.forward());
    upsample_concat::backward(context, problem.backward(c.dx_mode, c.dskip_mode));
    context.synchronize();
    return {problem.y.bytes(), problem.dx.bytes(), problem.dskip.bytes()};
  }
};

TEST_CASE("upsample_concat on CUDA agrees with the reference") { check_agreement<UpsampleConcat>(); }

TEST_CASE("upsample_concat on CUDA gives the same bits whatever the schedule") {
  check_schedules<UpsampleConcat>();
}

}  // namespace
}  // namespace attune::test
