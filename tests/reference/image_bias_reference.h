// image_bias in plain loops. T = double judges the kernels; T = float sets their tolerance.
#pragma once

#include <algorithm>

#include "kernels/image_bias/image_bias.h"

namespace attune::reference::image_bias {

using attune::image_bias::Backward;
using attune::image_bias::Forward;

// body(element of the map, element of the bias)
template <class Body>
void for_each_element(const Shape& map, const Body& body) {
  for (std::int64_t n = 0; n < map[0]; ++n)
    for (std::int64_t p = 0; p < map[1] * map[2]; ++p)
      for (std::int64_t c = 0; c < map[3]; ++c) body((n * map[1] * map[2] + p) * map[3] + c, n * map[3] + c);
}

template <class T>
void forward(const Forward& a) {
  for_each_element(a.x.shape, [&](std::int64_t i, std::int64_t row) {
    a.y.as<T>()[i] = a.x.as<T>()[i] + a.bias.as<T>()[row];
  });
}

template <class T>
void backward(const Backward& a) {
  if (a.dbias_mode == GradientMode::overwrite) std::fill_n(a.dbias.as<T>(), a.dbias.elements(), T(0));
  for_each_element(a.dy.shape, [&](std::int64_t i, std::int64_t row) {
    const T dy = a.dy.as<T>()[i];
    if (a.dbias_mode != GradientMode::ignore) a.dbias.as<T>()[row] += dy;
    if (a.dx_mode == GradientMode::overwrite) a.dx.as<T>()[i] = dy;
    if (a.dx_mode == GradientMode::accumulate) a.dx.as<T>()[i] += dy;
  });
}

}  // namespace attune::reference::image_bias
