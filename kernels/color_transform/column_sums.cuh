// What a column of pixels adds to a row of cells: one thread's part of the transform's gradient.
#pragma once

#include "core/cuda/vector.cuh"
#include "kernels/color_transform/readers.cuh"
#include "kernels/color_transform/upsampled_cells.cuh"

namespace attune::color_transform::cuda {

// Output rows in flight: as many as read a row of cells at half resolution.
constexpr int batch = 4;

struct Pictures {
  const float *x, *mask, *dy;
};

// sums += d (x - 1/2) for A and d for b, with d = m dy of one pixel.
__device__ inline void add_pixel(float m, const float (&x)[3], const float (&dy)[3],
                                 float (&sums)[parameters]) {
#pragma unroll
  for (int i = 0; i < 3; ++i) {
    const float d = m * dy[i];
#pragma unroll
    for (int j = 0; j < 3; ++j) sums[3 * i + j] += d * (x[j] - 0.5f);
    sums[9 + i] += d;
  }
}

// Of one column, whose pixels begin at `first_pixel`, over `rows`, the first of which has weight[0]. Of pixels outside the mask
// nothing more is read.
__device__ inline void sum_rows(const Pictures& a, Span rows, const float* weight, std::int64_t first_pixel,
                                int width, float (&sums)[parameters]) {
  for (int first = rows.begin; first < rows.end; first += batch) {
    float m[batch], x[batch][3], dy[batch][3];
#pragma unroll
    for (int r = 0; r < batch; ++r)
      m[r] = first + r < rows.end ? a.mask[first_pixel + std::int64_t{first + r} * width] : 0;
#pragma unroll
    for (int r = 0; r < batch; ++r) {
      if (m[r] == 0) continue;
      const std::int64_t at = 3 * (first_pixel + std::int64_t{first + r} * width);
      attune::cuda::load_run<1>(a.x + at, x[r]);
      attune::cuda::load_run<1>(a.dy + at, dy[r]);
    }
#pragma unroll
    for (int r = 0; r < batch; ++r)
      if (m[r] != 0) add_pixel(m[r] * weight[first - rows.begin + r], x[r], dy[r], sums);
  }
}

}  // namespace attune::color_transform::cuda
