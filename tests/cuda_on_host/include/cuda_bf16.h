// bfloat16 on the host: the names of <cuda_bf16.h> that attune uses.
#pragma once

#include <cuda_runtime.h>

struct alignas(4) __nv_bfloat162 {
  std::uint16_t x, y;
};

inline std::uint16_t cuda_on_host_round_to_bf16(float value) {
  std::uint32_t word;
  std::memcpy(&word, &value, sizeof word);
  if ((word & 0x7fffffffu) > 0x7f800000u) return 0x7fff;  // the device has one NaN
  return static_cast<std::uint16_t>((word + 0x7fffu + ((word >> 16) & 1u)) >> 16);
}

// Rounds both to nearest, ties to even; `a` becomes the low half.
inline __nv_bfloat162 __floats2bfloat162_rn(float a, float b) {
  return {cuda_on_host_round_to_bf16(a), cuda_on_host_round_to_bf16(b)};
}
