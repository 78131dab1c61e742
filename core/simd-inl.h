// Highway helpers shared by the CPU kernels: load and store rows of f32 or bf16 as f32 vectors.
//
// Included once per target inside a kernel's `*_cpu.cpp` (Highway's foreach_target pattern), hence the
// toggled guard. Tails go through a small copy, so that no byte outside [p, p + n) is touched on any target.
#include "core/dtype.h"
#include "hwy/highway.h"

#if defined(ATTUNE_CORE_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_CORE_SIMD_INL_H_
#undef ATTUNE_CORE_SIMD_INL_H_
#else
#define ATTUNE_CORE_SIMD_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using F32 = hn::ScalableTag<float>;
using V32 = hn::Vec<F32>;

HWY_INLINE std::size_t lanes() { return hn::Lanes(F32()); }

HWY_INLINE V32 load(const float* p) { return hn::LoadU(F32(), p); }
HWY_INLINE V32 load(const bfloat16* p) {
  const hn::Rebind<std::uint16_t, F32> d16;
  const hn::RebindToUnsigned<F32> d32;
  const auto bits = hn::PromoteTo(d32, hn::LoadU(d16, &p->bits));
  return hn::BitCast(F32(), hn::ShiftLeft<16>(bits));
}

HWY_INLINE void store(V32 v, float* p) { hn::StoreU(v, F32(), p); }
// Rounds to nearest even; finite values only (x is finite by contract), so no NaN is special-cased but
// infinities hold.
HWY_INLINE void store(V32 v, bfloat16* p) {
  const hn::Rebind<std::uint16_t, F32> d16;
  const hn::RebindToUnsigned<F32> d32;
  const hn::RebindToSigned<F32> i32;
  const auto word = hn::BitCast(d32, v);
  const auto odd = hn::And(hn::ShiftRight<16>(word), hn::Set(d32, 1u));
  const auto rounded = hn::ShiftRight<16>(hn::Add(hn::Add(word, hn::Set(d32, 0x7fffu)), odd));
  hn::StoreU(hn::DemoteTo(d16, hn::BitCast(i32, rounded)), d16, &p->bits);
}

// The first n < lanes() elements; the other lanes are 0.
template <class T>
HWY_INLINE V32 load_n(const T* p, std::size_t n) {
  HWY_ALIGN T buffer[HWY_MAX_BYTES / 4] = {};
  std::memcpy(static_cast<void*>(buffer), p, n * sizeof(T));
  return load(buffer);
}
template <class T>
HWY_INLINE void store_n(V32 v, T* p, std::size_t n) {
  HWY_ALIGN T buffer[HWY_MAX_BYTES / 4];
  store(v, buffer);
  std::memcpy(static_cast<void*>(p), buffer, n * sizeof(T));
}

// The first n <= lanes() elements; the other lanes are 0. Inlined, a constant n = lanes() costs no test.
template <class T>
HWY_INLINE V32 load_first(const T* p, std::size_t n) {
  return n == lanes() ? load(p) : load_n(p, n);
}
template <class T>
HWY_INLINE void store_first(V32 v, T* p, std::size_t n) {
  n == lanes() ? store(v, p) : store_n(v, p, n);
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_CORE_SIMD_INL_H_
