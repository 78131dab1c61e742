// What happens to a tile of logits: the forward's running sums of a row, and the loss's derivative by each logit.
#pragma once

#include <limits>

#include "kernels/patch_infonce/rows.cuh"

namespace attune::patch_infonce::cuda {

constexpr float excluded = -1e30f;  // below every logit, and its exponential is 0
constexpr float no_logit =
    -std::numeric_limits<float>::infinity();  // stays that whatever it is multiplied by

// Logits and their sums are in units of ln 2, so that 2^x, one instruction, takes the place of e^x.
constexpr float log2_e = 1.4426950408889634f, ln_2 = 0.6931471805599453f;

// 2^x to 2 units in the last place; 0 where it is below 2^-126.
__device__ __forceinline__ float power_of_two(float x) {
#ifdef __CUDA_ARCH__
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
#else
  return exp2f(x);
#endif
}

// 1 / (1 + 2^-t) from 2^-|t|; no t overflows.
__device__ inline float logistic(float t, float small) {
  return __fdividef(t >= 0 ? 1.0f : small, 1 + small);
}

// A row's running sum. add takes some of its logits, each `factor` (of the row) times a value, which is `filler` where there
// is no logit; merge takes what another thread saw.

// log sum e^s, with a running maximum.
struct LogSum {
  static constexpr float filler = no_logit;
  float maximum = excluded, sum = 0;

  template <int columns>
  __device__ void add(const float (&values)[columns], float factor, const std::int32_t (&)[columns], float) {
    float largest = values[0], part = 0;
#pragma unroll
    for (int j = 1; j < columns; ++j) largest = fmaxf(largest, values[j]);
    const float top = fmaxf(maximum, factor * largest);
#pragma unroll
    for (int j = 0; j < columns; ++j) part += power_of_two(fmaf(values[j], factor, -top));
    sum = fmaf(sum, power_of_two(maximum - top), part);
    maximum = top;
  }
  __device__ void merge(const LogSum& other) {
    const float top = fmaxf(maximum, other.maximum);
    sum = sum * power_of_two(maximum - top) + other.sum * power_of_two(other.maximum - top);
    maximum = top;
  }
  __device__ LogSum of_lane(int lane_mask) const {
    LogSum other;
    other.maximum = __shfl_xor_sync(0xffffffffu, maximum, lane_mask);
    other.sum = __shfl_xor_sync(0xffffffffu, sum, lane_mask);
    return other;
  }
  __device__ float value() const { return maximum + log2f(sum); }
};

// Sums of L = log(1 + e^t) and q = dL/dt over the positives, t = log R - s.
// log(1 + e^t) = max(t, 0) + log(1 + e^-|t|); the factors 1 + e^-|t| of some logits, at most 2 each, take one logarithm
// of their product, kept less 1 so that a tiny loss keeps its digits.
struct PositiveSums {
  static constexpr float filler = -no_logit;
  float loss = 0, miss = 0;  // the loss in nats

  template <int columns>
  __device__ void add(const float (&values)[columns], float factor, const std::int32_t (&)[columns],
                      float log_sum) {
    float product = 0, linear = 0;
#pragma unroll
    for (int j = 0; j < columns; ++j) {
      const float t = fmaf(-values[j], factor, log_sum), small = power_of_two(-fabsf(t));
      linear += fmaxf(t, 0);
      product = fmaf(small, product + 1, product);
      miss += logistic(t, small);
    }
    loss += fmaf(linear, ln_2, log1pf(product));
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
  static constexpr float filler = no_logit;
  float cosine = excluded;
  std::int32_t column = 0;

  template <int columns>
  __device__ void add(const float (&values)[columns], float factor, const std::int32_t (&column_of)[columns],
                      float) {
#pragma unroll
    for (int j = 0; j < columns; ++j) merge({values[j] * factor, column_of[j]});
  }
  __device__ void merge(const Largest& other) {
    if (other.cosine < cosine || (other.cosine == cosine && other.column >= column)) return;
    *this = other;
  }
  __device__ Largest of_lane(int lane_mask) const {
    return {__shfl_xor_sync(0xffffffffu, cosine, lane_mask), __shfl_xor_sync(0xffffffffu, column, lane_mask)};
  }
};

// dL_i/ds, set mode's 1 / P left to the caller; s and log_sum in nats. `positive`: the column is the anchor's positive
// (indexed mode).
__device__ inline float logit_gradient(Role role, float s, float log_sum, float miss, bool positive) {
  if (role == Role::positive_set) {
    const float t = log_sum - s, small = expf(-fabsf(t));
    return -(t >= 0 ? 1.0f : small) /
           (1 + small);  // as logistic, whose quicker division makes sm_120 spill here
  }
  if (positive) return -miss;
  return role == Role::one_positive ? 0 : miss * expf(s - log_sum);
}

}  // namespace attune::patch_infonce::cuda
