// A fill_ignored problem, and the comparison of the op on any device with the reference.
#pragma once

#include <random>

#include "core/context.h"
#include "tests/kernels/fill_ignored_cases.h"
#include "tests/reference/fill_ignored_reference.h"
#include "tests/support/op_checks.h"

namespace attune::test {

struct FillIgnoredProblem {
  TestTensor colours, mask, shares;

  FillIgnoredProblem(const FillIgnoredCase& c, std::uint64_t seed, Device device = {})
      : colours({c.height, c.width, 3}, DType::f32, 0, device),
        mask({c.height, c.width}, DType::f32, 0, device),
        shares({c.height, c.width}, DType::f32, 0, device) {
    using Without = FillIgnoredCase::Without;
    const std::int64_t cells = c.height * c.width;
    std::vector<double> weights = make_mask(c.mask, 1, cells, seed);
    for (std::size_t i = 2; c.mask == Mask::soft && i < weights.size(); i += 5) weights[i] = 0.5;
    std::vector<double> values(static_cast<std::size_t>(cells)), numbers;
    std::mt19937 generator(static_cast<std::mt19937::result_type>(seed));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool has_none = (c.without == Without::foreground && weights[i] >= 0.5) ||
                            (c.without == Without::background && weights[i] < 0.5);
      const bool has_share = static_cast<int>(generator() % 100) < c.with_share && !has_none;
      values[i] = has_share ? 0.25 : 0;
      // Each cell's colour names it.
      for (int channel = 0; channel < 3; ++channel)
        numbers.push_back(static_cast<double>(i) + 0.25 * channel);
    }
    mask.set(weights);
    shares.set(values);
    colours.set(numbers);
  }

  fill_ignored::Forward forward() const { return {colours.view(), mask.view(), shares.view()}; }
};

inline void check_fill_ignored(Context& context, const FillIgnoredCase& c, std::uint64_t seed) {
  INFO("fill_ignored case " << c.name << ", seed " << seed);
  const FillIgnoredProblem actual(c, seed, context.device()), expected(c, seed);
  reference::fill_ignored::forward(expected.forward());
  fill_ignored::forward(context, actual.forward());
  context.synchronize();
  CHECK(actual.colours.get() == expected.colours.get());
}

}  // namespace attune::test
