// The cases of fill_ignored.
#pragma once

#include <string>
#include <vector>

#include "tests/support/inputs.h"

namespace attune::test {

struct FillIgnoredCase {
  std::string name;
  std::int64_t height, width;
  Mask mask;
  int with_share;  // cells of 100
  // Cells that have no share however many do: none, those of the foreground, or of the background.
  enum class Without { none, foreground, background } without = Without::none;
};

inline std::vector<FillIgnoredCase> fill_ignored_cases() {
  using Without = FillIgnoredCase::Without;
  return {{"one_cell", 1, 1, Mask::full, 0},
          {"one_row", 1, 37, Mask::random, 20},
          {"one_column", 41, 1, Mask::random, 20},
          {"two_columns", 400, 2, Mask::full, 25},  // cells next to each other in order, not in place
          {"few", 17, 23, Mask::random, 3},
          {"half", 33, 70, Mask::soft, 50},
          {"most", 40, 29, Mask::random, 95},
          {"all", 9, 11, Mask::random, 100},
          {"nothing", 9, 11, Mask::random, 0},
          {"no_foreground", 13, 19, Mask::random, 30, Without::foreground},
          {"no_background", 13, 19, Mask::random, 30, Without::background},
          {"all_foreground", 13, 66, Mask::full, 5},
          {"one_pixel", 21, 35, Mask::one_pixel, 30, Without::foreground}};
}

}  // namespace attune::test
