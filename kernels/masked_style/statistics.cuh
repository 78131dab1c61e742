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

// The running sums behind them: 4 operations an element.
template <int width>
struct ShiftedSums {
  float weight = 0, shift[width] = {}, sum[width] = {}, squares[width] = {};

  __device__ void add(float w, const float (&x)[width]) {
    if (weight == 0) {
#pragma unroll
      for (int i = 0; i < width; ++i) shift[i] = x[i];
    }
    weight += w;
#pragma unroll
    for (int i = 0; i < width; ++i) {
      const float difference = x[i] - shift[i], weighted = w * difference;
      sum[i] += weighted;
      squares[i] += weighted * difference;
    }
  }

  __device__ Statistics<width> statistics() const {
    Statistics<width> result;
    const float inverse = weight > 0 ? 1 / weight : 0;
    result.weight = weight;
#pragma unroll
    for (int i = 0; i < width; ++i) {
      result.shift[i] = shift[i];
      result.offset[i] = sum[i] * inverse;
      const float rest = squares[i] - sum[i] * result.offset[i];
      result.squares[i] = rest < 0 ? 0 : rest;  // a NaN stays
    }
    return result;
  }
};

}  // namespace attune::masked_style::cuda
