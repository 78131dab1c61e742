// The statistics of a region as threads hold and merge them; style_fusion's one-pass kernel takes them too.
#pragma once

#include <cuda_runtime.h>

#include "kernels/masked_style/masked_style.h"

namespace attune::masked_style::cuda {

constexpr int regions = 2;

// Weight, mean (shift + offset) and sum of squared deviations of some pixels of one region, for `width` channels. The
// shift is the value of one of these pixels, so that differences of means keep their digits however far from 0 they are.
template <int width>
struct Statistics {
  float weight, shift[width], offset[width], squares[width];

  // The first pixel's values become the shift. While pixels are added, from {} on, offset and squares are the sums of
  // w (x - shift) and w (x - shift)^2.
  __device__ void start(const float (&x)[width]) {
    if (weight > 0) return;
#pragma unroll
    for (int i = 0; i < width; ++i) shift[i] = x[i];
  }
  __device__ void add(float w, const float (&x)[width]) {
    weight += w;
#pragma unroll
    for (int i = 0; i < width; ++i) {
      const float difference = x[i] - shift[i], weighted = w * difference;
      offset[i] += weighted;
      squares[i] += weighted * difference;
    }
  }
  // Behind the last pixel.
  __device__ void close() {
    const float inverse = weight > 0 ? 1 / weight : 0;
#pragma unroll
    for (int i = 0; i < width; ++i) {
      const float sum = offset[i];
      offset[i] = sum * inverse;
      const float rest = squares[i] - sum * offset[i];
      squares[i] = rest < 0 ? 0 : rest;  // a NaN stays
    }
  }

  // Chan's formula. A side without weight changes nothing, but its NaN does.
  __device__ void merge(const Statistics& other) {
    const float total = weight + other.weight;
    const float share = total > 0 ? other.weight / total : 0;
#pragma unroll
    for (int i = 0; i < width; ++i) {
      if (weight == 0) shift[i] = other.shift[i];
      const float difference = (other.shift[i] - shift[i]) + (other.offset[i] - offset[i]);
      offset[i] += difference * share;
      squares[i] += other.squares[i] + difference * difference * (weight * share);
    }
    weight = total;
  }

  // Of a whole region: 0 and 1 without weight.
  __device__ float mean(int i) const { return weight >= minimum_weight ? shift[i] + offset[i] : 0; }
  __device__ float sd(int i, float eps) const {
    return weight >= minimum_weight ? sqrtf(squares[i] / weight + eps) : 1;
  }
};

// A thread's sums of both regions. Masks are 0 or 1 almost everywhere, and the few pixels of a warp are neighbours, so that
// mostly a pixel costs one region's work: 3 operations an element, not 8.
template <int width>
struct MaskedSums {
  Statistics<width> foreground = {}, background = {};

  __device__ __forceinline__ void add(float mask, const float (&x)[width]) {
    if (mask == 1 && foreground.weight > 0) {
      foreground.add(1, x);
    } else if (mask == 0 && background.weight > 0) {
      background.add(1, x);
    } else {  // a region's first pixel, or one of both
      if (mask > 0) foreground.start(x);
      if (mask < 1) background.start(x);
      foreground.add(mask, x);
      background.add(1 - mask, x);
    }
  }

  // Behind the last pixel. A NaN that one region met is the other's as well.
  __device__ void close() {
    foreground.close();
    background.close();
#pragma unroll
    for (int i = 0; i < width; ++i) {
      const float both = foreground.squares[i] + background.squares[i];
      if (both != both)
        foreground.offset[i] = foreground.squares[i] = background.offset[i] = background.squares[i] = both;
    }
  }
};

}  // namespace attune::masked_style::cuda
