// How the CPU kernels cut a map into tasks: an image's pixels into runs.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/parallel.h"
#include "core/shape.h"

namespace attune::image_bias {

// An f32 sum of so many keeps its digits, and a run of 12 channels stays in the first cache.
inline constexpr std::int64_t run_pixels = 512;
// With C channels an image's row repeats every C vectors, whatever their width: a task's table has as many, of at most 16 floats.
inline constexpr std::int64_t most_lanes = 16;

inline std::int64_t runs_of(const Shape& map) {
  return std::max<std::int64_t>(1, (map[1] * map[2] + run_pixels - 1) / run_pixels);
}
inline std::int64_t table_entries(const Shape& map) { return map[3] * most_lanes; }

// A task's elements, and its image.
struct Run {
  std::int64_t image, begin, end;
};
inline Run run_of(const Shape& map, std::int64_t task) {
  const std::int64_t runs = runs_of(map), pixels = map[1] * map[2], image = task / runs;
  const Range range = part_of(pixels, runs, task % runs);
  return {image, (image * pixels + range.begin) * map[3], (image * pixels + range.end) * map[3]};
}

}  // namespace attune::image_bias
