// The cases of resample: comparison, gradient check and benchmark all run from this list.
#pragma once

#include <string>
#include <vector>

#include "core/cost.h"
#include "core/dtype.h"
#include "core/shape.h"
#include "kernels/resample/resample.h"
#include "tests/support/inputs.h"

namespace attune::test {

struct ResampleCase {
  std::string name;
  Shape x;                    // N, H, W, C
  std::int64_t h = 0, w = 0;  // y's size
  resample::Method method = resample::Method::bilinear;
  DType dtype = DType::f32;
  Values values = Values::random;
  int offset = 0;  // elements by which every pointer is moved off its alignment
  GradientMode mode = GradientMode::overwrite;
};

// Covers methods, growing and shrinking, sizes, channels, batch, values, alignment, dtypes and modes
// pairwise.
inline std::vector<ResampleCase> resample_cases() {
  using enum resample::Method;
  constexpr DType f32 = DType::f32, bf16 = DType::bf16;
  constexpr GradientMode overwrite = GradientMode::overwrite, accumulate = GradientMode::accumulate;
  return {
      {"one_pixel", {1, 1, 1, 1}, 1, 1, nearest, f32, Values::random, 0, overwrite},
      {"one_pixel_grown", {5, 1, 1, 3}, 7, 13, bilinear, bf16, Values::random, 1, accumulate},
      {"one_pixel_area", {1, 1, 1, 33}, 3, 2, area, f32, Values::constant, 1, accumulate},
      {"to_one_pixel", {5, 7, 13, 5}, 1, 1, area, f32, Values::large_mean, 0, overwrite},
      {"to_one_pixel_bilinear", {1, 7, 13, 512}, 1, 1, bilinear, bf16, Values::large_mean, 1, overwrite},
      {"nearest_shrinks", {5, 7, 13, 32}, 3, 5, nearest, bf16, Values::large_mean, 0, accumulate},
      {"nearest_grows", {1, 7, 13, 5}, 15, 40, nearest, f32, Values::random, 1, overwrite},
      {"bilinear_shrinks", {5, 7, 13, 33}, 3, 4, bilinear, f32, Values::random, 0, overwrite},
      {"bilinear_grows", {1, 7, 13, 32}, 20, 17, bilinear, f32, Values::large_mean, 1, accumulate},
      {"same_size", {1, 7, 13, 3}, 7, 13, area, bf16, Values::random, 1, overwrite},
      {"area_halves", {5, 14, 26, 1}, 7, 13, area, f32, Values::random, 0, accumulate},
      {"area_uneven", {1, 13, 7, 32}, 5, 4, area, bf16, Values::random, 0, overwrite},
      {"area_grows", {5, 3, 5, 512}, 7, 8, area, f32, Values::random, 1, overwrite},
      {"mixed_directions", {1, 7, 40, 3}, 21, 11, area, f32, Values::large_mean, 1, accumulate},
      {"large_mask", {1, 255, 257, 1}, 32, 33, area, f32, Values::random, 1, overwrite},
      {"large_picture", {1, 255, 257, 3}, 100, 101, bilinear, f32, Values::large_mean, 0, accumulate},
      {"large_channels", {5, 64, 63, 5}, 128, 126, bilinear, bf16, Values::constant, 1, overwrite},
      // Whole vectors of f32: strips of several rows, up to 4 and up to 8 taps an axis, and more.
      {"vectors_grow", {1, 40, 24, 8}, 80, 48, bilinear, f32, Values::random, 0, overwrite},
      {"vectors_shrink", {1, 40, 24, 8}, 8, 5, area, f32, Values::random, 0, accumulate},
      {"vectors_to_one_pixel", {1, 20, 20, 8}, 1, 1, area, f32, Values::random, 0, overwrite},
      {"columns_nobody_reads", {1, 1, 20, 1}, 16, 5, nearest, f32, Values::random, 0, overwrite},
      {"no_images", {0, 3, 3, 4}, 2, 2},
      {"no_channels", {2, 3, 3, 0}, 2, 2},
      {"no_outputs", {2, 3, 3, 4}, 0, 2},
  };
}

// The masks of the `small` network's levels, the picture that it sees, and an image prepared for training.
inline std::vector<ResampleCase> resample_network_cases() {
  using enum resample::Method;
  return {
      {"mask_8x192x192_to_96", {8, 192, 192, 1}, 96, 96, area},
      {"mask_8x192x192_to_12", {8, 192, 192, 1}, 12, 12, area},
      {"picture_1024x1536_to_171x256", {1, 1024, 1536, 3}, 171, 256, area},
      {"picture_480x640_to_256", {1, 480, 640, 3}, 256, 256, bilinear},
      {"map_8x96x96x32_to_192", {8, 96, 96, 32}, 192, 192, bilinear},
  };
}

// That doubles maps to such a size.
inline ResampleCase resample_case_at(const Shape& map) {
  const Shape x = {map[0], map[1] / 2, map[2] / 2, map[3]};
  return {text("map_", x[0], 'x', x[1], 'x', x[2], 'x', x[3], "_to_", map[1]), x, map[1], map[2]};
}

}  // namespace attune::test
