// What a thread of strip_kernel does to its column: sums over the columns' taps of a row, kept for the rows of the result that
// read it again.
#pragma once

#include "core/cuda/vector.cuh"
#include "kernels/resample/taps.cuh"

namespace attune::resample::cuda {

using namespace attune::cuda;

// A thread's column: the offsets of its taps in a row of `from`, and their weights.
template <int most>
struct Column {
  int offset[most];
  float weight[most];
};

// sum += weight * the column's sum of the row at `from`
template <int width, int most, class T>
__device__ __forceinline__ void add_row(float weight, const Column<most>& column, const T* from,
                                        float (&sum)[width]) {
  constexpr int batch = width > 1 && most > 4 ? 4 : most;  // loads before the first use
#pragma unroll
  for (int first = 0; first < most; first += batch) {
    Packed<T, width> packed[batch];
#pragma unroll
    for (int c = 0; c < batch; ++c) packed[c] = load_packed<width>(from + column.offset[first + c]);
#pragma unroll
    for (int c = 0; c < batch; ++c) {
      float values[width];
      unpack(packed[c], values);
      const float factor = weight * column.weight[first + c];
#pragma unroll
      for (int i = 0; i < width; ++i) sum[i] += factor * values[i];
    }
  }
}

// The sums of rows first .. first + count - 1, at most `most`. Where a map doubles, three quarters of the rows that a row of the
// result reads are held from the one before, and backward half.
template <int width, int most>
struct HeldRows {
  int first = 0, count = 0;
  float sum[most][width] = {};

  // Holds from `first_row` to `last` then; sum_row(row, sum) adds up what is missing.
  template <class SumRow>
  __device__ __forceinline__ void move_to(int first_row, int last, const SumRow& sum_row) {
#pragma unroll 1
    for (; count > 0 && first < first_row; ++first, --count) {
#pragma unroll
      for (int k = 0; k < most - 1; ++k) {
#pragma unroll
        for (int i = 0; i < width; ++i) sum[k][i] = sum[k + 1][i];
      }
    }
    first = first_row;
#pragma unroll
    for (int k = 0; k < most; ++k) {
      if (k < count || first + k > last) continue;
      sum_row(first + k, sum[k]);
      count = k + 1;
    }
  }

  // values += the rows from `first` to `last`, weighted
  __device__ __forceinline__ void weigh(const float (&weight)[most], int last, float (&values)[width]) const {
#pragma unroll
    for (int k = 0; k < most; ++k) {
      if (first + k > last) continue;
#pragma unroll
      for (int i = 0; i < width; ++i) values[i] += weight[k] * sum[k][i];
    }
  }
};

}  // namespace attune::resample::cuda
