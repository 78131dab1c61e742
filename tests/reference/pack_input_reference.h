// pack_input in plain loops. T = double judges the kernels; T = float sets their tolerance.
#pragma once

#include <algorithm>

#include "kernels/pack_input/pack_input.h"

namespace attune::reference::pack_input {

using attune::pack_input::Backward;
using attune::pack_input::Forward;
using attune::pack_input::PadMask;

// The pixel of [N, H, W] that pixel (n, row, column) of the padded map repeats.
inline std::int64_t source_pixel(const Shape& inner, std::int64_t n, std::int64_t row, std::int64_t column) {
  return (n * inner[1] + std::min(row, inner[1] - 1)) * inner[2] + std::min(column, inner[2] - 1);
}

// body(pixel of the padded map, pixel of the inner one)
template <class Body>
void for_each_pixel(const Shape& inner, const Shape& padded, const Body& body) {
  std::int64_t pixel = 0;
  for (std::int64_t n = 0; n < padded[0]; ++n)
    for (std::int64_t row = 0; row < padded[1]; ++row)
      for (std::int64_t column = 0; column < padded[2]; ++column)
        body(pixel++, source_pixel(inner, n, row, column));
}

template <class T>
void forward(const Forward& a) {
  for_each_pixel(a.picture.shape, a.x.shape, [&](std::int64_t pixel, std::int64_t source) {
    T* x = a.x.as<T>() + 4 * pixel;
    for (int c = 0; c < 3; ++c) x[c] = a.picture.as<T>()[3 * source + c] - T(0.5);
    x[3] = a.mask.empty() ? T(0) : a.mask.as<T>()[source];
  });
}

template <class T>
void backward(const Backward& a) {
  if (a.dpicture_mode == GradientMode::ignore) return;
  if (a.dpicture_mode == GradientMode::overwrite)
    std::fill_n(a.dpicture.as<T>(), a.dpicture.elements(), T(0));
  for_each_pixel(a.dpicture.shape, a.dx.shape, [&](std::int64_t pixel, std::int64_t source) {
    for (int c = 0; c < 3; ++c) a.dpicture.as<T>()[3 * source + c] += a.dx.as<T>()[4 * pixel + c];
  });
}

template <class T>
void pad_mask(const PadMask& a) {
  for_each_pixel(a.mask.shape, a.padded.shape, [&](std::int64_t pixel, std::int64_t source) {
    a.padded.as<T>()[pixel] = a.mask.as<T>()[source];
  });
}

}  // namespace attune::reference::pack_input
