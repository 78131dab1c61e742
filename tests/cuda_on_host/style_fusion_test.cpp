// The CUDA kernels of style_fusion: on the host's runtime everywhere, on a GPU where there is one.
#include "tests/cuda_on_host/cuda_op_checks.h"
#include "tests/kernels/style_fusion_properties.h"

namespace attune::test {
namespace {

using Problem = StyleFusionProblem;

constexpr std::uint64_t seed = 30;

struct StyleFusion {
  static std::vector<StyleFusionCase> cases() { return style_fusion_cases(); }
  static std::int64_t elements(const StyleFusionCase& c) { return c.x.elements(); }
  static void check(Context& context, const StyleFusionCase& c) { check_style_fusion(context, c, seed); }
  static Bytes bits(Context& context, const StyleFusionCase& c) {
    Problem problem(c, c.dtype, seed, context.device());
    run_style_fusion(context, problem);
    context.synchronize();
    Bytes bytes = {problem.y.bytes(), problem.mean.bytes(), problem.sd.bytes(), problem.weight.bytes(),
                   problem.dx.bytes()};
    for (const TestTensor* gradient : problem.gradients()) bytes.push_back(gradient->bytes());
    return bytes;
  }
};

TEST_CASE("style_fusion on CUDA agrees with the reference") { check_agreement<StyleFusion>(); }

TEST_CASE("style_fusion on CUDA gives the same bits whatever the schedule") {
  check_schedules<StyleFusion>();
}

// In one pass and in two, these with few slabs an image and with many.
template <class Check>
void check_on_cuda(const Check& check) {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  check(context, seed, 0);
  for_each_multiprocessor_count({1, 132}, [&] { check(context, seed, 1); });
}

TEST_CASE("style_fusion on CUDA without background: the foreground keeps its own style") {
  check_on_cuda(check_without_background);
}

TEST_CASE("style_fusion on CUDA without foreground is instance normalization") {
  check_on_cuda(check_without_foreground);
}

TEST_CASE("style_fusion on CUDA with gate 0 is RainNet's normalization, with gate 1 purely external") {
  check_on_cuda(check_fixed_gates);
}

TEST_CASE("style_fusion on CUDA with a closed or open learned gate equals the fixed gates") {
  check_on_cuda(check_saturated_gate);
}

TEST_CASE("style_fusion on CUDA with a whole picture's statistics gives a tile's part of it") {
  check_on_cuda(check_given_statistics);
}

TEST_CASE("style_fusion on CUDA at the activation's kink takes the slope") { check_on_cuda(check_kink); }

TEST_CASE("style_fusion on CUDA: a NaN stays in its own image") { check_on_cuda(check_nan_stays_in_image); }

TEST_CASE("style_fusion on CUDA skips the gradients whose mode says so") {
  check_on_cuda(check_skipped_gradients);
}

TEST_CASE("style_fusion on CUDA takes no more scratch than it says") {
  if (!have_cuda_device()) return;
  for (const StyleFusionCase& c : cases_up_to<StyleFusion>(few_elements)) {
    INFO("case " << c.name);
    Context context(cuda_device);
    const std::int64_t bytes = style_fusion::workspace_bytes(c.x, c.dtype, cuda_device);
    void* scratch = context.workspace(bytes);
    run_style_fusion(context, Problem(c, c.dtype, seed, cuda_device));
    context.synchronize();
    CHECK(context.workspace(bytes) == scratch);  // it would have moved, had it grown
  }
}

TEST_CASE("style_fusion on CUDA has no double precision") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  const Problem problem({"f64", {1, 3, 3, 4}}, DType::f64, seed, cuda_device);
  check_refused(
      "style_fusion", {&problem.y},
      [&] { style_fusion::forward(context, problem.forward(), problem.options()); }, ErrorKind::unsupported);
  check_refused(
      "style_fusion", {&problem.dx},
      [&] { style_fusion::backward(context, problem.backward(), problem.options()); },
      ErrorKind::unsupported);
}

}  // namespace
}  // namespace attune::test
