// The fully connected map, written plainly. T is the dtype of every tensor.
#pragma once

#include <algorithm>

#include "kernels/matmul/matmul.h"

namespace attune::reference::matmul {

using attune::matmul::Backward;
using attune::matmul::Forward;
using attune::matmul::Options;

template <class T>
void forward(const Forward& a, const Options& options) {
  const T *x = a.x.as<T>(), *weights = a.weights.as<T>(), *bias = a.bias.as<T>();
  T* y = a.y.as<T>();
  const auto slope = static_cast<T>(negative_slope(options.activation, options.slope));
  const std::int64_t rows = a.x.shape[0], inputs = a.x.shape[1], outputs = a.y.shape[1];
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t o = 0; o < outputs; ++o) {
      T sum = bias[o];
      for (std::int64_t c = 0; c < inputs; ++c) sum += weights[o * inputs + c] * x[r * inputs + c];
      y[r * outputs + o] = sum > 0 ? sum : slope * sum;
    }
}

template <class T>
void start(TensorView gradient, GradientMode mode) {
  if (mode == GradientMode::overwrite) std::fill_n(gradient.as<T>(), gradient.elements(), T{0});
}

template <class T>
void backward(const Backward& a, const Options& options) {
  const T *x = a.x.as<T>(), *weights = a.weights.as<T>(), *dy = a.dy.as<T>();
  const bool activated = options.activation != Activation::none;
  const auto slope = static_cast<T>(negative_slope(options.activation, options.slope));
  const auto dz = [&](std::int64_t k) { return activated && !(a.y.as<T>()[k] > 0) ? slope * dy[k] : dy[k]; };
  const std::int64_t rows = a.x.shape[0], inputs = a.x.shape[1], outputs = a.dy.shape[1];
  if (a.dx_mode != GradientMode::ignore) {
    start<T>(a.dx, a.dx_mode);
    T* dx = a.dx.as<T>();
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t o = 0; o < outputs; ++o)
        for (std::int64_t c = 0; c < inputs; ++c)
          dx[r * inputs + c] += weights[o * inputs + c] * dz(r * outputs + o);
  }
  if (a.dweights_mode == GradientMode::ignore) return;
  start<T>(a.dweights, a.dweights_mode);
  start<T>(a.dbias, a.dweights_mode);
  T *dweights = a.dweights.as<T>(), *dbias = a.dbias.as<T>();
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t o = 0; o < outputs; ++o) {
      dbias[o] += dz(r * outputs + o);
      for (std::int64_t c = 0; c < inputs; ++c)
        dweights[o * inputs + c] += dz(r * outputs + o) * x[r * inputs + c];
    }
}

}  // namespace attune::reference::matmul
