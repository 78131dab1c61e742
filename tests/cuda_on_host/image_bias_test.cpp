#include "tests/cuda_on_host/cuda_op_checks.h"
#include "tests/kernels/image_bias_check.h"

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 100;

struct ImageBias {
  static std::vector<ImageBiasCase> cases() { return image_bias_cases(); }
  static std::int64_t elements(const ImageBiasCase& c) { return c.map.elements(); }
  static void check(Context& context, const ImageBiasCase& c) { check_image_bias(context, c, seed); }
  static Bytes bits(Context& context, const ImageBiasCase& c) {
    const ImageBiasProblem problem(c, c.dtype, seed, context.device());
    image_bias::forward(context, problem.forward());
    image_bias::backward(context, problem.backward(c.dx_mode, c.dbias_mode));
    context.synchronize();
    return {problem.y.bytes(), problem.dx.bytes(), problem.dbias.bytes()};
  }
};

TEST_CASE("image_bias on CUDA agrees with the reference") { check_agreement<ImageBias>(); }

TEST_CASE("image_bias on CUDA gives the same bits whatever the schedule") { check_schedules<ImageBias>(); }

}  // namespace
}  // namespace attune::test
