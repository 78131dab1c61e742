// The rows of an image on the device: where they lie, which count, and 1 / max(|z|, minimum_length) of each.
#pragma once

#include "core/cuda/launch.cuh"
#include "core/cuda/reduce.cuh"
#include "core/cuda/vector.cuh"
#include "kernels/patch_infonce/roles.h"

namespace attune::patch_infonce::cuda {

using namespace attune::cuda;

constexpr int block_threads = 256;
// Where a warp owns a row.
constexpr int rows_per_block = block_threads / warp_size;

template <class T>
struct RowSet {
  const T* rows;              // [images, capacity, depth]
  const std::int32_t* count;  // [images]; null: all
  float* inverse;             // [images, capacity]
  std::int64_t capacity;

  __device__ std::int64_t counted(std::int64_t image) const { return count ? count[image] : capacity; }
};

template <class T>
struct Problem {
  RowSet<T> anchors, positives, negatives;
  const std::int32_t* positive_index;  // [images, anchors]; null in set mode
  std::int64_t images;
  int depth;
  float inverse_temperature;
  float scale;  // of a cosine to a logit as logits.cuh counts it; 1 for nearest
  bool other_positives_in_denominator;

  __device__ RowSet<T> set(unsigned which) const {
    return which == 0 ? anchors : which == 1 ? positives : negatives;
  }
  __device__ Counts counts(std::int64_t image) const {
    return {anchors.counted(image), positives.counted(image), negatives.counted(image)};
  }
  __device__ bool contributes(std::int64_t image) const {
    return counts(image).contribute(other_positives_in_denominator);
  }
};

__device__ inline int lane_of_thread() { return static_cast<int>(threadIdx.x) % warp_size; }
// The row that the warp owns where blockIdx.y counts groups of rows_per_block.
__device__ inline std::int64_t row_of_warp() {
  return std::int64_t{blockIdx.y} * rows_per_block + threadIdx.x / warp_size;
}

// For all threads of a block.
template <class T>
__device__ std::int64_t contributing_images(const Problem<T>& problem) {
  std::int64_t images = 0;
  for (std::int64_t image = threadIdx.x; image < problem.images; image += blockDim.x)
    images += problem.contributes(image) ? 1 : 0;
  return block_reduce(images, std::int64_t{0}, Sum());
}

// <u, v> of two rows by a full warp, in every lane. `width` > 1 needs aligned rows.
template <int width, class T>
__device__ float warp_dot(const T* u, const T* v, int depth) {
  float dot = 0;
  for (int d = lane_of_thread() * width; d < depth; d += warp_size * width) {
    float left[width], right[width];
    load<width>(u + d, left);
    load<width>(v + d, right);
#pragma unroll
    for (int i = 0; i < width; ++i) dot = fmaf(left[i], right[i], dot);
  }
  return warp_reduce(dot, Sum());
}

// Grid: image x rows_per_block rows x set; a warp owns a row.
template <class T, int width>
__global__ void __launch_bounds__(block_threads) inverse_kernel(Problem<T> problem) {
  const std::int64_t image = blockIdx.x, row = row_of_warp();
  const RowSet<T> set = problem.set(blockIdx.z);
  if (row >= set.counted(image)) return;
  const std::int64_t at = image * set.capacity + row;
  const T* z = set.rows + at * problem.depth;
  const float length = sqrtf(warp_dot<width>(z, z, problem.depth));
  if (lane_of_thread() == 0) set.inverse[at] = 1 / fmaxf(length, minimum_length);
}

}  // namespace attune::patch_infonce::cuda
