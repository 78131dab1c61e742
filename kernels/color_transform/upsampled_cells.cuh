// The transform at a thread's pixels: the two cells beside a pixel, interpolated between their rows of cells, stay in
// registers and move right with it, so that 4 neighbouring pixels at half resolution read 4 cells of each row, not 8.
#pragma once

#include "core/cuda/vector.cuh"
#include "kernels/resample/bilinear_tap.h"

namespace attune::color_transform::cuda {

inline constexpr int parameters = 12;

// `width` > 1 needs cells that begin at a vector.
template <class T, int width>
class UpsampledCells {
 public:
  // For the pixels of one row, from the cells [h, w, 12] of its image.
  __device__ UpsampledCells(const T* cells, std::int64_t w, const BilinearTap& row)
      : top_(cells + row.lower * w * parameters),
        bottom_(cells + row.upper * w * parameters),
        last_(w - 1),
        row_fraction_(row.fraction) {}

  __device__ __forceinline__ void move_to(const BilinearTap& column) {
    fraction_ = column.fraction;
    if (column.lower == lower_) return;
    if (column.lower == lower_ + 1) {
#pragma unroll
      for (int k = 0; k < parameters; ++k) left_[k] = right_[k];
    } else {
      interpolate(column.lower, left_);
    }
    interpolate(min(column.lower + 1, last_), right_);  // where the tap is clamped its fraction is 0
    lower_ = column.lower;
  }

  // Entry k at the pixel that was moved to.
  __device__ float operator()(int k) const { return left_[k] + fraction_ * (right_[k] - left_[k]); }

 private:
  __device__ void interpolate(std::int64_t cell, float (&values)[parameters]) const {
    float below[parameters];
    attune::cuda::load_run<width>(top_ + cell * parameters, values);
    attune::cuda::load_run<width>(bottom_ + cell * parameters, below);
#pragma unroll
    for (int k = 0; k < parameters; ++k) values[k] += row_fraction_ * (below[k] - values[k]);
  }

  const T *top_, *bottom_;
  std::int64_t last_, lower_ = -2;  // beside no cell
  float row_fraction_, fraction_ = 0;
  float left_[parameters] = {}, right_[parameters] = {};
};

}  // namespace attune::color_transform::cuda
