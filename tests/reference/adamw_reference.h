// AdamW, written plainly: one loop over the formulas of kernels/adamw/adamw.h.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/adamw/adamw.h"

namespace attune::reference::adamw {

template <class T>
void step(const attune::adamw::Step& a, const attune::adamw::Options& o) {
  T scale = 1;
  if (!a.gradient_norm.empty()) {
    const T norm = *a.gradient_norm.as<T>();
    if (!std::isfinite(norm)) return;
    if (o.max_norm > 0) scale = std::min(T(1), T(o.max_norm) / norm);
  }
  const T beta1 = T(o.beta1), beta2 = T(o.beta2), rate = T(o.learning_rate), ema = T(o.ema_decay);
  const T correction1 = 1 - std::pow(beta1, T(o.step)), correction2 = 1 - std::pow(beta2, T(o.step));
  for (std::int64_t i = 0; i < a.parameters.elements(); ++i) {
    const T g = scale * a.gradients.as<T>()[i];
    T& m = a.first_moment.as<T>()[i];
    T& v = a.second_moment.as<T>()[i];
    T& p = a.parameters.as<T>()[i];
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    if (i < o.decayed) p -= rate * T(o.weight_decay) * p;
    p -= rate * (m / correction1) / (std::sqrt(v / correction2) + T(o.eps));
    if (a.average.empty()) continue;
    T& average = a.average.as<T>()[i];
    average = ema * average + (1 - ema) * p;
  }
}

}  // namespace attune::reference::adamw
