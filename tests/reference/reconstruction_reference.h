// The reconstruction loss, written plainly: the formulas of kernels/reconstruction/reconstruction.h.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/reconstruction/reconstruction.h"

namespace attune::reference::reconstruction {

using attune::reconstruction::Backward;
using attune::reconstruction::Forward;
using attune::reconstruction::Options;
using attune::reconstruction::Penalty;

template <class T>
void forward(const Forward& a, const Options& options) {
  const std::int64_t images = a.prediction.shape[0], pixels = a.prediction.shape[1] * a.prediction.shape[2];
  T loss = 0;
  for (std::int64_t n = 0; n < images; ++n) {
    T area = 0, sum = 0;
    for (std::int64_t p = n * pixels; p < (n + 1) * pixels; ++p) area += a.mask.as<T>()[p];
    area = std::max(area, T(options.minimum_area_fraction) * T(pixels));
    for (std::int64_t i = 3 * n * pixels; i < 3 * (n + 1) * pixels; ++i) {
      const T d = a.prediction.as<T>()[i] - a.target.as<T>()[i];
      sum += options.penalty == Penalty::absolute ? std::fabs(d) : d * d;
    }
    T value = pixels > 0 ? sum / (3 * area) : T(0);
    if (options.penalty == Penalty::robust) value = std::sqrt(value + T(1e-4)) - T(1e-2);
    if (options.penalty == Penalty::logarithmic) value = T(1e-2) * std::log(1 + value / T(1e-4));
    a.per_image.as<T>()[n] = value;
    a.area.as<T>()[n] = area;
    loss += value;
  }
  *a.loss.as<T>() = images > 0 ? loss / T(images) : T(0);
}

template <class T>
void backward(const Backward& a, const Options& options) {
  if (a.dprediction_mode == GradientMode::ignore) return;
  const std::int64_t images = a.prediction.shape[0], pixels = a.prediction.shape[1] * a.prediction.shape[2];
  for (std::int64_t i = 0; i < a.prediction.elements(); ++i) {
    const std::int64_t n = i / (3 * pixels);
    const T d = a.prediction.as<T>()[i] - a.target.as<T>()[i];
    T gradient = *a.dloss.as<T>() / T(images) / (3 * a.area.as<T>()[n]);
    switch (options.penalty) {
      case Penalty::squared:
        gradient *= 2 * d;
        break;
      case Penalty::robust:
        gradient *= 2 * d / (2 * (a.per_image.as<T>()[n] + T(1e-2)));
        break;
      case Penalty::logarithmic:
        gradient *= 2 * d * T(1e2) * std::exp(-T(1e2) * a.per_image.as<T>()[n]);
        break;
      case Penalty::absolute:
        gradient *= d > 0 ? T(1) : d < 0 ? T(-1) : T(0);
        break;
    }
    T& to = a.dprediction.as<T>()[i];
    to = a.dprediction_mode == GradientMode::accumulate ? to + gradient : gradient;
  }
}

}  // namespace attune::reference::reconstruction
