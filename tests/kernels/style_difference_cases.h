// The cases of style_difference: comparison, gradient check and benchmark all run from this list.
#pragma once

#include <string>
#include <vector>

#include "core/cost.h"
#include "core/dtype.h"
#include "core/shape.h"

namespace attune::test {

// Which images lack a region in every second map: they give zeros there.
enum class MissingRegion { no, one_foreground, one_background, all };

struct StyleDifferenceCase {
  std::string name;
  std::int64_t images;
  std::vector<std::int64_t> channels;  // a map
  MissingRegion missing = MissingRegion::no;
  int offset = 0;  // elements by which every pointer is moved off its alignment
  std::vector<GradientMode> modes = {GradientMode::overwrite};  // of the maps, over and over

  std::int64_t all_channels() const {
    std::int64_t sum = 0;
    for (const std::int64_t count : channels) sum += count;
    return sum;
  }
  Shape rows() const { return {images, 1, 4 * all_channels()}; }
};

// Covers map counts, channels, images, missing regions, alignment and modes pairwise.
inline std::vector<StyleDifferenceCase> style_difference_cases() {
  constexpr GradientMode ignore = GradientMode::ignore, overwrite = GradientMode::overwrite,
                         accumulate = GradientMode::accumulate;
  return {
      {"one", 1, {1}, MissingRegion::no, 0, {overwrite}},
      {"one_image_without_foreground", 1, {3}, MissingRegion::one_foreground, 1, {overwrite}},
      {"one_image_without_background", 1, {5}, MissingRegion::one_background, 0, {accumulate}},
      {"two_maps", 5, {3, 32}, MissingRegion::one_foreground, 1, {accumulate, overwrite}},
      {"two_maps_one_ignored", 5, {33, 5}, MissingRegion::one_background, 0, {ignore, accumulate}},
      {"nothing_valid", 2, {3, 5}, MissingRegion::all, 1, {overwrite, accumulate}},
      // The edges between maps lie inside, at the end and at the start of a block of channels.
      {"block_edges", 2, {127, 1, 1, 127, 129}, MissingRegion::no, 0, {overwrite, ignore, accumulate}},
      {"many_maps", 3, {1, 2, 3, 4, 5, 6, 7, 8}, MissingRegion::one_foreground, 0, {overwrite, accumulate}},
      {"a_map_without_channels", 2, {3, 0, 5}, MissingRegion::no, 0, {overwrite}},
      {"network", 8, {3, 32, 64, 128, 160}, MissingRegion::one_background, 0, {accumulate}},
      {"wide", 1, {512}, MissingRegion::no, 1, {accumulate}},
      {"no_images", 0, {3, 5}},
      {"no_channels", 2, {0}},
  };
}

// The picture and the levels of `small` (batch 8) and of one picture at inference.
inline std::vector<StyleDifferenceCase> style_difference_network_cases() {
  return {{"small", 8, {3, 32, 64, 128, 160}}, {"picture", 1, {3, 32, 64, 128, 160}}};
}

}  // namespace attune::test
