// style_difference in plain loops. T = double judges the kernels; T = float sets their tolerance.
#pragma once

#include <cmath>

#include "kernels/masked_style/masked_style.h"
#include "kernels/style_difference/style_difference.h"

namespace attune::reference::style_difference {

using attune::style_difference::Backward;
using attune::style_difference::Forward;
using attune::style_difference::Map;

template <class T>
bool has_both_regions(const Map& map, std::int64_t n) {
  const std::int64_t images = map.mean.shape[1];
  const T least = T(masked_style::minimum_weight);
  return map.weight.as<T>()[n] >= least && map.weight.as<T>()[images + n] >= least;
}

// body(map's index, n, c, columns of the four parts)
template <class Body>
void for_each_channel(const std::array<Map, attune::style_difference::max_maps>& maps, int count,
                      const Body& body) {
  std::int64_t first = 0;
  for (int index = 0; index < count; ++index) {
    const Shape& style = maps[static_cast<std::size_t>(index)].mean.shape;
    for (std::int64_t n = 0; n < style[1]; ++n)
      for (std::int64_t c = 0; c < style[2]; ++c)
        body(static_cast<std::size_t>(index), n, c,
             std::array<std::int64_t, 4>{first + c, first + style[2] + c, first + 2 * style[2] + c,
                                         first + 3 * style[2] + c});
    first += 4 * style[2];
  }
}

template <class T>
void forward(const Forward& a) {
  for_each_channel(
      a.maps, a.count, [&](std::size_t index, std::int64_t n, std::int64_t c, const auto& columns) {
        const Map& map = a.maps[index];
        const std::int64_t f = n * map.mean.shape[2] + c, b = f + map.mean.shape[1] * map.mean.shape[2];
        const T *mean = map.mean.as<T>(), *sd = map.sd.as<T>();
        const bool valid = has_both_regions<T>(map, n);
        T* y = a.y.as<T>() + n * a.y.shape[2];
        y[columns[0]] = valid ? (mean[f] - mean[b]) / (sd[f] + sd[b]) : T(0);
        y[columns[1]] = valid ? std::log(sd[f] / sd[b]) : T(0);
        y[columns[2]] = valid ? mean[b] : T(0);
        y[columns[3]] = valid ? std::log(sd[b]) : T(0);
      });
}

template <class T>
void backward(const Backward& a) {
  for_each_channel(
      a.maps, a.count, [&](std::size_t index, std::int64_t n, std::int64_t c, const auto& columns) {
        const Map& map = a.maps[index];
        const auto& gradient = a.gradients[index];
        if (gradient.mode == GradientMode::ignore) return;
        const std::int64_t f = n * map.mean.shape[2] + c, b = f + map.mean.shape[1] * map.mean.shape[2];
        const T *mean = map.mean.as<T>(), *sd = map.sd.as<T>();
        const T* dy = a.dy.as<T>() + n * a.dy.shape[2];
        const T valid = has_both_regions<T>(map, n) ? T(1) : T(0);
        const T s = sd[f] + sd[b], d = (mean[f] - mean[b]) / s;
        const auto add = [&](const TensorView& to, std::int64_t place, T value) {
          const T before = gradient.mode == GradientMode::accumulate ? to.as<T>()[place] : T(0);
          to.as<T>()[place] = before + valid * value;
        };
        add(gradient.mean, f, dy[columns[0]] / s);
        add(gradient.mean, b, -dy[columns[0]] / s + dy[columns[2]]);
        add(gradient.sd, f, -dy[columns[0]] * d / s + dy[columns[1]] / sd[f]);
        add(gradient.sd, b, -dy[columns[0]] * d / s + (dy[columns[3]] - dy[columns[1]]) / sd[b]);
      });
}

}  // namespace attune::reference::style_difference
