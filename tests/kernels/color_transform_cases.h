// The cases of color_transform: comparison, gradient check and benchmark all run from this list.
#pragma once

#include <string>
#include <vector>

#include "core/cost.h"
#include "core/dtype.h"
#include "core/shape.h"
#include "tests/support/inputs.h"

namespace attune::test {

struct ColorTransformCase {
  std::string name;
  Shape transform;  // N, h, w, 12
  Shape image;      // N, H, W, 3
  float scale_y = 0.5f, scale_x = 0.5f;
  DType dtype = DType::f32;
  Values values = Values::random;
  Mask mask = Mask::random;
  int offset = 0;  // elements by which every pointer is moved off its alignment
  GradientMode mode = GradientMode::overwrite;
};

// Covers values, masks, sizes, scales, batch, alignment, dtypes and modes pairwise.
inline std::vector<ColorTransformCase> color_transform_cases() {
  constexpr DType f32 = DType::f32, bf16 = DType::bf16;
  constexpr GradientMode overwrite = GradientMode::overwrite, accumulate = GradientMode::accumulate;
  return {
      {"one_pixel", {1, 1, 1, 12}, {1, 1, 1, 3}, 1, 1, f32, Values::random, Mask::full, 0, overwrite},
      {"one_pixel_each",
       {5, 1, 1, 12},
       {5, 1, 1, 3},
       0.5f,
       0.5f,
       bf16,
       Values::constant,
       Mask::soft,
       1,
       accumulate},
      {"one_cell",
       {5, 1, 1, 12},
       {5, 7, 13, 3},
       0.1f,
       0.1f,
       f32,
       Values::large_mean,
       Mask::soft,
       1,
       accumulate},
      {"halves", {5, 4, 7, 12}, {5, 7, 13, 3}, 0.5f, 0.5f, bf16, Values::random, Mask::random, 0, overwrite},
      {"padded",
       {1, 8, 16, 12},
       {1, 7, 13, 3},
       0.5f,
       0.5f,
       f32,
       Values::random,
       Mask::one_pixel,
       0,
       accumulate},
      {"padded_offset",
       {1, 8, 16, 12},
       {1, 7, 13, 3},
       0.4f,
       0.6f,
       f32,
       Values::constant,
       Mask::full,
       1,
       overwrite},
      {"same_size", {1, 7, 33, 12}, {1, 7, 33, 3}, 1, 1, bf16, Values::large_mean, Mask::full, 1, overwrite},
      {"finer_cells",
       {1, 32, 70, 12},
       {1, 15, 33, 3},
       2.1f,
       2.1f,
       f32,
       Values::random,
       Mask::soft,
       0,
       overwrite},
      {"much_finer",
       {5, 20, 90, 12},
       {5, 3, 17, 3},
       6.5f,
       5,
       bf16,
       Values::random,
       Mask::soft,
       1,
       accumulate},
      {"empty_mask",
       {1, 4, 7, 12},
       {1, 7, 13, 3},
       0.5f,
       0.5f,
       f32,
       Values::large_mean,
       Mask::empty,
       0,
       overwrite},
      {"large",
       {1, 128, 128, 12},
       {1, 255, 257, 3},
       0.5f,
       0.5f,
       f32,
       Values::random,
       Mask::soft,
       0,
       overwrite},
      {"large_coarse",
       {1, 5, 9, 12},
       {1, 255, 257, 3},
       0.02f,
       0.035f,
       bf16,
       Values::random,
       Mask::random,
       1,
       overwrite},
      {"large_batch",
       {2, 32, 64, 12},
       {2, 255, 257, 3},
       0.125f,
       0.25f,
       f32,
       Values::large_mean,
       Mask::all_but_one_pixel,
       1,
       accumulate},
      // Rows of whole vectors of pixels.
      {"groups", {2, 8, 14, 12}, {2, 14, 24, 3}, 0.5f, 0.5f, f32, Values::random, Mask::soft, 0, overwrite},
      {"groups_coarse",
       {2, 3, 5, 12},
       {2, 11, 36, 3},
       0.2f,
       0.13f,
       bf16,
       Values::large_mean,
       Mask::random,
       0,
       accumulate},
      {"groups_finer",
       {1, 20, 40, 12},
       {1, 10, 20, 3},
       1.7f,
       1.9f,
       f32,
       Values::random,
       Mask::soft,
       0,
       accumulate},
      {"groups_offset", {1, 8, 12, 12}, {1, 16, 24, 3}, 0.5f, 0.5f, bf16, Values::random, Mask::soft, 1},
      {"wide", {1, 2, 201, 12}, {1, 4, 404, 3}, 0.5f, 0.5f, f32, Values::random, Mask::soft, 0, accumulate},
      {"beyond_the_cells", {1, 3, 4, 12}, {1, 24, 640, 3}, 0.5f, 0.5f, bf16, Values::random, Mask::soft},
      {"chunks",
       {1, 1, 2, 12},
       {1, 2, 600, 3},
       1,
       1.0f / 300,
       f32,
       Values::random,
       Mask::soft,
       0,
       accumulate},
      {"no_images", {0, 2, 2, 12}, {0, 4, 4, 3}},
      {"no_pixels", {2, 2, 2, 12}, {2, 0, 4, 3}},
      {"no_cells_no_pixels", {2, 0, 0, 12}, {2, 4, 0, 3}},
  };
}

// The `small` network's training step (batch 8 at 192x192) and a picture at inference.
inline std::vector<ColorTransformCase> color_transform_network_cases() {
  return {
      {"8x192x192", {8, 96, 96, 12}, {8, 192, 192, 3}, 0.5f, 0.5f},
      {"1x1024x1536", {1, 88, 128, 12}, {1, 1024, 1536, 3}, 1.0f / 12, 1.0f / 12},
  };
}

// Of pictures of a map's size, by cells of two pixels.
inline ColorTransformCase color_transform_case_at(const Shape& map) {
  return {"map", {map[0], map[1] / 2, map[2] / 2, 12}, {map[0], map[1], map[2], 3}};
}

}  // namespace attune::test
