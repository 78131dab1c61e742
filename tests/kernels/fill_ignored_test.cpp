#include "tests/kernels/fill_ignored_check.h"

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 90;

TEST_CASE("fill_ignored takes the colour of the nearest cell that counts") {
  Context context;
  for (const FillIgnoredCase& c : fill_ignored_cases()) check_fill_ignored(context, c, seed);
}

TEST_CASE("fill_ignored refuses wrong arguments and writes nothing") {
  Context context;
  const FillIgnoredProblem problem(fill_ignored_cases()[3], seed);
  const TestTensor other({23, 17}, DType::f32);
  const auto refused = [&](const auto& change) {
    fill_ignored::Forward a = problem.forward();
    change(a);
    check_refused("fill_ignored", {&problem.colours}, [&] { fill_ignored::forward(context, a); });
  };
  using fill_ignored::Forward;
  refused([&](Forward& a) { a.mask = other.view(); });
  refused([&](Forward& a) { a.shares = other.view(); });
  refused([&](Forward& a) { a.colours = other.view(); });
  refused([](Forward& a) { a.colours.dtype = DType::bf16; });
}

}  // namespace
}  // namespace attune::test
