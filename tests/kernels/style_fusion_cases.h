// The cases of style_fusion: comparison, gradient check and benchmark all run from this list.
#pragma once

#include <string>
#include <vector>

#include "kernels/style_fusion/style_fusion.h"
#include "tests/support/inputs.h"

namespace attune::test {

struct StyleFusionCase {
  std::string name;
  Shape x;  // N, H, W, C
  DType dtype = DType::f32;
  Values values = Values::random;
  Mask mask = Mask::random;
  style_fusion::Gate gate = style_fusion::Gate::learned;
  bool leaky_relu = true;
  int offset = 0;                               // elements by which every pointer is moved off its alignment
  GradientMode mode = GradientMode::overwrite;  // of every gradient
};

// Covers values, masks, gates, activation, sizes, channels, batch, alignment, dtypes and modes pairwise.
inline std::vector<StyleFusionCase> style_fusion_cases() {
  constexpr DType f32 = DType::f32, bf16 = DType::bf16;
  constexpr auto overwrite = GradientMode::overwrite, accumulate = GradientMode::accumulate;
  constexpr auto learned = style_fusion::Gate::learned, internal = style_fusion::Gate::internal;
  constexpr auto external = style_fusion::Gate::external;
  constexpr auto random = Values::random, large_mean = Values::large_mean, constant = Values::constant;
  return {
      {"one_pixel_full", {1, 1, 1, 1}, f32, random, Mask::full, learned, true, 0, overwrite},
      {"one_pixel_soft", {5, 1, 1, 3}, bf16, random, Mask::soft, internal, false, 1, accumulate},
      {"one_pixel_empty", {5, 1, 1, 512}, f32, large_mean, Mask::empty, external, true, 0, accumulate},
      {"one_pixel_constant", {1, 1, 1, 33}, bf16, constant, Mask::random, learned, false, 1, overwrite},
      {"small_1_channel", {5, 7, 13, 1}, f32, large_mean, Mask::soft, internal, true, 1, accumulate},
      {"small_3_channels", {1, 7, 13, 3}, bf16, random, Mask::one_pixel, external, false, 0, overwrite},
      {"small_5_channels",
       {5, 7, 13, 5},
       f32,
       constant,
       Mask::all_but_one_pixel,
       learned,
       true,
       1,
       overwrite},
      {"small_32_channels", {1, 7, 13, 32}, bf16, large_mean, Mask::empty, internal, false, 1, accumulate},
      {"small_33_channels", {5, 7, 13, 33}, f32, random, Mask::random, learned, true, 1, overwrite},
      {"small_33_channels_added", {5, 7, 13, 33}, f32, random, Mask::soft, learned, true, 0, accumulate},
      {"small_512_channels", {1, 7, 13, 512}, bf16, random, Mask::full, learned, true, 0, accumulate},
      {"small_80_channels",
       {5, 7, 13, 80},
       bf16,
       random,
       Mask::all_but_one_pixel,
       internal,
       true,
       0,
       accumulate},
      {"small_15_channels", {1, 7, 13, 15}, f32, random, Mask::soft, external, false, 0, accumulate},
      {"small_16_channels", {5, 7, 13, 16}, f32, large_mean, Mask::full, external, false, 1, overwrite},
      {"large_1_channel", {1, 255, 257, 1}, bf16, large_mean, Mask::random, learned, true, 0, overwrite},
      {"large_3_channels", {1, 255, 257, 3}, f32, large_mean, Mask::random, internal, false, 0, accumulate},
      {"large_5_channels", {1, 255, 257, 5}, bf16, constant, Mask::soft, external, true, 0, accumulate},
      {"large_1_channel_one_pixel",
       {5, 255, 257, 1},
       f32,
       constant,
       Mask::one_pixel,
       learned,
       true,
       1,
       overwrite},
      {"large_3_channels_random", {1, 255, 257, 3}, f32, random, Mask::random, learned, true, 1, overwrite},
      {"runs_of_32_channels", {5, 20, 60, 32}, f32, large_mean, Mask::soft, learned, true, 0, overwrite},
      {"runs_of_512_channels", {1, 20, 10, 512}, f32, random, Mask::random, internal, true, 1, accumulate},
      {"runs_of_64_channels", {1, 33, 40, 64}, bf16, random, Mask::random, learned, true, 1, overwrite},
      // Whole vectors; on CUDA small images take one pass, forward up to 1280 pixels, backward up to 640.
      {"one_pass_20_channels", {2, 16, 16, 20}, f32, large_mean, Mask::soft, learned, true, 0, overwrite},
      {"one_pass_24_channels", {1, 20, 32, 24}, bf16, random, Mask::random, external, false, 0, overwrite},
      {"one_pass_forward_only", {1, 20, 33, 24}, bf16, random, Mask::random, learned, true, 0, accumulate},
      {"two_passes_20_channels", {1, 35, 37, 20}, f32, large_mean, Mask::soft, learned, true, 0, accumulate},
      {"two_passes_40_channels", {1, 33, 40, 40}, bf16, random, Mask::random, learned, true, 0, overwrite},
      // More pixels than a block's shared memory could hold.
      {"two_passes_16_channels", {1, 61, 64, 16}, f32, random, Mask::soft, external, true, 0, overwrite},
      {"least_weight", {2, 3, 5, 4}, f32, random, Mask::least_weight, learned, true, 0, overwrite},
      {"no_pixels", {2, 0, 3, 8}},
      {"no_channels", {2, 3, 3, 0}},
      {"no_images", {0, 3, 3, 8}},
  };
}

// The feature maps that the `small` network (batch 8, 192x192) and a picture at inference hand to the op.
inline std::vector<StyleFusionCase> style_fusion_network_cases() {
  return {
      {"192", {8, 192, 192, 16}},     {"96", {8, 96, 96, 32}},  {"48", {8, 48, 48, 64}},
      {"24", {8, 24, 24, 128}},       {"12", {8, 12, 12, 160}}, {"wide_192", {8, 192, 192, 32}},
      {"picture", {1, 256, 256, 32}},
  };
}

// On any feature map.
inline StyleFusionCase style_fusion_case_at(const Shape& map) { return {"map", map}; }

}  // namespace attune::test
