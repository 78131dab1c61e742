// The cases of reconstruction: comparison, gradient check, determinism and benchmark all run from this list.
#pragma once

#include <string>
#include <vector>

#include "core/cost.h"
#include "kernels/reconstruction/reconstruction.h"
#include "tests/support/inputs.h"

namespace attune::test {

struct ReconstructionCase {
  std::string name;
  std::int64_t batch, height, width;
  reconstruction::Penalty penalty;
  Values values;  // of prediction and target; `constant` makes them equal
  Mask mask;
  int offset;  // of every array from a vector boundary, in elements
  GradientMode mode;
  bool timed = false;  // a shape that the network has; benchmarks run it
};

inline const char* name_of(reconstruction::Penalty penalty) {
  switch (penalty) {
    case reconstruction::Penalty::squared:
      return "squared";
    case reconstruction::Penalty::robust:
      return "robust";
    case reconstruction::Penalty::absolute:
      return "absolute";
    case reconstruction::Penalty::logarithmic:
      return "logarithmic";
  }
  return "?";
}

inline const std::vector<ReconstructionCase>& reconstruction_cases() {
  using Penalty = reconstruction::Penalty;
  constexpr GradientMode overwrite = GradientMode::overwrite, accumulate = GradientMode::accumulate;
  static const std::vector<ReconstructionCase> cases = {
      {"no_images", 0, 7, 13, Penalty::robust, Values::random, Mask::full, 0, overwrite},
      {"no_pixels", 2, 0, 13, Penalty::squared, Values::random, Mask::full, 0, overwrite},
      {"one_pixel", 1, 1, 1, Penalty::squared, Values::random, Mask::full, 1, accumulate},
      {"one_pixel_empty", 5, 1, 1, Penalty::absolute, Values::random, Mask::empty, 0, overwrite},
      {"small", 5, 7, 13, Penalty::robust, Values::random, Mask::soft, 1, accumulate},
      {"small_logarithmic", 5, 7, 13, Penalty::logarithmic, Values::random, Mask::random, 1, accumulate},
      {"small_equal", 1, 7, 13, Penalty::absolute, Values::constant, Mask::random, 1, overwrite},
      {"small_equal_robust", 5, 7, 13, Penalty::robust, Values::constant, Mask::one_pixel, 0, overwrite},
      {"small_equal_logarithmic", 5, 7, 13, Penalty::logarithmic, Values::constant, Mask::one_pixel, 0,
       overwrite},
      {"small_large_mean", 1, 7, 13, Penalty::squared, Values::large_mean, Mask::one_pixel, 1, overwrite},
      {"one_run", 1, 64, 64, Penalty::absolute, Values::large_mean, Mask::soft, 0, accumulate},
      {"odd", 1, 255, 257, Penalty::squared, Values::random, Mask::all_but_one_pixel, 1, accumulate},
      {"odd_empty", 1, 255, 257, Penalty::robust, Values::large_mean, Mask::empty, 0, accumulate},
      {"odd_random", 2, 255, 257, Penalty::absolute, Values::random, Mask::random, 1, overwrite},
      {"aligned", 2, 96, 128, Penalty::robust, Values::random, Mask::soft, 0, overwrite},  // in several slabs
      {"odd_logarithmic", 2, 255, 257, Penalty::logarithmic, Values::large_mean, Mask::soft, 0, overwrite},
      {"many_images", 33, 2, 4, Penalty::squared, Values::random, Mask::soft, 0, accumulate},
      {"training", 8, 192, 192, Penalty::robust, Values::random, Mask::random, 0, overwrite, true},
      {"training_256", 8, 256, 256, Penalty::squared, Values::random, Mask::soft, 0, overwrite, true},
      {"large", 16, 512, 512, Penalty::absolute, Values::random, Mask::soft, 0, overwrite, true},
  };
  return cases;
}

// Of pictures of a map's size.
inline ReconstructionCase reconstruction_case_at(const Shape& map) {
  return {"map",
          map[0],
          map[1],
          map[2],
          reconstruction::Penalty::robust,
          Values::random,
          Mask::random,
          0,
          GradientMode::overwrite,
          true};
}

}  // namespace attune::test
