// The cases of norm: comparison, determinism and benchmark all run from this list.
#pragma once

#include <string>
#include <vector>

#include "tests/support/inputs.h"

namespace attune::test {

// Larger cases are for benchmarks alone.
inline constexpr std::int64_t most_norm_elements_tested = 300000;

struct NormCase {
  std::string name;
  std::int64_t elements;
  Values values;
  int offset;          // of x from a vector boundary, in elements
  double scale;        // of the values
  bool timed = false;  // a size that a network has; benchmarks run it
};

inline const std::vector<NormCase>& norm_cases() {
  static const std::vector<NormCase> cases = {
      {"empty", 0, Values::random, 0, 1},
      {"one", 1, Values::constant, 1, 1},
      {"seven", 7, Values::large_mean, 0, 1},
      {"thirty_three", 33, Values::random, 1, 1e-30},  // squares below f32's range
      {"one_block", 16384, Values::constant, 0, 1},
      {"one_block_and_one", 16385, Values::random, 1, 1e25},  // squares above f32's range
      {"odd", 100003, Values::large_mean, 1, 1},
      {"many_blocks", 270001, Values::random, 1, 1},  // more than a GPU's second stage has threads
      {"tiny_network", 21000, Values::random, 0, 1, true},
      {"small_network", 1500000, Values::random, 0, 1, true},
      {"base_network", 40000000, Values::random, 0, 1, true},
  };
  return cases;
}

// Of as many elements as a map has.
inline NormCase norm_case_at(const Shape& map) { return {"map", map.elements(), Values::random, 0, 1, true}; }

}  // namespace attune::test
