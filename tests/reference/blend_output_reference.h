// blend_output in plain loops. T = double judges the kernels; T = float sets their tolerance.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/picture_rows.h"
#include "kernels/blend_output/add_tile.h"
#include "kernels/blend_output/blend_output.h"
#include "tests/reference/transfer_reference.h"

namespace attune::reference::blend_output {

using attune::blend_output::AddTile;
using attune::blend_output::Backward;
using attune::blend_output::Forward;

// body(pixel of h, pixel of the image) for the pixels of the image.
template <class Body>
void for_each_pixel(const Shape& h, const Shape& image, const Body& body) {
  for (std::int64_t n = 0; n < image[0]; ++n)
    for (std::int64_t row = 0; row < image[1]; ++row)
      for (std::int64_t column = 0; column < image[2]; ++column)
        body((n * h[1] + row) * h[2] + column, (n * image[1] + row) * image[2] + column);
}

template <class T>
T sigmoid(T x) {
  return 1 / (1 + std::exp(-x));
}

template <class T>
void forward(const Forward& a) {
  for_each_pixel(a.h.shape, a.image.shape, [&](std::int64_t cell, std::int64_t pixel) {
    const T *h = a.h.as<T>() + 4 * cell, *x = a.image.as<T>() + 3 * pixel, m = a.mask.as<T>()[pixel];
    const T map = sigmoid(h[3]);
    for (int c = 0; c < 3; ++c) {
      const T blended = map * (h[c] + T(0.5)) + (1 - map) * x[c];
      a.y.as<T>()[3 * pixel + c] = m * blended + (1 - m) * x[c];
    }
  });
}

template <class T>
void write(T& target, T value, GradientMode mode) {
  target = mode == GradientMode::accumulate ? target + value : value;
}

template <class T>
void backward(const Backward& a) {
  if (a.dh_mode == GradientMode::overwrite) std::fill_n(a.dh.as<T>(), a.dh.elements(), T(0));
  for_each_pixel(a.h.shape, a.image.shape, [&](std::int64_t cell, std::int64_t pixel) {
    const T *h = a.h.as<T>() + 4 * cell, *x = a.image.as<T>() + 3 * pixel, m = a.mask.as<T>()[pixel];
    const T *dy = a.dy.as<T>() + 3 * pixel, map = sigmoid(h[3]);
    T dmap = 0;
    for (int c = 0; c < 3; ++c) {
      dmap += m * dy[c] * (h[c] + T(0.5) - x[c]);
      if (a.dh_mode != GradientMode::ignore) write(a.dh.as<T>()[4 * cell + c], m * map * dy[c], a.dh_mode);
      if (a.dimage_mode != GradientMode::ignore)
        write(a.dimage.as<T>()[3 * pixel + c], (1 - m * map) * dy[c], a.dimage_mode);
    }
    if (a.dh_mode != GradientMode::ignore)
      write(a.dh.as<T>()[4 * cell + 3], dmap * map * (1 - map), a.dh_mode);
  });
}

// What a sample of row row_begin + `row` becomes with a colour of 0..1, before it is rounded.
template <class S>
double stored_sample(const PictureRows& a, std::int64_t row, std::int64_t column, int channel, float colour) {
  const auto peak = static_cast<double>(attune::peak_of<S>);
  const S* in =
      reinterpret_cast<const S*>(static_cast<const char*>(a.in) + row * a.in_stride) + column * a.channels;
  const double value = static_cast<double>(in[channel]), before = a.linear ? encoded(value) : value;
  const double after =
      std::min(std::max(peak * static_cast<double>(colour), std::min(0.0, before)), std::max(peak, before));
  const double result = before + static_cast<double>(a.strength) * (after - before);
  return a.linear ? decoded(result) : result;
}

inline void add_tile(const AddTile& a) {
  for (std::int64_t i = 0; i < a.tile.shape[0]; ++i)
    for (std::int64_t j = 0; j < a.tile.shape[1]; ++j)
      for (std::int64_t c = 0; c < 3; ++c) {
        float& y = a.y.as<float>()[3 * ((a.first_row + i) * a.y.shape[1] + a.first_column + j) + c];
        y = static_cast<float>(
            static_cast<double>(y) +
            static_cast<double>(a.rows.as<float>()[i]) * static_cast<double>(a.columns.as<float>()[j]) *
                static_cast<double>(a.tile.as<float>()[3 * (i * a.tile.shape[1] + j) + c]));
      }
}

}  // namespace attune::reference::blend_output
