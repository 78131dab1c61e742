// resample with dense matrices of both axes. T = double judges the kernels; T = float sets their tolerance.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/resample/average_rows.h"
#include "kernels/resample/resample.h"
#include "tests/reference/transfer_reference.h"

namespace attune::reference::resample {

using attune::resample::AverageRows;
using attune::resample::Backward;
using attune::resample::Forward;
using attune::resample::Method;
using attune::resample::Options;

// R[output][input] of one axis.
inline std::vector<double> axis_matrix(Method method, std::int64_t inputs, std::int64_t outputs) {
  std::vector<double> matrix(static_cast<std::size_t>(inputs * outputs), 0.0);
  const double scale = static_cast<double>(inputs) / static_cast<double>(outputs);
  for (std::int64_t o = 0; o < outputs; ++o) {
    double* row = matrix.data() + o * inputs;
    const double centre = (static_cast<double>(o) + 0.5) * scale;
    switch (method) {
      case Method::nearest:
        row[(2 * o + 1) * inputs / (2 * outputs)] = 1;
        break;
      case Method::bilinear: {
        const double position = std::min(std::max(centre - 0.5, 0.0), static_cast<double>(inputs - 1));
        const double lower = std::floor(position),
                     upper = std::min(lower + 1, static_cast<double>(inputs - 1));
        row[static_cast<std::int64_t>(lower)] += 1 - (position - lower);
        row[static_cast<std::int64_t>(upper)] += position - lower;
        break;
      }
      case Method::area:
        for (std::int64_t i = 0; i < inputs; ++i) {
          const double begin = std::max(static_cast<double>(i), centre - scale / 2);
          const double end = std::min(static_cast<double>(i + 1), centre + scale / 2);
          row[i] = std::max(0.0, end - begin) / scale;
        }
    }
  }
  return matrix;
}

// to[a, c] = sum_b M(a, b) from[b, c], where M is the matrix or its transpose.
template <class T>
std::vector<T> multiply(const std::vector<double>& matrix, bool transpose, const T* from, std::int64_t inner,
                        std::int64_t outer, std::int64_t columns) {
  std::vector<T> to(static_cast<std::size_t>(outer * columns), T(0));
  for (std::int64_t a = 0; a < outer; ++a)
    for (std::int64_t b = 0; b < inner; ++b) {
      const T weight =
          static_cast<T>(matrix[static_cast<std::size_t>(transpose ? b * outer + a : a * inner + b)]);
      if (weight == 0) continue;
      for (std::int64_t c = 0; c < columns; ++c)
        to[static_cast<std::size_t>(a * columns + c)] += weight * from[b * columns + c];
    }
  return to;
}

// rows from columns^T (or transposed) of image n.
template <class T>
std::vector<T> resample_image(ConstTensorView from, const Shape& to, Method method, bool transpose,
                              std::int64_t n) {
  const std::int64_t h = from.shape[1], w = from.shape[2], channels = from.shape[3];
  const auto matrix = [&](int axis) {
    return transpose ? axis_matrix(method, to[axis], from.shape[axis])
                     : axis_matrix(method, from.shape[axis], to[axis]);
  };
  const std::vector<double> columns = matrix(2);
  const std::vector<T> tall =
      multiply(matrix(1), transpose, from.as<T>() + n * h * w * channels, h, to[1], w * channels);
  std::vector<T> result;
  for (std::int64_t row = 0; row < to[1]; ++row) {
    const std::vector<T> line =
        multiply(columns, transpose, tall.data() + row * w * channels, w, to[2], channels);
    result.insert(result.end(), line.begin(), line.end());
  }
  return result;
}

template <class T>
void forward(const Forward& a, const Options& options) {
  const Shape& shape = a.y.shape;
  if (shape.elements() == 0) return;
  T* y = a.y.as<T>();
  for (std::int64_t n = 0; n < shape[0]; ++n)
    for (T value : resample_image<T>(a.x, shape, options.method, false, n)) {
      if (options.snap && std::fabs(value) <= T(1e-5)) value = 0;
      if (options.snap && std::fabs(value - 1) <= T(1e-5)) value = 1;
      *y++ = value;
    }
}

template <class T>
void backward(const Backward& a, const Options& options) {
  if (a.dx_mode == GradientMode::ignore || a.dx.elements() == 0) return;
  T* dx = a.dx.as<T>();
  for (std::int64_t n = 0; n < a.dx.shape[0]; ++n)
    for (const T value : resample_image<T>(a.dy, a.dx.shape, options.method, true, n)) {
      *dx = a.dx_mode == GradientMode::accumulate ? *dx + value : value;
      ++dx;
    }
}

inline double background_of(const attune::resample::IgnoredBackground& a, std::int64_t y, std::int64_t x) {
  const void* row = a.mask.row(y);
  const double mask = a.mask_sample == Sample::f32 ? static_cast<double>(static_cast<const float*>(row)[x])
                                                   : static_cast<const std::uint8_t*>(row)[x] / 255.0;
  return a.inverted ? mask : 1 - mask;
}

// How much of a pixel counts.
inline double share_of(const AverageRows& a, std::int64_t y, std::int64_t x) {
  if (!a.ignored) return 1;
  const double ignored = static_cast<const std::uint8_t*>(a.ignored->rows.row(y))[x] / 255.0;
  return 1 - ignored * background_of(*a.ignored, y, x);
}

// A colour (red first), in units of its peak.
template <class T>
double colour_of(const AverageRows& a, std::int64_t y, std::int64_t x, std::int64_t colour) {
  const std::int64_t channel = a.reversed ? a.out_channels() - 1 - colour : colour;
  const auto sample = static_cast<double>(static_cast<const T*>(a.source.row(y))[x * a.channels + channel]);
  const double value = sample / static_cast<double>(peak_of<T>);
  return a.linear ? encoded(value) : value;
}

struct Average {
  double value, share;
};
template <class T>
Average average(const AverageRows& a, const std::vector<double>& rows, const std::vector<double>& columns,
                std::int64_t out_y, std::int64_t out_x, std::int64_t colour) {
  double sum = 0, counted = 0;
  for (std::int64_t y = 0; y < a.height; ++y)
    for (std::int64_t x = 0; x < a.width; ++x) {
      const double weight = rows[static_cast<std::size_t>(out_y * a.height + y)] *
                            columns[static_cast<std::size_t>(out_x * a.width + x)] * share_of(a, y, x);
      if (weight == 0) continue;
      sum += weight * colour_of<T>(a, y, x, colour);
      counted += weight;
    }
  double value = counted > 0 ? sum / counted : 0;
  if (a.snap && std::fabs(value) <= 1e-5) value = 0;
  if (a.snap && std::fabs(value - 1) <= 1e-5) value = 1;
  return {a.inverted ? 1 - value : value, counted};
}

// Whether any pixel is background that counts.
inline bool has_background(const AverageRows& a) {
  for (std::int64_t y = 0; y < a.height; ++y)
    for (std::int64_t x = 0; x < a.width; ++x) {
      const double all_ignored = 1 - background_of(*a.ignored, y, x);
      if (background_of(*a.ignored, y, x) > 0 && share_of(a, y, x) > all_ignored) return true;
    }
  return false;
}

// With ignored pixels: of all rows.
template <class T>
void average_rows(const AverageRows& a) {
  if (a.has_background && a.ignored && has_background(a)) *a.has_background = 1;
  const std::vector<double> rows = axis_matrix(Method::area, a.height, a.out_height),
                            columns = axis_matrix(Method::area, a.width, a.out_width);
  for (std::int64_t y = a.row_begin; y < a.row_end; ++y)
    for (std::int64_t x = 0; x < a.out_width; ++x)
      for (std::int64_t c = 0; c < a.out_channels(); ++c) {
        const Average exact = average<T>(a, rows, columns, y, x, c);
        a.out[(y * a.out_width + x) * a.out_channels() + c] = static_cast<float>(exact.value);
        if (a.shares) a.shares[y * a.out_width + x] = static_cast<float>(exact.share);
        if (a.has_background && !a.ignored && exact.value < 1) *a.has_background = 1;
      }
}

}  // namespace attune::reference::resample
