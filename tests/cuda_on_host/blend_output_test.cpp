#include "tests/cuda_on_host/cuda_op_checks.h"
#include "tests/kernels/blend_output_check.h"
#include "tests/kernels/blend_rows_check.h"

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 70;

struct BlendOutput {
  static std::vector<BlendOutputCase> cases() { return blend_output_cases(); }
  static std::int64_t elements(const BlendOutputCase& c) { return c.h().elements(); }
  static void check(Context& context, const BlendOutputCase& c) { check_blend_output(context, c, seed); }
  static Bytes bits(Context& context, const BlendOutputCase& c) {
    const BlendOutputProblem problem(c, c.dtype, seed, context.device());
    blend_output::forward(context, problem.forward());
    blend_output::backward(context, problem.backward(c.dh_mode, c.dimage_mode));
    context.synchronize();
    return {problem.y.bytes(), problem.dh.bytes(), problem.dimage.bytes()};
  }
};

TEST_CASE("blend_output on CUDA agrees with the reference") { check_agreement<BlendOutput>(); }

TEST_CASE("blend_output on CUDA gives the same bits whatever the schedule") {
  check_schedules<BlendOutput>();
}

TEST_CASE("blend_output on CUDA stores packed rows and adds tiles") {
  if (!have_cuda_device()) return;
  for_each_schedule(2, [] {
    Context context(cuda_device), other(cuda_device);
    for (const RowsCase& c : rows_cases()) {
      check_rows<std::uint8_t, StoreRowsOp<std::uint8_t>>(context, other, c, seed);
      check_rows<std::uint16_t, StoreRowsOp<std::uint16_t>>(context, other, c, seed);
      check_rows<float, StoreRowsOp<float>>(context, other, c, seed);
    }
    check_add_tile(context);
  });
}

}  // namespace
}  // namespace attune::test
