// A thread's walk over its pixels.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace attune::cuda {

// use(p, load(p)) for p = first, first + step, .. below `end`. The loads of `batch` pixels
// are issued before the first of them is used, so that their latencies overlap.
template <int batch, class Load, class Use>
__device__ __forceinline__ void walk_pixels(std::int64_t first, std::int64_t end, std::int64_t step,
                                            const Load& load, const Use& use) {
  std::int64_t pixel = first;
  for (; pixel + (batch - 1) * step < end; pixel += batch * step) {
    decltype(load(pixel)) loaded[batch];
#pragma unroll
    for (int i = 0; i < batch; ++i) loaded[i] = load(pixel + i * step);
#pragma unroll
    for (int i = 0; i < batch; ++i) use(pixel + i * step, loaded[i]);
  }
  for (; pixel < end; pixel += step) use(pixel, load(pixel));
}

}  // namespace attune::cuda
