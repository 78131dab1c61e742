// Draws from distributions, on a counter-based stream: each a pure function of the stream's place.
#pragma once

#include <cmath>
#include <cstddef>

#include "core/philox.h"

namespace attune::tools {

// Mean 0, standard deviation 1 (Box-Muller; 1 - u keeps the logarithm finite).
inline float normal(PhiloxStream& random) {
  const float radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  return radius * std::cos(6.2831853f * random.uniform());
}

// Uniform in the logarithm, 0 < low <= high.
inline float log_uniform(PhiloxStream& random, float low, float high) {
  return low * std::exp(random.uniform() * std::log(high / low));
}

// A probability of 0 draws nothing: an option that is added, and off, leaves the samples of every seed as they were.
inline bool happens(PhiloxStream& random, float probability) {
  return probability > 0 && random.uniform() < probability;
}

// An index of `weights` (not negative, one positive), by their shares. `weight(i)` gives the i-th of `count`.
template <class Weight>
std::size_t pick_weighted(PhiloxStream& random, std::size_t count, const Weight& weight) {
  double total = 0;
  for (std::size_t i = 0; i < count; ++i) total += static_cast<double>(weight(i));
  double left = static_cast<double>(random.uniform()) * total;
  std::size_t last = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!(static_cast<double>(weight(i)) > 0)) continue;
    last = i;
    left -= static_cast<double>(weight(i));
    if (left < 0) break;
  }
  return last;
}

}  // namespace attune::tools
