// Reductions in a fixed order: the same bits on every run, whatever the schedule.
//
// Every function here is called by all threads of the block (warp_reduce: of the warp), active or not, and ends with
// the shared memory free to be used again.
#pragma once

#include <cuda_runtime.h>

#include "core/cuda/launch.cuh"

namespace attune::cuda {

struct Sum {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
struct Maximum {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};

// Of a full warp, in every lane. A butterfly: all lanes compute the same tree, commuted.
template <class T, class Operation>
__device__ T warp_reduce(T value, Operation operation) {
#pragma unroll
  for (int distance = warp_size / 2; distance > 0; distance /= 2)
    value = operation(value, __shfl_xor_sync(0xffffffffu, value, distance));
  return value;
}

// Of a block of whole warps, in every thread. `identity` leaves the other operand as it is.
template <class T, class Operation>
__device__ T block_reduce(T value, T identity, Operation operation) {
  __shared__ T of_warp[warp_size];
  const int thread = static_cast<int>(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z));
  const int warps = static_cast<int>(blockDim.x * blockDim.y * blockDim.z) / warp_size;
  const int lane = thread % warp_size;
  value = warp_reduce(value, operation);
  if (lane == 0) of_warp[thread / warp_size] = value;
  __syncthreads();
  value = warp_reduce(lane < warps ? of_warp[lane] : identity, operation);
  __syncthreads();
  return value;
}

// Merges what the rows (threadIdx.y) of a block hold, column by column (threadIdx.x), into row 0: the shape of every
// reduction over the pixels of an NHWC map. Value is a plain struct with merge(const Value&). A halving tree over the
// rows; `slots` holds one Value a thread.
template <class Value>
__device__ void reduce_rows(Value& value, Value* slots) {
  const int columns = static_cast<int>(blockDim.x), row = static_cast<int>(threadIdx.y);
  Value* const own = slots + row * columns + static_cast<int>(threadIdx.x);
  int rows = static_cast<int>(blockDim.y);
  if (row > 0) *own = value;
  while (rows > 1) {
    const int half = (rows + 1) / 2;
    __syncthreads();
    if (row + half < rows) {
      value.merge(own[half * columns]);
      if (row > 0) *own = value;
    }
    rows = half;
  }
  __syncthreads();
}

// Dynamic shared memory, as many bytes as the launch asked for, as an array of T.
template <class T>
__device__ T* dynamic_shared() {
  extern __shared__ __align__(128) unsigned char dynamic_shared_memory[];
  return reinterpret_cast<T*>(dynamic_shared_memory);
}

}  // namespace attune::cuda
