// What a position of the result gathers along one axis, in shared or local memory.
#pragma once

#include <cuda_runtime.h>

#include "kernels/resample/axis_run.h"

namespace attune::resample::cuda {

// Positions first .. last of the axis that is gathered from; last < first where there are none. Weights behind the last's are
// 0, so that loads of at(k) need no conditions.
template <int most>
struct alignas(most == 2 ? 16 : 8) Taps {
  int first, last;
  float weight[most];

  __device__ bool empty() const { return last < first; }
  __device__ int at(int k) const { return min(first + k, last); }
};

// How the result is gathered: y from x, or (transpose) dx from dy.
struct Gathering {
  Method method;
  bool transpose;

  __device__ Run run(const Axis& axis, int own) const {
    return transpose ? outputs_of(method, axis, own) : inputs_of(method, axis, own);
  }
  __device__ float weight(const Axis& axis, int own, std::int64_t tap) const {
    return transpose ? weight_of(method, axis, tap, own) : weight_of(method, axis, own, tap);
  }
  // Where there are at most `most`.
  template <int most>
  __device__ Taps<most> taps(const Axis& axis, int own) const {
    const Run run_of_own = run(axis, own);
    Taps<most> result;
    result.first = static_cast<int>(run_of_own.begin);
    result.last = static_cast<int>(run_of_own.end) - 1;
#pragma unroll
    for (int k = 0; k < most; ++k)
      result.weight[k] = result.first + k <= result.last ? weight(axis, own, result.first + k) : 0;
    return result;
  }
};

}  // namespace attune::resample::cuda
