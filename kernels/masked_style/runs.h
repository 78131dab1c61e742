// How the kernels over masked regions cut a feature map into tasks, and how their scratch memory is laid out.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/dtype.h"
#include "core/shape.h"

namespace attune::masked_style {

// The pixels of every image, cut into runs. The cut depends on the shape alone, so that results do not depend
// on the number of threads.
struct Runs {
  std::int64_t images, pixels, channels;  // pixels of one image
  std::int64_t length;                    // pixels of a run; an image's last one may be shorter
  std::int64_t per_image;                 // at least 1: an image without pixels has one empty run

  explicit Runs(const Shape& x) : images(x[0]), pixels(checked_multiply(x[1], x[2])), channels(x[3]) {
    // 128 KiB of f32: a run and its partial sums stay in L2 while the blocks of channels pass over it, and
    // 1024 pixels summed in f32 keep 5 digits even in the worst case.
    constexpr std::int64_t run_elements = 32768, shortest = 64, longest = 1024;
    length = std::clamp(run_elements / std::max<std::int64_t>(channels, 1) / shortest * shortest, shortest,
                        longest);
    per_image = std::max<std::int64_t>(1, (pixels + length - 1) / length);
  }

  struct Run {
    std::int64_t image;
    std::int64_t first;   // its first pixel, counted over all images
    std::int64_t pixels;  // how many
  };
  std::int64_t count() const { return images * per_image; }
  Run operator[](std::int64_t task) const {
    const std::int64_t image = task / per_image, first = task % per_image * length;
    return {image, image * pixels + first, std::min(length, pixels - first)};
  }
};

// Floats from one row of per-channel values to the next: whole vectors on every target. Channels that do not
// fill a vector are repeated until `channels` vectors are filled (region_walk-inl.h says why).
constexpr std::int64_t row_stride(std::int64_t channels) {
  constexpr std::int64_t most_lanes = 16;
  return channels < most_lanes ? channels * most_lanes
                               : (channels + most_lanes - 1) / most_lanes * most_lanes;
}

// What one run contributes, in scratch memory: two weights, then rows of row_stride(C) floats.
class Partial {
 public:
  static std::int64_t floats(std::int64_t channels) { return header + 6 * row_stride(channels); }

  Partial(float* data, std::int64_t channels) : data_(data), stride_(row_stride(channels)) {}
  float& weight(int region) const { return data_[region]; }
  // The shift of the region's sums, until the run is finished; then its mean.
  float* mean(int region) const { return data_ + header + region * stride_; }
  // Four rows: the sum of w (x - shift) and of w (x - shift)^2, for either region.
  float* sums() const { return data_ + header + 2 * stride_; }
  // The second row of a region: once the run is finished, the squared deviations from the mean.
  float* squares(int region) const { return sums() + (2 * region + 1) * stride_; }
  std::int64_t stride() const { return stride_; }

 private:
  static constexpr std::int64_t header = 16;
  float* data_;
  std::int64_t stride_;
};

// Bytes of one partial for every run.
inline std::int64_t partials_bytes(const Runs& runs) {
  return checked_multiply(runs.count(), Partial::floats(runs.channels) * size_of(DType::f32));
}

}  // namespace attune::masked_style
