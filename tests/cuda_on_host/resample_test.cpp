#include "tests/cuda_on_host/cuda_op_checks.h"
#include "tests/kernels/resample_check.h"
#include "tests/kernels/resample_rows_check.h"

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 40;

struct Resample {
  static std::vector<ResampleCase> cases() { return resample_cases(); }
  static std::int64_t elements(const ResampleCase& c) {
    return std::max(c.x.elements(), c.x[0] * c.h * c.w * c.x[3]);
  }
  static void check(Context& context, const ResampleCase& c) { check_resample(context, c, seed); }
  static Bytes bits(Context& context, const ResampleCase& c) {
    const ResampleProblem problem(c, c.dtype, seed, context.device());
    resample::forward(context, problem.forward(), problem.options);
    resample::backward(context, problem.backward(c.mode), problem.options);
    context.synchronize();
    return {problem.y.bytes(), problem.dx.bytes()};
  }
};

TEST_CASE("resample on CUDA agrees with the reference") { check_agreement<Resample>(); }

TEST_CASE("resample on CUDA gives the same bits whatever the schedule") { check_schedules<Resample>(); }

TEST_CASE("resample on CUDA snaps what lies within 1e-5 of 0 and 1, and nothing else") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  const std::vector<double> values = {0, 9e-6, -9e-6, 1.1e-5, 1 - 9e-6, 1 + 9e-6, 1 - 1.2e-5, 0.5, 2, 1e-5f};
  const TestTensor x({1, 1, 10, 1}, DType::f32, values, 0, cuda_device);
  const TestTensor y({1, 1, 10, 1}, DType::f32, 0, cuda_device);
  resample::forward(context, {x.view(), y.view()}, {resample::Method::nearest, true});
  std::vector<double> expected = x.get();
  expected[1] = expected[2] = expected[9] = 0;
  expected[4] = expected[5] = 1;
  CHECK(y.get() == expected);
}

TEST_CASE("resample on CUDA averages packed rows of bytes, 16 bits and floats") {
  if (!have_cuda_device()) return;
  for_each_schedule(4, [] {
    Context context(cuda_device), other(cuda_device);
    for (const AverageCase& c : average_cases()) {
      check_averages<std::uint8_t>(context, other, c, seed);
      check_averages<std::uint16_t>(context, other, c, seed);
      check_averages<float>(context, other, c, seed);
    }
  });
}

TEST_CASE("resample on CUDA weighs pixels by how much they count") {
  if (!have_cuda_device()) return;
  for_each_schedule(2, [] {
    Context context(cuda_device);
    check_all_ignored(context);
  });
}

}  // namespace
}  // namespace attune::test
