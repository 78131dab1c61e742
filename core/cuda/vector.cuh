// Loads and stores of up to 128 bits: `width` neighbouring f32 or bf16 elements as f32 in registers.
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>

#include "core/dtype.h"

namespace attune::cuda {

constexpr int vector_bytes = 16;  // the widest load of one thread
template <class T>
inline constexpr int vector_width = vector_bytes / static_cast<int>(sizeof(T));

template <class... Pointers>
bool aligned_to_vector(Pointers... data) {
  return (... && (reinterpret_cast<std::uintptr_t>(data) % vector_bytes == 0));
}

// True where every row of `columns` elements can be read in whole vectors.
template <class T>
bool vectors_fit(const void* data, std::int64_t columns) {
  return aligned_to_vector(data) && columns % vector_width<T> == 0;
}

// The bits of `width` elements as one aligned load leaves them.
template <class T, int width>
struct alignas(sizeof(T) * width) Packed {
  T element[width];
};

// `p` is aligned to the whole vector; width 1 needs the element's own alignment only. Zeros unless `wanted`.
template <int width, class T>
__device__ __forceinline__ Packed<T, width> load_packed_if(bool wanted, const T* p) {
  Packed<T, width> result;
  if constexpr (sizeof(result) % sizeof(std::uint32_t) != 0) {
    result = {};
    if (wanted) result = *reinterpret_cast<const Packed<T, width>*>(p);
  } else {
    // In whole words: of 16-bit elements the compiler would make registers at once, and unpack's 1 instruction 3.
    Packed<std::uint32_t, sizeof(result) / sizeof(std::uint32_t)> words = {};
    if (wanted) words = *reinterpret_cast<const decltype(words)*>(p);
    std::memcpy(&result, &words, sizeof result);
  }
  return result;
}
template <int width, class T>
__device__ __forceinline__ Packed<T, width> load_packed(const T* p) {
  return *reinterpret_cast<const Packed<T, width>*>(p);
}

template <int width, class T>
__device__ __forceinline__ void store_packed(const Packed<T, width>& packed, T* p) {
  *reinterpret_cast<Packed<T, width>*>(p) = packed;
}

template <int width>
__device__ __forceinline__ void unpack(const Packed<float, width>& packed, float (&values)[width]) {
#pragma unroll
  for (int i = 0; i < width; ++i) values[i] = packed.element[i];
}
// Of a pair by whole words, one instruction an element: through its 16 bits ptxas takes two.
template <int width>
__device__ __forceinline__ void unpack(const Packed<bfloat16, width>& packed, float (&values)[width]) {
  if constexpr (width == 1) {
    values[0] = static_cast<float>(packed.element[0]);
  } else {
    static_assert(width % 2 == 0);
    std::uint32_t pairs[width / 2];
    std::memcpy(pairs, packed.element, sizeof pairs);
#pragma unroll
    for (int i = 0; i < width; ++i) {
      const std::uint32_t word = i % 2 == 0 ? pairs[i / 2] << 16 : pairs[i / 2] & 0xffff0000u;
      std::memcpy(values + i, &word, sizeof word);
    }
  }
}

template <int width, class T>
__device__ __forceinline__ void load(const T* p, float (&values)[width]) {
  unpack(load_packed<width>(p), values);
}

// sum += weight * the vector at `p`
template <int width, class T>
__device__ __forceinline__ void add_weighted(float weight, const T* p, float (&sum)[width]) {
  float values[width];
  load<width>(p, values);
#pragma unroll
  for (int i = 0; i < width; ++i) sum[i] += weight * values[i];
}

template <int width>
__device__ __forceinline__ void store(const float (&values)[width], float* p) {
  Packed<float, width> packed;
#pragma unroll
  for (int i = 0; i < width; ++i) packed.element[i] = values[i];
  *reinterpret_cast<Packed<float, width>*>(p) = packed;
}

// Rounds to nearest even, two elements an instruction.
template <int width>
__device__ __forceinline__ void store(const float (&values)[width], bfloat16* p) {
  if constexpr (width == 1) {
    *p = bfloat16(values[0]);
  } else {
    static_assert(width % 2 == 0);
    std::uint32_t pairs[width / 2];
#pragma unroll
    for (int i = 0; i < width; i += 2) {
      const __nv_bfloat162 pair = __floats2bfloat162_rn(values[i], values[i + 1]);
      std::memcpy(pairs + i / 2, &pair, sizeof pair);
    }
    Packed<bfloat16, width> packed;
    std::memcpy(packed.element, pairs, sizeof pairs);
    *reinterpret_cast<Packed<bfloat16, width>*>(p) = packed;
  }
}

// As store, to global memory and in one instruction where these are 16 bytes: the compiler makes four scalar ones of store in
// kernels whose results come from a tile in shared memory.
template <int width, class T>
__device__ __forceinline__ void store_global(const float (&values)[width], T* p) {
#ifdef __CUDA_ARCH__
  if constexpr (sizeof(T) * width == vector_bytes) {
    Packed<T, width> packed;
    store<width>(values, packed.element);
    uint4 words;
    std::memcpy(&words, &packed, sizeof words);
    return __stwb(reinterpret_cast<uint4*>(p), words);
  }
#endif
  store<width>(values, p);
}

// `count` neighbouring elements in pieces of `width`, to which `p` is aligned: for what is no power of two, such as the
// 12 floats of 4 pixels.
template <int width, int count, class T>
__device__ __forceinline__ void load_run(const T* p, float (&values)[count]) {
  static_assert(count % width == 0);
#pragma unroll
  for (int i = 0; i < count; i += width) {
    float piece[width];
    load<width>(p + i, piece);
#pragma unroll
    for (int k = 0; k < width; ++k) values[i + k] = piece[k];
  }
}
template <int width, int count, class T>
__device__ __forceinline__ void store_run(const float (&values)[count], T* p) {
  static_assert(count % width == 0);
#pragma unroll
  for (int i = 0; i < count; i += width) {
    float piece[width];
#pragma unroll
    for (int k = 0; k < width; ++k) piece[k] = values[i + k];
    store<width>(piece, p + i);
  }
}

}  // namespace attune::cuda
