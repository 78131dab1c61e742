// Loops over flat arrays for the CPU kernels: whole vectors first, then the rest, through one body.
//
// Included once per target (Highway's foreach_target pattern), hence the toggled guard.
#include <cstddef>

#include "core/simd-inl.h"

#if defined(ATTUNE_CORE_SIMD_FLAT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_CORE_SIMD_FLAT_INL_H_
#undef ATTUNE_CORE_SIMD_FLAT_INL_H_
#else
#define ATTUNE_CORE_SIMD_FLAT_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::HWY_NAMESPACE {

// body(i, n) for the elements [i, i + n) of every vector; n < lanes() in the last one at most.
template <class Body>
HWY_INLINE void for_each_run_of_lanes(std::size_t count, const Body& body) {
  std::size_t i = 0;
  for (; i + lanes() <= count; i += lanes()) body(i, lanes());
  if (i < count) body(i, count - i);
}

// The sum of term(i, n) over all lanes, in an order that `count` alone decides. Two accumulators, because one
// waits for the adder where the arrays are in cache.
template <class Term>
HWY_INLINE float sum_over(std::size_t count, const Term& term) {
  const F32 d;
  V32 even = hn::Zero(d), odd = hn::Zero(d);
  std::size_t i = 0;
  for (; i + 2 * lanes() <= count; i += 2 * lanes()) {
    even = hn::Add(even, term(i, lanes()));
    odd = hn::Add(odd, term(i + lanes(), lanes()));
  }
  for_each_run_of_lanes(count - i,
                        [&](std::size_t k, std::size_t n) HWY_ATTR { even = hn::Add(even, term(i + k, n)); });
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_CORE_SIMD_FLAT_INL_H_
