// What happens to a tile of logits: the forward's running sums, and the loss's derivative by each logit.
#include <algorithm>

#include "hwy/contrib/math/math-inl.h"
#include "kernels/patch_infonce/tiles-inl.h"

#if defined(ATTUNE_KERNELS_PATCH_INFONCE_LOGITS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_KERNELS_PATCH_INFONCE_LOGITS_INL_H_
#undef ATTUNE_KERNELS_PATCH_INFONCE_LOGITS_INL_H_
#else
#define ATTUNE_KERNELS_PATCH_INFONCE_LOGITS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::patch_infonce::HWY_NAMESPACE {

using I32 = hn::RebindToSigned<F32>;
using Mask32 = hn::Mask<F32>;

constexpr float excluded = -1e30f;  // a logit that is none: below every other, and its exponential is 0

HWY_INLINE V32 logit(const float* tile, std::int64_t c, std::int64_t half) {
  return hn::Load(F32(), tile + c * panel_rows + half * vector_rows);
}
HWY_INLINE V32 exp(V32 x) { return hn::Exp(F32(), x); }

// log sum e^s per lane, with a running maximum.
struct LogSum {
  V32 maximum, sum;

  HWY_INLINE LogSum() : maximum(broadcast(excluded)), sum(zero()) {}
  HWY_INLINE void add(const float* tile, std::int64_t half, std::int64_t columns) {
    V32 top = maximum;
    for (std::int64_t c = 0; c < columns; ++c) top = hn::Max(top, logit(tile, c, half));
    V32 part = zero();
    for (std::int64_t c = 0; c < columns; ++c) part = hn::Add(part, exp(hn::Sub(logit(tile, c, half), top)));
    sum = hn::MulAdd(sum, exp(hn::Sub(maximum, top)), part);
    maximum = top;
  }
  HWY_INLINE V32 value() const { return hn::Add(maximum, hn::Log(F32(), sum)); }
};

// The logistic function and log(1 + e^t), from one exponential; no t overflows.
struct Logistic {
  V32 small, value;  // e^-|t|; 1 / (1 + e^-t)

  HWY_INLINE explicit Logistic(V32 t) : small(exp(hn::Neg(hn::Abs(t)))) {
    const V32 larger = hn::Div(broadcast(1.0f), hn::Add(broadcast(1.0f), small));
    value = hn::IfThenElse(hn::Ge(t, zero()), larger, hn::Mul(small, larger));
  }
};

// Per lane, sums of L = log(1 + e^t) and q = dL/dt over the positives, t = log R - s.
// log(1 + e^t) = max(t, 0) + log(1 + e^-|t|); the factors 1 + e^-|t| of a tile, at most 2 each, take one
// logarithm of their product, kept less 1 so that a tiny loss keeps its digits.
struct PositiveSums {
  V32 loss, miss;

  HWY_INLINE PositiveSums() : loss(zero()), miss(zero()) {}
  HWY_INLINE void add(V32 log_sum, const float* tile, std::int64_t half, std::int64_t columns) {
    V32 product = zero(), linear = zero();
    for (std::int64_t c = 0; c < columns; ++c) {
      const V32 t = hn::Sub(log_sum, logit(tile, c, half));
      const Logistic logistic(t);
      linear = hn::Add(linear, hn::Max(t, zero()));
      product = hn::MulAdd(logistic.small, hn::Add(product, broadcast(1.0f)), product);
      miss = hn::Add(miss, logistic.value);
    }
    loss = hn::Add(loss, hn::Add(linear, hn::Log1p(F32(), product)));
  }
};

// What one vector of a tile's logits needs to know of its anchors.
struct Anchors {
  V32 log_sum, miss;
  Mask32 positive;  // where the column is the anchor's positive (indexed mode)
};

HWY_INLINE Mask32 equal(hn::Vec<I32> a, hn::Vec<I32> b) { return hn::RebindMask(F32(), hn::Eq(a, b)); }

// A panel of anchors, columns streamed.
class AnchorPanel {
 public:
  AnchorPanel() = default;  // no anchors
  // The pointers are the panel's first anchor's, of which `present` exist; positive_index is null in set
  // mode, log_sum and miss before they are known.
  HWY_INLINE AnchorPanel(const float* log_sum, const float* miss, const std::int32_t* positive_index,
                         std::int64_t present) {
    std::fill_n(index_, panel_rows, -1);
    const std::int64_t n = HWY_MIN(present, panel_rows);
    if (log_sum) std::copy_n(log_sum, n, log_sum_);
    if (miss) std::copy_n(miss, n, miss_);
    if (positive_index) std::copy_n(positive_index, n, index_);
  }
  HWY_INLINE Anchors at(std::int64_t half, std::int64_t column) const {
    const std::int64_t lane = half * vector_rows;
    return {hn::Load(F32(), log_sum_ + lane), hn::Load(F32(), miss_ + lane),
            equal(hn::Load(I32(), index_ + lane), hn::Set(I32(), static_cast<std::int32_t>(column)))};
  }

 private:
  HWY_ALIGN float log_sum_[panel_rows] = {};
  HWY_ALIGN float miss_[panel_rows] = {};
  HWY_ALIGN std::int32_t index_[panel_rows] = {};
};

// Whether a tile holds the positive of any of its anchors.
HWY_INLINE bool any_positive(const AnchorPanel& panel, std::int64_t first, std::int64_t columns) {
  for (std::int64_t c = 0; c < columns; ++c)
    for (std::int64_t half = 0; half < 2; ++half)
      if (!hn::AllFalse(F32(), panel.at(half, first + c).positive)) return true;
  return false;
}

// dL_i/ds, set mode's 1 / P left to the caller.
HWY_INLINE V32 logit_gradient(Role role, V32 s, const Anchors& a) {
  if (role == Role::positive_set) return hn::Neg(Logistic(hn::Sub(a.log_sum, s)).value);
  if (role == Role::one_positive) return hn::IfThenElseZero(a.positive, hn::Neg(a.miss));
  const V32 rest = hn::Mul(a.miss, exp(hn::Sub(s, a.log_sum)));
  return role == Role::rest ? rest : hn::IfThenElse(a.positive, hn::Neg(a.miss), rest);
}

}  // namespace attune::patch_infonce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_PATCH_INFONCE_LOGITS_INL_H_
