// The tensor cores' product of small bf16 matrices, one warp at a time, and how its operands come from shared memory.
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>

namespace attune::cuda {

__device__ __forceinline__ int lane_in_warp() {
  return static_cast<int>(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % 32;
}

// Two bf16 values of one register; `low` has the smaller index.
__device__ __forceinline__ std::uint32_t bf16_pair(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  std::uint32_t word;
  std::memcpy(&word, &pair, sizeof word);
  return word;
}
// The low (high) halves of two registers.
__device__ __forceinline__ std::uint32_t low_halves(std::uint32_t a, std::uint32_t b) {
  return (a & 0xffffu) | (b << 16);
}
__device__ __forceinline__ std::uint32_t high_halves(std::uint32_t a, std::uint32_t b) {
  return (a >> 16) | (b & 0xffff0000u);
}

// Four 8 x 8 matrices from shared memory, all lanes of a warp together: lane 8 m + r names matrix m's row r, 16 aligned bytes.
// With g = lane / 4 and t = lane % 4 a lane gets (g, 2t) and (g, 2t + 1) of each in one register; (2t, g) and (2t + 1, g)
// where `transposed`.
template <bool transposed>
__device__ __forceinline__ void load_matrices(const std::uint32_t* row, std::uint32_t (&matrix)[4]) {
#ifdef __CUDA_ARCH__
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  if constexpr (transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(matrix[0]), "=r"(matrix[1]), "=r"(matrix[2]), "=r"(matrix[3])
                 : "r"(address)
                 : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(matrix[0]), "=r"(matrix[1]), "=r"(matrix[2]), "=r"(matrix[3])
                 : "r"(address)
                 : "memory");
#else
  const auto word_of = [row](int lane, int word) {
    const auto address = __shfl_sync(0xffffffffu, reinterpret_cast<std::uint64_t>(row), lane);
    return reinterpret_cast<const std::uint32_t*>(address)[word];
  };
  const int lane = lane_in_warp(), g = lane / 4, t = lane % 4;
  for (int m = 0; m < 4; ++m) {
    if (!transposed) {
      matrix[m] = word_of(8 * m + g, t);
      continue;
    }
    const std::uint32_t even = word_of(8 * m + 2 * t, g / 2), odd = word_of(8 * m + 2 * t + 1, g / 2);
    matrix[m] = g % 2 == 0 ? low_halves(even, odd) : high_halves(even, odd);
  }
#endif
}

// sums += a b, all lanes of a warp together: a is 16 x 16, b 16 x 8, in f32. With g = lane / 4 and t = lane % 4 a lane has
//     a:    (g, k), (g + 8, k), (g, k + 8), (g + 8, k + 8), each for k = 2t and 2t + 1 in one register
//     b:    (k, g), (k + 8, g), likewise
//     sums: (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1)
__device__ __forceinline__ void mma_m16n8k16(const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                                             float (&sums)[4]) {
#ifdef __CUDA_ARCH__
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  // The same by shuffles of two registers each: of row g and row g + 8, of columns 2t and 2t + 1, for the four k of a lane.
  const auto joined = [](std::uint32_t low, std::uint32_t high) {
    return low | static_cast<std::uint64_t>(high) << 32;
  };
  const auto dot = [](std::uint64_t u, std::uint64_t v, float sum) {
    for (int shift = 0; shift < 64; shift += 16) {
      const auto value = [shift](std::uint64_t pairs) {
        const auto bits = static_cast<std::uint32_t>(pairs >> shift & 0xffffu) << 16;
        float element;
        std::memcpy(&element, &bits, sizeof element);
        return element;
      };
      sum += value(u) * value(v);
    }
    return sum;
  };
  const int lane = lane_in_warp(), g = lane / 4, t = lane % 4;
  const std::uint64_t row = joined(a[0], a[2]), row_below = joined(a[1], a[3]), column = joined(b[0], b[1]);
  for (int k = 0; k < 4; ++k) {
    const std::uint64_t u = __shfl_sync(0xffffffffu, row, 4 * g + k);
    const std::uint64_t u_below = __shfl_sync(0xffffffffu, row_below, 4 * g + k);
    const std::uint64_t v = __shfl_sync(0xffffffffu, column, 8 * t + k);
    const std::uint64_t v_next = __shfl_sync(0xffffffffu, column, 8 * t + 4 + k);
    sums[0] = dot(u, v, sums[0]);
    sums[1] = dot(u, v_next, sums[1]);
    sums[2] = dot(u_below, v, sums[2]);
    sums[3] = dot(u_below, v_next, sums[3]);
  }
#endif
}

}  // namespace attune::cuda
