// The cases of masked_style: comparison, gradient check and benchmark all run from this list.
#pragma once

#include <string>
#include <vector>

#include "core/cost.h"
#include "core/dtype.h"
#include "core/shape.h"
#include "tests/support/inputs.h"

namespace attune::test {

struct MaskedStyleCase {
  std::string name;
  Shape x;  // N, H, W, C
  DType dtype = DType::f32;
  Values values = Values::random;
  Mask mask = Mask::random;
  int offset = 0;  // elements by which every pointer is moved off its alignment
  GradientMode dx_mode = GradientMode::overwrite;
};

// Covers values, masks, sizes, channels, batch, alignment, dtypes and modes pairwise.
inline std::vector<MaskedStyleCase> masked_style_cases() {
  constexpr DType f32 = DType::f32, bf16 = DType::bf16;
  constexpr GradientMode overwrite = GradientMode::overwrite, accumulate = GradientMode::accumulate;
  return {
      {"one_pixel_image", {1, 1, 1, 1}, f32, Values::random, Mask::full, 0, overwrite},
      {"one_soft_pixel", {5, 1, 1, 3}, bf16, Values::random, Mask::soft, 1, accumulate},
      {"one_pixel_many_channels", {5, 1, 1, 512}, f32, Values::large_mean, Mask::empty, 0, accumulate},
      {"one_pixel_constant", {1, 1, 1, 33}, bf16, Values::constant, Mask::random, 1, overwrite},
      {"small_1_channel", {5, 7, 13, 1}, f32, Values::large_mean, Mask::soft, 1, accumulate},
      {"small_3_channels", {1, 7, 13, 3}, bf16, Values::random, Mask::one_pixel, 0, overwrite},
      {"small_5_channels", {5, 7, 13, 5}, f32, Values::constant, Mask::all_but_one_pixel, 1, overwrite},
      {"small_32_channels", {1, 7, 13, 32}, bf16, Values::large_mean, Mask::empty, 1, accumulate},
      {"small_33_channels", {5, 7, 13, 33}, f32, Values::random, Mask::random, 1, overwrite},
      {"small_512_channels", {1, 7, 13, 512}, bf16, Values::constant, Mask::full, 0, accumulate},
      {"small_33_channels_added", {1, 7, 13, 33}, f32, Values::large_mean, Mask::one_pixel, 0, accumulate},
      {"small_80_channels", {5, 7, 13, 80}, bf16, Values::random, Mask::all_but_one_pixel, 0, accumulate},
      {"small_15_channels", {1, 7, 13, 15}, f32, Values::random, Mask::soft, 0, accumulate},
      {"small_16_channels", {5, 7, 13, 16}, f32, Values::large_mean, Mask::full, 1, overwrite},
      {"large_1_channel", {1, 255, 257, 1}, bf16, Values::large_mean, Mask::random, 0, overwrite},
      {"large_3_channels", {1, 255, 257, 3}, f32, Values::large_mean, Mask::random, 0, accumulate},
      {"large_5_channels", {1, 255, 257, 5}, bf16, Values::constant, Mask::soft, 0, accumulate},
      {"large_1_channel_one_pixel", {5, 255, 257, 1}, f32, Values::constant, Mask::one_pixel, 1, overwrite},
      {"large_3_channels_full",
       {1, 255, 257, 3},
       bf16,
       Values::large_mean,
       Mask::all_but_one_pixel,
       1,
       overwrite},
      {"runs_of_32_channels", {5, 40, 60, 32}, f32, Values::large_mean, Mask::soft, 0, overwrite},
      {"runs_of_512_channels", {1, 20, 10, 512}, f32, Values::random, Mask::random, 1, accumulate},
      {"runs_of_64_channels", {1, 33, 40, 64}, bf16, Values::random, Mask::full, 1, overwrite},
      {"small_65_channels", {2, 7, 13, 65}, f32, Values::random, Mask::soft, 0, overwrite},
      {"least_weight", {2, 3, 5, 4}, f32, Values::random, Mask::least_weight, 0, overwrite},
      {"no_pixels", {2, 0, 3, 8}},
      {"no_channels", {2, 3, 3, 0}},
      {"no_images", {0, 3, 3, 8}},
  };
}

// The feature maps that the `small` network (batch 8, 192x192) and a picture at inference hand to the op.
inline std::vector<MaskedStyleCase> masked_style_network_cases() {
  return {
      {"192", {8, 192, 192, 16}},     {"96", {8, 96, 96, 32}},     {"48", {8, 48, 48, 64}},
      {"24", {8, 24, 24, 128}},       {"12", {8, 12, 12, 160}},    {"wide_192", {8, 192, 192, 32}},
      {"picture", {1, 256, 256, 32}}, {"rgb", {1, 1024, 1024, 3}},
  };
}

// Of any feature map.
inline MaskedStyleCase masked_style_case_at(const Shape& map) { return {"map", map}; }

}  // namespace attune::test
