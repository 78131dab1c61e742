// The cases of adamw: comparison, determinism and benchmark all run from this list.
#pragma once

#include <string>
#include <vector>

#include "kernels/adamw/adamw.h"
#include "tests/support/inputs.h"

namespace attune::test {

// Larger cases are for benchmarks alone.
inline constexpr std::int64_t most_adamw_elements_tested = 200000;

struct AdamwCase {
  std::string name;
  std::int64_t elements;
  Values gradients;
  int offset;  // of every array from a vector boundary, in elements
  bool averaged;
  adamw::Options options;
  bool timed = false;  // a size that a network has; benchmarks run it
};

// Options that differ from the defaults in what a case is about.
inline adamw::Options adamw_options(std::int64_t step, double max_norm, std::int64_t decayed,
                                    double weight_decay = 0.01) {
  adamw::Options options;
  options.learning_rate = 0.1;  // large, so that an error in the update shows beside the parameters
  options.step = step;
  options.max_norm = max_norm;
  options.decayed = decayed;
  options.weight_decay = weight_decay;
  options.ema_decay = 0.99;
  return options;
}

inline const std::vector<AdamwCase>& adamw_cases() {
  static const std::vector<AdamwCase> cases = {
      {"empty", 0, Values::random, 0, true, adamw_options(1, 1.0, 0)},
      {"one", 1, Values::random, 1, true, adamw_options(1, 0.0, 1)},
      {"seven", 7, Values::constant, 0, false, adamw_options(2, 0.5, 3)},
      {"thirty_three", 33, Values::large_mean, 1, false, adamw_options(1000, 1.0, 33, 0.1)},
      {"decay_ends_in_a_vector", 1000, Values::random, 0, true, adamw_options(10, 1e9, 501, 0.5)},
      {"no_decay", 16385, Values::constant, 1, false, adamw_options(1, 0.1, 0)},
      {"odd", 100003, Values::random, 1, true, adamw_options(3, 1.0, 50001)},
      {"late", 100003, Values::large_mean, 0, true, adamw_options(1000000, 0.0, 100003)},
      {"tiny_network", 21000, Values::random, 0, true, adamw_options(5, 1.0, 20000), true},
      {"small_network", 1500000, Values::random, 0, true, adamw_options(5, 1.0, 1490000), true},
      {"base_network", 40000000, Values::random, 0, true, adamw_options(5, 1.0, 39900000), true},
  };
  return cases;
}

// Of as many elements as a map has.
inline AdamwCase adamw_case_at(const Shape& map) {
  return {"map", map.elements(), Values::random, 0, true, adamw_options(5, 1.0, map.elements()), true};
}

}  // namespace attune::test
