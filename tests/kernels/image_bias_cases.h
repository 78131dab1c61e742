// The cases of image_bias: comparison, gradient check and benchmark all run from this list.
#pragma once

#include <string>
#include <vector>

#include "core/cost.h"
#include "core/dtype.h"
#include "core/shape.h"
#include "tests/support/inputs.h"

namespace attune::test {

struct ImageBiasCase {
  std::string name;
  Shape map;  // N, H, W, C
  DType dtype = DType::f32;
  Values values = Values::random;
  int offset = 0;  // elements by which every pointer is moved off its alignment
  GradientMode dx_mode = GradientMode::overwrite;
  GradientMode dbias_mode = GradientMode::overwrite;

  Shape bias() const { return {map[0], 1, map[3]}; }
};

// Covers values, sizes, channels, batch, alignment, dtypes and modes pairwise.
inline std::vector<ImageBiasCase> image_bias_cases() {
  constexpr DType f32 = DType::f32, bf16 = DType::bf16;
  constexpr GradientMode ignore = GradientMode::ignore, overwrite = GradientMode::overwrite,
                         accumulate = GradientMode::accumulate;
  return {
      {"one_element", {1, 1, 1, 1}, f32, Values::random, 0, overwrite, overwrite},
      {"one_pixel", {5, 1, 1, 12}, bf16, Values::random, 1, accumulate, overwrite},
      {"small", {5, 7, 13, 12}, f32, Values::random, 0, accumulate, accumulate},
      {"small_bf16", {1, 7, 13, 12}, bf16, Values::random, 0, overwrite, accumulate},
      {"four_channels", {2, 9, 5, 4}, bf16, Values::constant, 0, ignore, overwrite},
      {"odd_channels", {5, 7, 13, 5}, f32, Values::large_mean, 1, overwrite, accumulate},
      {"three_channels", {1, 7, 13, 3}, bf16, Values::large_mean, 1, ignore, accumulate},
      {"many_channels", {2, 3, 5, 33}, f32, Values::constant, 0, overwrite, ignore},
      {"wide", {1, 2, 3, 512}, bf16, Values::random, 1, accumulate, ignore},
      {"tiles", {1, 3, 3, 264}, f32, Values::random, 0, accumulate, overwrite},
      // One pixel more than a run, one less than two.
      {"runs", {2, 1, 513, 12}, f32, Values::random, 0, overwrite, overwrite},
      {"runs_bf16", {1, 31, 33, 12}, bf16, Values::random, 0, accumulate, accumulate},
      {"large", {1, 127, 129, 12}, f32, Values::large_mean, 0, overwrite, overwrite},
      {"no_images", {0, 3, 4, 12}},
      {"no_pixels", {2, 0, 4, 12}, f32, Values::random, 0, overwrite, overwrite},
      {"no_pixels_accumulated", {2, 0, 4, 12}, f32, Values::random, 0, overwrite, accumulate},
      {"no_channels", {2, 3, 4, 0}},
  };
}

// The head's maps of `small`: in training (batch 8, 192x192), and of a picture at inference.
inline std::vector<ImageBiasCase> image_bias_network_cases() {
  return {{"8x96x96x12", {8, 96, 96, 12}}, {"1x88x128x12", {1, 88, 128, 12}}};
}

inline ImageBiasCase image_bias_case_at(const Shape& map) { return {"map", map}; }

}  // namespace attune::test
