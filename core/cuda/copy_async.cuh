// Copies from global to shared memory that go on while the thread works, in groups: a thread closes what it began as a group,
// and waits until at most so many of its groups are open. Others see its copies behind a barrier after that.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace attune::cuda {

// `bytes` is 4 or 16, to which both addresses are aligned. Zeros where the source doesn't exist; it is not read then.
template <int bytes>
__device__ __forceinline__ void copy_async(void* shared, const void* global, bool exists) {
  static_assert(bytes == 4 || bytes == 16);
#ifdef __CUDA_ARCH__
  const auto target = static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
  const int present = exists ? bytes : 0;
  if constexpr (bytes == 16)  // past the first-level cache
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 :
                 : "r"(target), "l"(global), "r"(present)
                 : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;"
                 :
                 : "r"(target), "l"(global), "r"(present)
                 : "memory");
#else
  struct alignas(bytes) Piece {
    std::uint32_t word[bytes / 4];
  };
  *static_cast<Piece*>(shared) = exists ? *static_cast<const Piece*>(global) : Piece{};
#endif
}

__device__ __forceinline__ void close_copies() {
#ifdef __CUDA_ARCH__
  asm volatile("cp.async.commit_group;" : : : "memory");
#endif
}

template <int open>
__device__ __forceinline__ void await_copies() {
#ifdef __CUDA_ARCH__
  asm volatile("cp.async.wait_group %0;" : : "n"(open) : "memory");
#endif
}

}  // namespace attune::cuda
