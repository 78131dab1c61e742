// The cases of patch_sample: comparison and benchmark run from this list. Sizes, channels, batches, masks,
// sample counts, dtypes and offsets are covered pairwise (math.md, 8).
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "core/dtype.h"
#include "kernels/patch_sample/patch_sample.h"
#include "tests/support/inputs.h"

namespace attune::test {

struct PatchSampleCase {
  std::int64_t images, height, width, channels, samples;
  Mask mask;
  patch_sample::Region region = patch_sample::Region::foreground;
  DType dtype = DType::f32;
  int offset = 0;

  std::string name() const {
    return text(attune::name_of(dtype), '/', images, 'x', height, 'x', width, 'x', channels, "/K", samples,
                '/', test::name_of(mask),
                region == patch_sample::Region::foreground ? "/foreground" : "/background",
                offset ? "/offset" : "");
  }
};

inline std::vector<PatchSampleCase> patch_sample_cases() {
  constexpr auto background = patch_sample::Region::background;
  constexpr auto foreground = patch_sample::Region::foreground;
  constexpr DType f32 = DType::f32, bf16 = DType::bf16;
  return {
      {1, 1, 1, 1, 1, Mask::full},
      {5, 1, 1, 33, 63, Mask::random, background, bf16, 1},
      {1, 7, 13, 3, 63, Mask::soft, foreground, bf16},
      {5, 7, 13, 512, 65, Mask::random, background, f32, 1},
      {1, 7, 13, 32, 257, Mask::full, foreground, f32, 1},
      {5, 7, 13, 5, 1, Mask::one_pixel, foreground, bf16, 1},
      {5, 7, 13, 1, 257, Mask::one_pixel, foreground, f32},
      {1, 7, 13, 512, 256, Mask::all_but_one_pixel, background, bf16},
      {5, 7, 13, 33, 16, Mask::empty, foreground, f32},
      {1, 7, 13, 5, 65, Mask::empty, background, f32},
      {5, 7, 13, 32, 63, Mask::full, background, bf16},
      {1, 255, 257, 1, 1, Mask::random, background, f32},
      {1, 255, 257, 3, 256, Mask::soft, background, bf16, 1},
      {5, 255, 257, 1, 65, Mask::random, foreground, f32, 1},
      {1, 255, 257, 5, 1024, Mask::all_but_one_pixel, foreground, f32},
      {2, 16, 16, 3, 0, Mask::random, foreground, f32},
      {0, 16, 16, 3, 8, Mask::random, foreground, f32},
      {2, 0, 16, 3, 8, Mask::random, background, bf16},
      {2, 16, 16, 0, 8, Mask::random, background, f32},
  };
}

// What training at batch 8 and 192x192 draws from the five encoder levels of the preset `small`.
inline std::vector<PatchSampleCase> patch_sample_network_cases() {
  std::vector<PatchSampleCase> cases;
  const std::int64_t channels[] = {16, 32, 64, 128, 160};
  for (int level = 0; level < 5; ++level)
    cases.push_back({8, 192 >> level, 192 >> level, channels[level], 256, Mask::random});
  return cases;
}

// From any feature map; where that is small, fewer than a region that covers a fifth of it has.
inline PatchSampleCase patch_sample_case_at(const Shape& map) {
  const std::int64_t samples = std::min<std::int64_t>(256, map[1] * map[2] / 8);
  return {map[0], map[1], map[2], map[3], samples, Mask::random};
}

}  // namespace attune::test
