// Convolution, written plainly. T is the dtype of every tensor; in double it is what the kernels are judged by.
#pragma once

#include <algorithm>

#include "kernels/convolution/convolution.h"

namespace attune::reference::convolution {

using attune::convolution::Backward;
using attune::convolution::Forward;
using attune::convolution::Options;

// tap(input_offset, weights_offset, output_offset) for each product in the sum of each output element.
template <class Tap>
void for_each_tap(const Shape& x, const Shape& weights, const Shape& y, const Options& o, const Tap& tap) {
  for (std::int64_t n = 0; n < y[0]; ++n)
    for (std::int64_t i = 0; i < y[1]; ++i)
      for (std::int64_t j = 0; j < y[2]; ++j)
        for (std::int64_t out = 0; out < y[3]; ++out)
          for (std::int64_t u = 0; u < weights[1]; ++u)
            for (std::int64_t v = 0; v < weights[2]; ++v) {
              const std::int64_t h = i * o.stride - o.padding + u * o.dilation;
              const std::int64_t w = j * o.stride - o.padding + v * o.dilation;
              if (h < 0 || h >= x[1] || w < 0 || w >= x[2]) continue;
              for (std::int64_t c = 0; c < x[3]; ++c)
                tap(((n * x[1] + h) * x[2] + w) * x[3] + c,
                    ((out * weights[1] + u) * weights[2] + v) * weights[3] + c,
                    ((n * y[1] + i) * y[2] + j) * y[3] + out);
            }
}

template <class T>
void forward(const Forward& a, const Options& options) {
  const T *x = a.x.as<T>(), *weights = a.weights.as<T>(), *bias = a.bias.as<T>();
  T* y = a.y.as<T>();
  const auto slope = static_cast<T>(negative_slope(options.activation, options.slope));
  const std::int64_t elements = a.y.elements();
  for (std::int64_t k = 0; k < elements; ++k) y[k] = bias[k % a.y.shape[3]];
  for_each_tap(a.x.shape, a.weights.shape, a.y.shape, options,
               [&](std::int64_t in, std::int64_t w, std::int64_t out) { y[out] += weights[w] * x[in]; });
  for (std::int64_t k = 0; k < elements; ++k) y[k] = y[k] > 0 ? y[k] : slope * y[k];
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
  if (a.dx_mode != GradientMode::ignore) {
    start<T>(a.dx, a.dx_mode);
    T* dx = a.dx.as<T>();
    for_each_tap(a.x.shape, a.weights.shape, a.dy.shape, options,
                 [&](std::int64_t in, std::int64_t w, std::int64_t out) { dx[in] += weights[w] * dz(out); });
  }
  if (a.dweights_mode == GradientMode::ignore) return;
  start<T>(a.dweights, a.dweights_mode);
  start<T>(a.dbias, a.dweights_mode);
  T *dweights = a.dweights.as<T>(), *dbias = a.dbias.as<T>();
  for_each_tap(a.x.shape, a.weights.shape, a.dy.shape, options,
               [&](std::int64_t in, std::int64_t w, std::int64_t out) { dweights[w] += dz(out) * x[in]; });
  for (std::int64_t k = 0; k < a.dy.elements(); ++k) dbias[k % a.dy.shape[3]] += dz(k);
}

}  // namespace attune::reference::convolution
