// What happens to a tile of logits: the forward's running sums of a row, and the loss's derivative by each logit.
#pragma once

#include "kernels/patch_infonce/rows.cuh"

namespace attune::patch_infonce::cuda {

constexpr float excluded = -1e30f;  // a logit that is none: below every other, and its exponential is 0

// 1 / (1 + e^-t) from e^-|t|; no t overflows.
__device__ inline float logistic(float t, float small) { return (t >= 0 ? 1.0f : small) / (1 + small); }

// A row's running sum. add takes some of its logits, `filler` where there is none; merge takes what another thread saw.

// log sum e^s, with a running maximum.
struct LogSum {
  static constexpr float filler = excluded;
  float maximum = excluded, sum = 0;

  template <int columns>
  __device__ void add(const float (&s)[columns], const std::int32_t (&)[columns], float) {
    float top = maximum, part = 0;
#pragma unroll
    for (int j = 0; j < columns; ++j) top = fmaxf(top, s[j]);
#pragma unroll
    for (int j = 0; j < columns; ++j) part += expf(s[j] - top);
    sum = fmaf(sum, expf(maximum - top), part);
    maximum = top;
  }
  __device__ void merge(const LogSum& other) {
    const float top = fmaxf(maximum, other.maximum);
    sum = sum * expf(maximum - top) + other.sum * expf(other.maximum - top);
    maximum = top;
  }
  __device__ LogSum of_lane(int lane_mask) const {
    LogSum other;
    other.maximum = __shfl_xor_sync(0xffffffffu, maximum, lane_mask);
    other.sum = __shfl_xor_sync(0xffffffffu, sum, lane_mask);
    return other;
  }
  __device__ float value() const { return maximum + logf(sum); }
};

// Sums of L = log(1 + e^t) and q = dL/dt over the positives, t = log R - s.
// log(1 + e^t) = max(t, 0) + log(1 + e^-|t|); the factors 1 + e^-|t| of some logits, at most 2 each, take one logarithm
// of their product, kept less 1 so that a tiny loss keeps its digits.
struct PositiveSums {
  static constexpr float filler = -excluded;
  float loss = 0, miss = 0;

  template <int columns>
  __device__ void add(const float (&s)[columns], const std::int32_t (&)[columns], float log_sum) {
    float product = 0, linear = 0;
#pragma unroll
    for (int j = 0; j < columns; ++j) {
      const float t = log_sum - s[j], small = expf(-fabsf(t));
      linear += fmaxf(t, 0);
      product = fmaf(small, product + 1, product);
      miss += logistic(t, small);
    }
    loss += linear + log1pf(product);
  }
  __device__ void merge(const PositiveSums& other) {
    loss += other.loss;
    miss += other.miss;
  }
  __device__ PositiveSums of_lane(int lane_mask) const {
    PositiveSums other;
    other.loss = __shfl_xor_sync(0xffffffffu, loss, lane_mask);
    other.miss = __shfl_xor_sync(0xffffffffu, miss, lane_mask);
    return other;
  }
};

// The largest cosine and its column, the first of equals.
struct Largest {
  static constexpr float filler = excluded;
  float cosine = excluded;
  std::int32_t column = 0;

  template <int columns>
  __device__ void add(const float (&s)[columns], const std::int32_t (&column_of)[columns], float) {
#pragma unroll
    for (int j = 0; j < columns; ++j) merge({s[j], column_of[j]});
  }
  __device__ void merge(const Largest& other) {
    if (other.cosine < cosine || (other.cosine == cosine && other.column >= column)) return;
    *this = other;
  }
  __device__ Largest of_lane(int lane_mask) const {
    return {__shfl_xor_sync(0xffffffffu, cosine, lane_mask), __shfl_xor_sync(0xffffffffu, column, lane_mask)};
  }
};

// dL_i/ds, set mode's 1 / P left to the caller. `positive`: the column is the anchor's positive (indexed mode).
__device__ inline float logit_gradient(Role role, float s, float log_sum, float miss, bool positive) {
  if (role == Role::positive_set) {
    const float t = log_sum - s;
    return -logistic(t, expf(-fabsf(t)));
  }
  if (positive) return -miss;
  return role == Role::one_positive ? 0 : miss * expf(s - log_sum);
}

}  // namespace attune::patch_infonce::cuda
