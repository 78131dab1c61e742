// The cases of blend_output: comparison, gradient check and benchmark all run from this list.
#pragma once

#include <string>
#include <vector>

#include "core/cost.h"
#include "core/dtype.h"
#include "core/shape.h"
#include "tests/support/inputs.h"

namespace attune::test {

struct BlendOutputCase {
  std::string name;
  Shape image;  // N, H, W, 3
  std::int64_t padded_height, padded_width;
  DType dtype = DType::f32;
  Values values = Values::random;  // the image's
  Mask mask = Mask::random;
  int offset = 0;  // elements by which every pointer is moved off its alignment
  GradientMode dh_mode = GradientMode::overwrite;
  GradientMode dimage_mode = GradientMode::overwrite;

  Shape h() const { return {image[0], padded_height, padded_width, 4}; }
};

// Covers values, masks, sizes, padding, batch, alignment, dtypes and modes pairwise.
inline std::vector<BlendOutputCase> blend_output_cases() {
  constexpr DType f32 = DType::f32, bf16 = DType::bf16;
  constexpr GradientMode ignore = GradientMode::ignore, overwrite = GradientMode::overwrite,
                         accumulate = GradientMode::accumulate;
  return {
      {"one_pixel", {1, 1, 1, 3}, 1, 1, f32, Values::random, Mask::full, 0, overwrite, accumulate},
      {"one_pixel_padded",
       {5, 1, 1, 3},
       16,
       16,
       bf16,
       Values::constant,
       Mask::soft,
       1,
       accumulate,
       overwrite},
      {"small", {5, 7, 13, 3}, 7, 13, bf16, Values::random, Mask::random, 0, overwrite, overwrite},
      {"small_padded", {1, 7, 13, 3}, 16, 16, f32, Values::random, Mask::soft, 1, overwrite, ignore},
      {"small_padded_below",
       {5, 7, 13, 3},
       9,
       13,
       f32,
       Values::large_mean,
       Mask::empty,
       0,
       accumulate,
       accumulate},
      {"small_padded_right",
       {1, 7, 13, 3},
       7,
       15,
       bf16,
       Values::large_mean,
       Mask::one_pixel,
       1,
       ignore,
       overwrite},
      {"large", {1, 255, 257, 3}, 256, 272, f32, Values::random, Mask::soft, 0, overwrite, accumulate},
      {"large_same",
       {2, 255, 257, 3},
       255,
       257,
       bf16,
       Values::constant,
       Mask::all_but_one_pixel,
       1,
       accumulate,
       overwrite},
      // Rows that are read in groups of pixels, and more groups than a block has threads.
      {"groups", {2, 6, 12, 3}, 8, 16, f32, Values::random, Mask::soft, 0, overwrite, accumulate},
      {"groups_bf16", {2, 6, 12, 3}, 8, 16, bf16, Values::random, Mask::soft, 0, accumulate, overwrite},
      {"many_groups", {1, 2, 1028, 3}, 3, 1040, f32, Values::random, Mask::soft, 0, overwrite, overwrite},
      {"groups_astride", {2, 6, 13, 3}, 8, 16, f32, Values::random, Mask::soft, 0, overwrite, overwrite},
      {"groups_astride_padding",
       {2, 6, 12, 3},
       8,
       15,
       f32,
       Values::random,
       Mask::soft,
       0,
       overwrite,
       overwrite},
      {"no_images", {0, 3, 4, 3}, 4, 4},
      {"no_pixels", {2, 0, 4, 3}, 2, 4},
  };
}

// The head of the `small` network (batch 8, 192x192) and of a picture at inference.
inline std::vector<BlendOutputCase> blend_output_network_cases() {
  return {{"8x192x192", {8, 192, 192, 3}, 192, 192}, {"1x1023x1535", {1, 1023, 1535, 3}, 1024, 1536}};
}

// Of pictures of a map's size.
inline BlendOutputCase blend_output_case_at(const Shape& map) {
  return {"map", {map[0], map[1], map[2], 3}, map[1], map[2]};
}

}  // namespace attune::test
