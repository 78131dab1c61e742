#include "tests/cuda_on_host/cuda_op_checks.h"
#include "tests/kernels/style_difference_check.h"

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 90;

struct StyleDifference {
  static std::vector<StyleDifferenceCase> cases() { return style_difference_cases(); }
  static std::int64_t elements(const StyleDifferenceCase& c) { return c.rows().elements(); }
  static void check(Context& context, const StyleDifferenceCase& c) {
    check_style_difference(context, c, seed);
  }
  static Bytes bits(Context& context, const StyleDifferenceCase& c) {
    const StyleDifferenceProblem problem(c, DType::f32, seed, context.device());
    style_difference::forward(context, problem.forward());
    style_difference::backward(context, problem.backward());
    context.synchronize();
    Bytes bytes = {problem.y.bytes()};
    for (const StyleDifferenceProblem::MapTensors& map : problem.maps) {
      bytes.push_back(map.dmean.bytes());
      bytes.push_back(map.dsd.bytes());
    }
    return bytes;
  }
};

TEST_CASE("style_difference on CUDA agrees with the reference") { check_agreement<StyleDifference>(); }

TEST_CASE("style_difference on CUDA gives the same bits whatever the schedule") {
  check_schedules<StyleDifference>();
}

}  // namespace
}  // namespace attune::test
