// The cases of upsample_concat: comparison, gradient check and benchmark all run from this list.
#pragma once

#include <string>
#include <vector>

#include "core/cost.h"
#include "core/dtype.h"
#include "core/shape.h"
#include "tests/support/inputs.h"

namespace attune::test {

struct UpsampleConcatCase {
  std::string name;
  Shape x;  // N, H / 2, W / 2, Cx
  std::int64_t skip_channels = 1;
  DType dtype = DType::f32;
  Values values = Values::random;
  int offset = 0;  // elements by which every pointer is moved off its alignment
  GradientMode dx_mode = GradientMode::overwrite;
  GradientMode dskip_mode = GradientMode::overwrite;

  Shape skip() const { return {x[0], 2 * x[1], 2 * x[2], skip_channels}; }
  Shape y() const { return {x[0], 2 * x[1], 2 * x[2], x[3] + skip_channels}; }
};

// Covers values, sizes, channels, batch, alignment, dtypes and modes pairwise.
inline std::vector<UpsampleConcatCase> upsample_concat_cases() {
  constexpr DType f32 = DType::f32, bf16 = DType::bf16;
  constexpr GradientMode ignore = GradientMode::ignore, overwrite = GradientMode::overwrite,
                         accumulate = GradientMode::accumulate;
  return {
      {"one_pixel", {1, 1, 1, 1}, 1, f32, Values::random, 0, overwrite, accumulate},
      {"one_pixel_each", {5, 1, 1, 3}, 32, bf16, Values::constant, 1, accumulate, overwrite},
      {"one_pixel_many_channels", {5, 1, 1, 512}, 5, f32, Values::large_mean, 0, accumulate, accumulate},
      {"one_row", {1, 1, 13, 33}, 3, bf16, Values::random, 1, overwrite, overwrite},
      {"one_column", {5, 7, 1, 5}, 33, f32, Values::random, 1, overwrite, accumulate},
      {"small_1_channel", {5, 2, 3, 1}, 512, bf16, Values::large_mean, 0, accumulate, accumulate},
      {"small_3_channels", {1, 7, 13, 3}, 1, f32, Values::large_mean, 1, accumulate, overwrite},
      {"small_32_channels", {1, 7, 13, 32}, 33, f32, Values::constant, 0, overwrite, ignore},
      {"small_33_channels", {5, 7, 13, 33}, 32, bf16, Values::random, 1, accumulate, overwrite},
      {"small_512_channels", {1, 2, 3, 512}, 3, f32, Values::random, 0, ignore, accumulate},
      {"no_skip", {5, 7, 13, 16}, 0, bf16, Values::random, 0, overwrite, overwrite},
      {"large_1_channel", {1, 127, 128, 1}, 3, f32, Values::random, 1, accumulate, accumulate},
      {"large_5_channels", {1, 128, 65, 5}, 1, bf16, Values::large_mean, 0, overwrite, accumulate},
      {"large_32_channels", {1, 33, 31, 32}, 5, f32, Values::random, 0, overwrite, overwrite},
      {"vectors",
       {2, 3, 5, 8},
       12,
       f32,
       Values::random,
       0,
       accumulate,
       overwrite},  // whole vectors of all maps
      {"vectors_in_strips", {1, 40, 24, 16}, 16, f32, Values::random, 0, overwrite, overwrite},
      {"vectors_bf16", {2, 3, 5, 16}, 24, bf16, Values::random, 0, overwrite, accumulate},
      {"no_images", {0, 3, 3, 8}, 4},
      {"no_pixels", {2, 0, 3, 8}, 4},
      {"no_channels", {2, 3, 3, 0}, 4},
  };
}

// The decoder levels of the `small` network (batch 8, 192x192) and of a picture at inference.
inline std::vector<UpsampleConcatCase> upsample_concat_network_cases() {
  return {
      {"8x24x24x160+128", {8, 12, 12, 160}, 128}, {"8x48x48x128+64", {8, 24, 24, 128}, 64},
      {"8x96x96x64+32", {8, 48, 48, 64}, 32},     {"8x192x192x32+16", {8, 96, 96, 32}, 16},
      {"1x256x256x32+16", {1, 128, 128, 32}, 16},
  };
}

// That writes such a map, half of it from either side.
inline UpsampleConcatCase upsample_concat_case_at(const Shape& map) {
  const std::int64_t half = map[3] / 2;
  return {text(map[0], 'x', map[1], 'x', map[2], 'x', half, '+', half),
          {map[0], map[1] / 2, map[2] / 2, half},
          half};
}

}  // namespace attune::test
