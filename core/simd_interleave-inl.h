// Loads and stores of interleaved pixels, 3 or 4 channels of f32 or bf16, as one f32 vector a channel.
//
// Included once per target, as simd-inl.h is. `n` <= lanes() pixels are touched, not one byte more; lanes
// from n on are 0 after a load.
#include <type_traits>

#include "core/simd-inl.h"

#if defined(ATTUNE_CORE_SIMD_INTERLEAVE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_CORE_SIMD_INTERLEAVE_INL_H_
#undef ATTUNE_CORE_SIMD_INTERLEAVE_INL_H_
#else
#define ATTUNE_CORE_SIMD_INTERLEAVE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::HWY_NAMESPACE {

inline constexpr std::size_t max_lanes = HWY_MAX_BYTES / sizeof(float);

// `count` elements as floats, then zeros up to `total`, a multiple of lanes().
template <class T>
HWY_INLINE void widen(const T* p, std::size_t count, float* buffer, std::size_t total) {
  const std::size_t step = lanes();
  for (std::size_t i = 0; i < total; i += step) {
    if (i + step <= count)
      store(load(p + i), buffer + i);
    else
      store(i < count ? load_n(p + i, count - i) : hn::Zero(F32()), buffer + i);
  }
}

// The first `count` floats of the buffer, stored as T.
template <class T>
HWY_INLINE void narrow(const float* buffer, T* p, std::size_t count) {
  const std::size_t step = lanes();
  std::size_t i = 0;
  for (; i + step <= count; i += step) store(load(buffer + i), p + i);
  if (i < count) store_n(load(buffer + i), p + i, count - i);
}

template <class T>
HWY_INLINE void load_interleaved3(const T* p, std::size_t n, V32& v0, V32& v1, V32& v2) {
  if constexpr (std::is_same_v<T, float>)
    if (n == lanes()) return hn::LoadInterleaved3(F32(), p, v0, v1, v2);
  HWY_ALIGN float buffer[3 * max_lanes];
  widen(p, 3 * n, buffer, 3 * lanes());
  hn::LoadInterleaved3(F32(), buffer, v0, v1, v2);
}

template <class T>
HWY_INLINE void load_interleaved4(const T* p, std::size_t n, V32& v0, V32& v1, V32& v2, V32& v3) {
  if constexpr (std::is_same_v<T, float>)
    if (n == lanes()) return hn::LoadInterleaved4(F32(), p, v0, v1, v2, v3);
  HWY_ALIGN float buffer[4 * max_lanes];
  widen(p, 4 * n, buffer, 4 * lanes());
  hn::LoadInterleaved4(F32(), buffer, v0, v1, v2, v3);
}

template <class T>
HWY_INLINE void store_interleaved3(V32 v0, V32 v1, V32 v2, T* p, std::size_t n) {
  if constexpr (std::is_same_v<T, float>)
    if (n == lanes()) return hn::StoreInterleaved3(v0, v1, v2, F32(), p);
  HWY_ALIGN float buffer[3 * max_lanes];
  hn::StoreInterleaved3(v0, v1, v2, F32(), buffer);
  narrow(buffer, p, 3 * n);
}

template <class T>
HWY_INLINE void store_interleaved4(V32 v0, V32 v1, V32 v2, V32 v3, T* p, std::size_t n) {
  if constexpr (std::is_same_v<T, float>)
    if (n == lanes()) return hn::StoreInterleaved4(v0, v1, v2, v3, F32(), p);
  HWY_ALIGN float buffer[4 * max_lanes];
  hn::StoreInterleaved4(v0, v1, v2, v3, F32(), buffer);
  narrow(buffer, p, 4 * n);
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_CORE_SIMD_INTERLEAVE_INL_H_
