#include "tests/cuda_on_host/cuda_op_checks.h"
#include "tests/kernels/pack_input_check.h"

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 60;

struct PackInput {
  static std::vector<PackInputCase> cases() { return pack_input_cases(); }
  static std::int64_t elements(const PackInputCase& c) { return c.x().elements(); }
  static void check(Context& context, const PackInputCase& c) { check_pack_input(context, c, seed); }
  static Bytes bits(Context& context, const PackInputCase& c) {
    const PackInputProblem problem(c, c.dtype, seed, context.device());
    pack_input::forward(context, problem.forward());
    pack_input::backward(context, problem.backward(c.mode));
    pack_input::pad_mask(context, problem.pad_mask());
    context.synchronize();
    return {problem.x.bytes(), problem.dpicture.bytes(), problem.padded.bytes()};
  }
};

TEST_CASE("pack_input on CUDA agrees with the reference") { check_agreement<PackInput>(); }

TEST_CASE("pack_input on CUDA gives the same bits whatever the schedule") { check_schedules<PackInput>(); }

}  // namespace
}  // namespace attune::test
