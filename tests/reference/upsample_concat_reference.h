// upsample_concat in plain loops. T = double judges the kernels; T = float sets their tolerance.
#pragma once

#include <algorithm>

#include "kernels/upsample_concat/upsample_concat.h"

namespace attune::reference::upsample_concat {

using attune::upsample_concat::Backward;
using attune::upsample_concat::Forward;

// Calls body(index into x, weight) for the four cells that output (n, row, column) is interpolated from; x is
// [N, h, w].
template <class T, class Body>
void for_each_cell(const Shape& x, std::int64_t n, std::int64_t row, std::int64_t column, const Body& body) {
  const auto other = [](std::int64_t i, std::int64_t cells) {
    return std::min(std::max<std::int64_t>(i % 2 ? i / 2 + 1 : i / 2 - 1, 0), cells - 1);
  };
  const std::int64_t rows[2] = {row / 2, other(row, x[1])}, columns[2] = {column / 2, other(column, x[2])};
  const T weights[2] = {T(0.75), T(0.25)};
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) body((n * x[1] + rows[i]) * x[2] + columns[j], weights[i] * weights[j]);
}

template <class T>
void forward(const Forward& a) {
  const Shape &x = a.x.shape, &y = a.y.shape;
  const std::int64_t channels = x[3], skip_channels = a.skip.shape[3];
  for (std::int64_t n = 0; n < y[0]; ++n)
    for (std::int64_t row = 0; row < y[1]; ++row)
      for (std::int64_t column = 0; column < y[2]; ++column) {
        const std::int64_t pixel = (n * y[1] + row) * y[2] + column;
        T* out = a.y.as<T>() + pixel * y[3];
        std::fill_n(out, channels, T(0));
        for_each_cell<T>(x, n, row, column, [&](std::int64_t cell, T weight) {
          for (std::int64_t c = 0; c < channels; ++c) out[c] += weight * a.x.as<T>()[cell * channels + c];
        });
        std::copy_n(a.skip.as<T>() + pixel * skip_channels, skip_channels, out + channels);
      }
}

template <class T>
void backward(const Backward& a) {
  const Shape &x = a.dx.shape, &dy = a.dy.shape;
  const std::int64_t channels = x[3], skip_channels = a.dskip.shape[3];
  if (a.dx_mode == GradientMode::overwrite) std::fill_n(a.dx.as<T>(), a.dx.elements(), T(0));
  for (std::int64_t n = 0; n < dy[0]; ++n)
    for (std::int64_t row = 0; row < dy[1]; ++row)
      for (std::int64_t column = 0; column < dy[2]; ++column) {
        const std::int64_t pixel = (n * dy[1] + row) * dy[2] + column;
        const T* upstream = a.dy.as<T>() + pixel * dy[3];
        if (a.dx_mode != GradientMode::ignore)
          for_each_cell<T>(x, n, row, column, [&](std::int64_t cell, T weight) {
            for (std::int64_t c = 0; c < channels; ++c)
              a.dx.as<T>()[cell * channels + c] += weight * upstream[c];
          });
        if (a.dskip_mode == GradientMode::ignore) continue;
        for (std::int64_t c = 0; c < skip_channels; ++c) {
          T& target = a.dskip.as<T>()[pixel * skip_channels + c];
          target = upstream[channels + c] + (a.dskip_mode == GradientMode::accumulate ? target : T(0));
        }
      }
}

}  // namespace attune::reference::upsample_concat
