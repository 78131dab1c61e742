#include "tests/kernels/norm_check.h"

#include <limits>

#include "tests/cuda_on_host/cuda_op_checks.h"

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 7;

struct Norm {
  static std::vector<NormCase> cases() { return norm_cases(); }
  static std::int64_t elements(const NormCase& c) { return c.elements; }
  static void check(Context& context, const NormCase& c) { check_norm(context, c, seed); }
  static Bytes bits(Context& context, const NormCase& c) {
    const NormProblem problem(c, DType::f32, seed, context.device());
    norm::forward(context, problem.forward());
    context.synchronize();
    return {problem.norm.bytes()};
  }
};

TEST_CASE("norm on CUDA agrees with the reference") { check_agreement<Norm>(); }

TEST_CASE("norm on CUDA gives the same bits whatever the schedule") { check_schedules<Norm>(); }

TEST_CASE("norm on CUDA adds more partials than a block has threads") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  for_each_multiprocessor_count({132}, [&] {
    for (const NormCase& c : norm_cases())
      if (c.name == "many_blocks") check_norm(context, c, seed);
  });
}

TEST_CASE("norm on CUDA of special values") {
  if (!have_cuda_device()) return;
  const auto norm_of = [](const std::vector<double>& values) {
    const TestTensor x({static_cast<std::int64_t>(values.size())}, DType::f32, values, 0, cuda_device);
    const TestTensor norm({1}, DType::f32, 0, cuda_device);
    Context context(cuda_device);
    norm::forward(context, {x.view(), norm.view()});
    return norm.get()[0];
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(norm_of({3, -4}) == 5);
  CHECK(norm_of(std::vector<double>(100, 1e38)) == infinity);
  CHECK(norm_of({1, -infinity, 2}) == infinity);
  CHECK(std::isnan(norm_of({1, NAN, infinity})));
}

}  // namespace
}  // namespace attune::test
