// The scratch memory of the CPU kernels: where each output row and column reads, and some planes for each
// task.
#pragma once

#include <cstdint>

#include "core/parallel.h"
#include "core/shape.h"
#include "kernels/color_transform/color_transform.h"
#include "kernels/resample/bilinear_tap.h"

namespace attune::color_transform::cpu {

// The lanes of the widest vector: arrays end in as many valid elements.
inline constexpr std::int64_t padding = 16;

constexpr std::int64_t round_up(std::int64_t size) { return (size + padding - 1) / padding * padding; }

// Floats in one of the 12 planes of a row of cells. A vector load may begin at any cell and at the one after
// it.
constexpr std::int64_t plane_floats(std::int64_t cells) { return round_up(cells + padding + 1); }

// The taps of one axis: output position i reads cells lower[i] and lower[i] + 1. Where a tap is clamped its
// fraction is 0, so that reading one cell too far is harmless.
struct AxisTaps {
  std::int32_t* lower;
  float* fraction;

  static std::int64_t floats(std::int64_t positions) { return round_up(positions + padding); }

  // The padding repeats the last position.
  void fill(double scale, std::int64_t cells, std::int64_t positions) const {
    for (std::int64_t i = 0; i < floats(positions); ++i) {
      const BilinearTap tap = bilinear_tap(i < positions ? i : positions - 1, scale, cells);
      lower[i] = static_cast<std::int32_t>(tap.lower);
      fraction[i] = tap.fraction;
    }
  }
};

// Columns that are interpolated horizontally at a time, for all rows between two rows of cells: the parameters
// of a tile stay in the first-level cache.
inline constexpr std::int64_t tile_columns = 128;

// Where a call goes over more memory than last-level caches hold, what it copies is stored past them.
constexpr bool is_streamed(std::int64_t bytes) { return bytes > std::int64_t{32} << 20; }
// Of [N, H, W, 3] tensors: a pixel is read and written in 12 bytes each, beside 4 of its mask.
inline bool is_streamed(const Shape& image) { return is_streamed(image[0] * image[1] * image[2] * 28); }

struct Scratch {
  std::int64_t cells, width, height;  // cells in a row of T; the picture's size

  // Forward: 12 planes of each of two rows of cells, and of a tile. Backward: 12 sums a column and a cell.
  std::int64_t part_floats() const {
    const std::int64_t forward = 24 * (plane_floats(cells) + tile_columns);
    const std::int64_t backward = 12 * (AxisTaps::floats(width) + plane_floats(cells));
    return forward > backward ? forward : backward;
  }
  std::int64_t bytes() const {
    const std::int64_t taps = 2 * (AxisTaps::floats(width) + AxisTaps::floats(height));
    return checked_multiply(taps + checked_multiply(scratch_parts, part_floats()), sizeof(float));
  }

  AxisTaps columns(void* workspace) const { return taps_at(static_cast<float*>(workspace), width); }
  AxisTaps rows(void* workspace) const {
    return taps_at(static_cast<float*>(workspace) + 2 * AxisTaps::floats(width), height);
  }
  float* part(void* workspace, std::int64_t index) const {
    return static_cast<float*>(workspace) + 2 * (AxisTaps::floats(width) + AxisTaps::floats(height)) +
           index * part_floats();
  }

 private:
  static AxisTaps taps_at(float* data, std::int64_t positions) {
    return {reinterpret_cast<std::int32_t*>(data), data + AxisTaps::floats(positions)};
  }
};

// dtransform, as its mode says; backward adds dimage.
void backward_transform(Context& context, const Backward& arguments, const Options& options);

}  // namespace attune::color_transform::cpu
