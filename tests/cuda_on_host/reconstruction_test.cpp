#include "tests/cuda_on_host/cuda_op_checks.h"
#include "tests/kernels/reconstruction_check.h"

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 23;

struct Reconstruction {
  static std::vector<ReconstructionCase> cases() { return reconstruction_cases(); }
  static std::int64_t elements(const ReconstructionCase& c) { return c.batch * c.height * c.width * 3; }
  static void check(Context& context, const ReconstructionCase& c) { check_reconstruction(context, c, seed); }
  static Bytes bits(Context& context, const ReconstructionCase& c) {
    const ReconstructionProblem problem(c, DType::f32, seed, context.device());
    reconstruction::forward(context, problem.forward(), problem.options);
    reconstruction::backward(context, problem.backward(c.mode), problem.options);
    context.synchronize();
    return {problem.loss.bytes(), problem.per_image.bytes(), problem.area.bytes(),
            problem.dprediction.bytes()};
  }
};

TEST_CASE("reconstruction on CUDA agrees with the reference") { check_agreement<Reconstruction>(); }

TEST_CASE("reconstruction on CUDA gives the same bits whatever the schedule") {
  check_schedules<Reconstruction>();
}

}  // namespace
}  // namespace attune::test
