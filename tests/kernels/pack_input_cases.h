// The cases of pack_input: comparison, gradient check and benchmark all run from this list.
#pragma once

#include <string>
#include <vector>

#include "core/cost.h"
#include "core/dtype.h"
#include "core/shape.h"
#include "tests/support/inputs.h"

namespace attune::test {

struct PackInputCase {
  std::string name;
  Shape picture;  // N, H, W, 3
  std::int64_t padded_height, padded_width;
  DType dtype = DType::f32;
  Values values = Values::random;
  Mask mask = Mask::random;
  bool with_mask = true;
  int offset = 0;  // elements by which every pointer is moved off its alignment
  GradientMode mode = GradientMode::overwrite;

  Shape x() const { return {picture[0], padded_height, padded_width, 4}; }
};

// Covers values, masks, sizes, padding, batch, alignment, dtypes and modes pairwise.
inline std::vector<PackInputCase> pack_input_cases() {
  constexpr DType f32 = DType::f32, bf16 = DType::bf16;
  constexpr GradientMode overwrite = GradientMode::overwrite, accumulate = GradientMode::accumulate;
  return {
      {"one_pixel", {1, 1, 1, 3}, 1, 1, f32, Values::random, Mask::full, true, 0, overwrite},
      {"one_pixel_padded", {5, 1, 1, 3}, 16, 16, bf16, Values::constant, Mask::soft, true, 1, accumulate},
      {"one_pixel_wide", {1, 1, 1, 3}, 1, 7, f32, Values::large_mean, Mask::one_pixel, false, 1, overwrite},
      {"small", {5, 7, 13, 3}, 7, 13, bf16, Values::random, Mask::random, true, 0, overwrite},
      {"small_padded", {1, 7, 13, 3}, 16, 16, f32, Values::random, Mask::soft, true, 1, accumulate},
      {"small_padded_below",
       {5, 7, 13, 3},
       9,
       13,
       f32,
       Values::large_mean,
       Mask::empty,
       false,
       0,
       accumulate},
      {"small_padded_right", {1, 7, 13, 3}, 7, 15, bf16, Values::large_mean, Mask::full, true, 1, overwrite},
      {"large", {1, 255, 257, 3}, 256, 272, f32, Values::random, Mask::soft, true, 0, overwrite},
      {"large_no_mask",
       {2, 255, 257, 3},
       255,
       257,
       bf16,
       Values::constant,
       Mask::random,
       false,
       1,
       accumulate},
      // Rows that are read in groups of pixels, and more groups than a block has threads.
      {"groups", {2, 6, 12, 3}, 8, 16, f32, Values::random, Mask::soft, true, 0, accumulate},
      {"groups_bf16", {2, 6, 12, 3}, 8, 16, bf16, Values::random, Mask::soft, true, 0, overwrite},
      {"many_groups", {1, 2, 1028, 3}, 3, 1040, f32, Values::random, Mask::soft, true, 0, overwrite},
      {"groups_astride", {2, 6, 13, 3}, 8, 16, f32, Values::random, Mask::soft, true, 0, overwrite},
      {"groups_astride_padding", {2, 6, 12, 3}, 8, 15, f32, Values::random, Mask::soft, true, 0, overwrite},
      {"no_images", {0, 3, 4, 3}, 4, 4},
      {"no_pixels", {2, 0, 4, 3}, 0, 4},
  };
}

// The input of the `small` network (batch 8, 192x192) and of a picture at inference.
inline std::vector<PackInputCase> pack_input_network_cases() {
  return {{"8x192x192", {8, 192, 192, 3}, 192, 192}, {"1x171x256", {1, 171, 256, 3}, 176, 256}};
}

// Of pictures of a map's size.
inline PackInputCase pack_input_case_at(const Shape& map) {
  return {"map", {map[0], map[1], map[2], 3}, map[1], map[2]};
}

}  // namespace attune::test
