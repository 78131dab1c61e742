// masked_style in plain two-pass loops. T = double judges the kernels; T = float is the "plain loop" whose error sets
// their tolerance.
#pragma once

#include <cmath>

#include "kernels/masked_style/masked_style.h"

namespace attune::reference::masked_style {

using attune::masked_style::Backward;
using attune::masked_style::Forward;
using attune::masked_style::Options;

template <class T>
T region_weight(T mask, int region) {
  return region == 0 ? mask : 1 - mask;
}

template <class T>
void forward(const Forward& a, const Options& options) {
  const std::int64_t images = a.x.shape[0], pixels = a.x.shape[1] * a.x.shape[2], channels = a.x.shape[3];
  const T *x = a.x.as<T>(), *mask = a.mask.as<T>();
  T *mean = a.mean.as<T>(), *sd = a.sd.as<T>(), *weight = a.weight.as<T>();
  for (int region = 0; region < 2; ++region) {
    for (std::int64_t n = 0; n < images; ++n) {
      T total = 0;
      for (std::int64_t p = 0; p < pixels; ++p) total += region_weight(mask[n * pixels + p], region);
      weight[region * images + n] = total;
      for (std::int64_t c = 0; c < channels; ++c) {
        T sum = 0, squares = 0;
        for (std::int64_t p = n * pixels; p < (n + 1) * pixels; ++p)
          sum += region_weight(mask[p], region) * x[p * channels + c];
        const T mu = sum / total;
        for (std::int64_t p = n * pixels; p < (n + 1) * pixels; ++p) {
          const T difference = x[p * channels + c] - mu;
          squares += region_weight(mask[p], region) * difference * difference;
        }
        const bool valid = total >= static_cast<T>(attune::masked_style::minimum_weight);
        const std::int64_t i = (region * images + n) * channels + c;
        mean[i] = valid ? mu : T(0);
        sd[i] = valid ? std::sqrt(squares / total + static_cast<T>(options.eps)) : T(1);
      }
    }
  }
}

template <class T>
void backward(const Backward& a) {
  const std::int64_t images = a.x.shape[0], pixels = a.x.shape[1] * a.x.shape[2], channels = a.x.shape[3];
  const T *x = a.x.as<T>(), *mask = a.mask.as<T>(), *weight = a.weight.as<T>();
  const T *mean = a.mean.as<T>(), *sd = a.sd.as<T>(), *dmean = a.dmean.as<T>(), *dsd = a.dsd.as<T>();
  T* dx = a.dx.as<T>();
  for (std::int64_t n = 0; n < images; ++n)
    for (std::int64_t p = n * pixels; p < (n + 1) * pixels; ++p)
      for (std::int64_t c = 0; c < channels; ++c) {
        T sum = 0;
        for (int region = 0; region < 2; ++region) {
          const T total = weight[region * images + n];
          if (total < static_cast<T>(attune::masked_style::minimum_weight)) continue;
          const std::int64_t i = (region * images + n) * channels + c;
          sum += region_weight(mask[p], region) / total *
                 (dmean[i] + dsd[i] * (x[p * channels + c] - mean[i]) / sd[i]);
        }
        T& target = dx[p * channels + c];
        target = a.dx_mode == GradientMode::accumulate ? target + sum : sum;
      }
}

}  // namespace attune::reference::masked_style
