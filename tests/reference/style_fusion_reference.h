// style_fusion in plain loops. T = double judges the kernels; T = float is the "plain loop" whose error sets their
// tolerance.
#pragma once

#include <cmath>

#include "kernels/style_fusion/style_fusion.h"
#include "tests/reference/masked_style_reference.h"

namespace attune::reference::style_fusion {

using attune::style_fusion::Backward;
using attune::style_fusion::Forward;
using attune::style_fusion::Gate;
using attune::style_fusion::Options;

// One image's and channel's numbers, named as in style_fusion.h.
template <class T>
struct Channel {
  T mu_f, sd_f, weight_f, mu_b, sd_b, weight_b;
  T gamma_f, beta_f, gamma_b, beta_b;
  T mu_e = 0, sd_e = 0, g = 0;
  T mu_s, sd_s;
  bool has_background;

  template <class Arguments>
  Channel(const Arguments& a, const Options& options, std::int64_t n, std::int64_t c) {
    const std::int64_t images = a.x.shape[0], channels = a.x.shape[3];
    const std::int64_t f = n * channels + c, b = (images + n) * channels + c;
    mu_f = a.mean.template as<T>()[f], mu_b = a.mean.template as<T>()[b];
    sd_f = a.sd.template as<T>()[f], sd_b = a.sd.template as<T>()[b];
    weight_f = a.weight.template as<T>()[n], weight_b = a.weight.template as<T>()[images + n];
    gamma_f = a.gamma_foreground.template as<T>()[c], beta_f = a.beta_foreground.template as<T>()[c];
    gamma_b = a.gamma_background.template as<T>()[c], beta_b = a.beta_background.template as<T>()[c];
    if (options.gate != Gate::internal) {
      mu_e = a.external_mean.template as<T>()[f], sd_e = a.external_sd.template as<T>()[f];
      g = options.gate == Gate::external ? 1 : 1 / (1 + std::exp(-a.gate.template as<T>()[c]));
    }
    has_background = weight_b >= static_cast<T>(attune::masked_style::minimum_weight);
    mu_s = has_background ? g * mu_e + (1 - g) * mu_b : mu_f;
    sd_s = has_background ? g * sd_e + (1 - g) * sd_b : sd_f;
  }

  bool has_foreground() const { return weight_f >= static_cast<T>(attune::masked_style::minimum_weight); }
  T h_f(T x) const { return (x - mu_f) / sd_f; }
  T h_b(T x) const { return (x - mu_b) / sd_b; }
  // Before the activation.
  T fuse(T x, T m) const {
    const T y_f = gamma_f * (has_background ? h_f(x) * sd_s + mu_s : x) + beta_f;
    const T y_b = gamma_b * h_b(x) + beta_b;
    return m * y_f + (1 - m) * y_b;
  }
};

template <class T>
void forward(const Forward& a, const Options& options) {
  if (options.statistics == attune::style_fusion::Statistics::own)
    masked_style::forward<T>({a.x, a.mask, a.mean, a.sd, a.weight}, {options.eps});
  const std::int64_t images = a.x.shape[0], pixels = a.x.shape[1] * a.x.shape[2], channels = a.x.shape[3];
  const T *x = a.x.as<T>(), *mask = a.mask.as<T>();
  T* y = a.y.as<T>();
  const T slope = options.leaky_relu ? static_cast<T>(options.slope) : T(1);
  for (std::int64_t n = 0; n < images; ++n)
    for (std::int64_t c = 0; c < channels; ++c) {
      const Channel<T> s(a, options, n, c);
      for (std::int64_t p = n * pixels; p < (n + 1) * pixels; ++p) {
        const T z = s.fuse(x[p * channels + c], mask[p]);
        y[p * channels + c] = z > 0 ? z : slope * z;
      }
    }
}

template <class T>
void write(TensorView target, std::int64_t i, T value, GradientMode mode) {
  if (mode == GradientMode::ignore) return;
  T& to = target.as<T>()[i];
  to = mode == GradientMode::accumulate ? to + value : value;
}

template <class T>
void backward(const Backward& a, const Options& options) {
  const std::int64_t images = a.x.shape[0], pixels = a.x.shape[1] * a.x.shape[2], channels = a.x.shape[3];
  const T *x = a.x.as<T>(), *mask = a.mask.as<T>(), *dy = a.dy.as<T>();
  const T slope = options.leaky_relu ? static_cast<T>(options.slope) : T(1);
  for (std::int64_t c = 0; c < channels; ++c) {
    T dgamma_f = 0, dbeta_f = 0, dgamma_b = 0, dbeta_b = 0, dgate = 0;
    for (std::int64_t n = 0; n < images; ++n) {
      const Channel<T> s(a, options, n, c);
      const auto d = [&](std::int64_t p) {
        const std::int64_t i = p * channels + c;
        return s.fuse(x[i], mask[p]) > 0 ? dy[i] : slope * dy[i];
      };
      T d_f = 0, h_f = 0, d_b = 0, h_b = 0, x_f = 0;  // sums of w d, w d h and m d x
      for (std::int64_t p = n * pixels; p < (n + 1) * pixels; ++p) {
        const T value = x[p * channels + c], m = mask[p];
        d_f += m * d(p);
        h_f += m * d(p) * s.h_f(value);
        x_f += m * d(p) * value;
        d_b += (1 - m) * d(p);
        h_b += (1 - m) * d(p) * s.h_b(value);
      }
      dgamma_f += s.has_background ? s.sd_s * h_f + s.mu_s * d_f : x_f;
      dbeta_f += d_f;
      dgamma_b += h_b;
      dbeta_b += d_b;
      const T through_style = s.has_background ? s.gamma_f : T(0);
      dgate += through_style * s.g * (1 - s.g) * (d_f * (s.mu_e - s.mu_b) + h_f * (s.sd_e - s.sd_b));
      if (options.gate != Gate::internal) {
        write<T>(a.dexternal_mean, n * channels + c, s.g * through_style * d_f, a.dexternal_mode);
        write<T>(a.dexternal_sd, n * channels + c, s.g * through_style * h_f, a.dexternal_mode);
      }
      for (std::int64_t p = n * pixels; p < (n + 1) * pixels; ++p) {
        const T value = x[p * channels + c], m = mask[p];
        T in_foreground = s.gamma_f * d(p), in_background = s.gamma_b / s.sd_b * d(p);
        if (s.has_background) {
          in_foreground *= s.sd_s / s.sd_f;
          if (s.has_foreground())
            in_foreground -= s.gamma_f * s.sd_s / s.sd_f * (d_f + s.h_f(value) * h_f) / s.weight_f;
          in_background -= s.gamma_b / s.sd_b * (d_b + s.h_b(value) * h_b) / s.weight_b;
          in_background += (1 - s.g) * s.gamma_f * (d_f + s.h_b(value) * h_f) / s.weight_b;
        }
        write<T>(a.dx, p * channels + c, m * in_foreground + (1 - m) * in_background, a.dx_mode);
      }
    }
    write<T>(a.dgamma_foreground, c, dgamma_f, a.dparameters_mode);
    write<T>(a.dbeta_foreground, c, dbeta_f, a.dparameters_mode);
    write<T>(a.dgamma_background, c, dgamma_b, a.dparameters_mode);
    write<T>(a.dbeta_background, c, dbeta_b, a.dparameters_mode);
    if (options.gate == Gate::learned) write<T>(a.dgate, c, dgate, a.dparameters_mode);
  }
}

}  // namespace attune::reference::style_fusion
