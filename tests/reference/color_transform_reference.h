// color_transform in plain loops. T = double judges the kernels; T = float sets their tolerance.
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "kernels/color_transform/color_transform.h"
#include "tests/reference/transfer_reference.h"

namespace attune::reference::color_transform {

using attune::color_transform::Backward;
using attune::color_transform::Forward;
using attune::color_transform::Options;
using attune::color_transform::Rows;

// Four cells and their weights.
template <class T>
struct Corners {
  std::int64_t cell[4];
  T weight[4];
};

template <class T>
Corners<T> corners(std::int64_t row, std::int64_t column, std::int64_t h, std::int64_t w,
                   const Options& options) {
  const auto position = [](std::int64_t index, float scale, std::int64_t cells) {
    const double centre = (static_cast<double>(index) + 0.5) * static_cast<double>(scale) - 0.5;
    return std::min(std::max(centre, 0.0), static_cast<double>(cells - 1));
  };
  const double y = position(row, options.scale_y, h), x = position(column, options.scale_x, w);
  const std::int64_t top = static_cast<std::int64_t>(y), left = static_cast<std::int64_t>(x);
  const std::int64_t bottom = std::min(top + 1, h - 1), right = std::min(left + 1, w - 1);
  const T fy = static_cast<T>(y - static_cast<double>(top)),
          fx = static_cast<T>(x - static_cast<double>(left));
  return {{top * w + left, top * w + right, bottom * w + left, bottom * w + right},
          {(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx}};
}

// T^ at one pixel: the entry k of the interpolated transform.
template <class T, class Cell>
T upsampled(const Cell* transform, const Corners<T>& at, int k) {
  T sum = 0;
  for (int i = 0; i < 4; ++i) sum += at.weight[i] * static_cast<T>(transform[at.cell[i] * 12 + k]);
  return sum;
}

template <class T>
void forward(const Forward& a, const Options& options) {
  const Shape &cells = a.transform.shape, &image = a.image.shape;
  for (std::int64_t n = 0; n < image[0]; ++n)
    for (std::int64_t row = 0; row < image[1]; ++row)
      for (std::int64_t column = 0; column < image[2]; ++column) {
        const Corners<T> at = corners<T>(row, column, cells[1], cells[2], options);
        const T* transform = a.transform.as<T>() + n * cells[1] * cells[2] * 12;
        const std::int64_t pixel = (n * image[1] + row) * image[2] + column;
        const T *x = a.image.as<T>() + 3 * pixel, m = a.mask.as<T>()[pixel];
        for (int i = 0; i < 3; ++i) {
          T sum = upsampled<T>(transform, at, 9 + i);
          for (int j = 0; j < 3; ++j) sum += upsampled<T>(transform, at, 3 * i + j) * (x[j] - T(0.5));
          a.y.as<T>()[3 * pixel + i] = x[i] + m * sum;
        }
      }
}

template <class T>
void backward(const Backward& a, const Options& options) {
  const Shape &cells = a.transform.shape, &image = a.image.shape;
  if (a.dtransform_mode == GradientMode::overwrite)
    std::fill_n(a.dtransform.as<T>(), a.dtransform.elements(), T(0));
  for (std::int64_t n = 0; n < image[0]; ++n)
    for (std::int64_t row = 0; row < image[1]; ++row)
      for (std::int64_t column = 0; column < image[2]; ++column) {
        const Corners<T> at = corners<T>(row, column, cells[1], cells[2], options);
        const std::int64_t first = n * cells[1] * cells[2] * 12;
        const std::int64_t pixel = (n * image[1] + row) * image[2] + column;
        const T *x = a.image.as<T>() + 3 * pixel, *dy = a.dy.as<T>() + 3 * pixel, m = a.mask.as<T>()[pixel];
        if (a.dtransform_mode != GradientMode::ignore)
          for (int corner = 0; corner < 4; ++corner) {
            T* dtransform = a.dtransform.as<T>() + first + at.cell[corner] * 12;
            for (int i = 0; i < 3; ++i) {
              const T d = at.weight[corner] * m * dy[i];
              for (int j = 0; j < 3; ++j) dtransform[3 * i + j] += d * (x[j] - T(0.5));
              dtransform[9 + i] += d;
            }
          }
        if (a.dimage_mode == GradientMode::ignore) continue;
        for (int j = 0; j < 3; ++j) {
          T sum = dy[j];
          for (int i = 0; i < 3; ++i)
            sum += m * upsampled<T>(a.transform.as<T>() + first, at, 3 * i + j) * dy[i];
          T& dimage = a.dimage.as<T>()[3 * pixel + j];
          dimage = a.dimage_mode == GradientMode::accumulate ? dimage + sum : sum;
        }
      }
}

inline double row_mask(const Rows& a, std::int64_t row, std::int64_t column) {
  if (a.mask_type == Rows::MaskType::none) return 1;
  const char* mask = static_cast<const char*>(a.mask) + row * a.mask_stride;
  const double m = a.mask_type == Rows::MaskType::u8
                       ? static_cast<unsigned char>(mask[column]) / 255.0
                       : static_cast<double>(reinterpret_cast<const float*>(mask)[column]);
  return a.inverted ? 1 - m : m;
}

// The value of one colour sample before it is rounded.
template <class S, class Cell>
double transformed_sample(const Rows& a, const Options& options, std::int64_t row, std::int64_t column,
                          int channel) {
  const auto peak = static_cast<double>(attune::peak_of<S>);
  const S* pixel =
      reinterpret_cast<const S*>(static_cast<const char*>(a.in) + row * a.in_stride) + column * a.channels;
  const auto value = [&](int colour) {
    const auto sample = static_cast<double>(pixel[a.reversed ? 2 - colour : colour]);
    return a.linear ? encoded(sample) : sample;
  };
  const Corners<double> at =
      corners<double>(a.row_begin + row, column, a.transform.shape[0], a.transform.shape[1], options);
  const int i = a.reversed ? 2 - channel : channel;
  double sum = peak * upsampled<double>(a.transform.as<Cell>(), at, 9 + i);
  for (int j = 0; j < 3; ++j)
    sum += upsampled<double>(a.transform.as<Cell>(), at, 3 * i + j) * (value(j) - peak / 2);
  const double before = value(i), low = std::min(0.0, before), high = std::max(peak, before);
  const double harmonized = std::min(std::max(before + row_mask(a, row, column) * sum, low), high);
  const double strength = a.enabled && *a.enabled == 0 ? 0 : static_cast<double>(a.strength);
  const double result = before + strength * (harmonized - before);
  return a.linear ? decoded(result) : result;
}

template <class S>
S rounded(double value) {
  return static_cast<S>(std::is_same_v<S, float> ? value : std::round(value));
}

// Not in place: the samples of a pixel depend on each other.
template <class S, class Cell>
void apply_rows(const Rows& a, const Options& options) {
  for (std::int64_t row = 0; row < a.row_end - a.row_begin; ++row)
    for (std::int64_t column = 0; column < a.width; ++column) {
      const S* in = reinterpret_cast<const S*>(static_cast<const char*>(a.in) + row * a.in_stride);
      S* out = reinterpret_cast<S*>(static_cast<char*>(a.out) + row * a.out_stride);
      for (int i = 0; i < a.channels; ++i)
        out[column * a.channels + i] =
            i == 3 ? in[column * a.channels + i]
                   : rounded<S>(transformed_sample<S, Cell>(a, options, row, column, i));
    }
}

}  // namespace attune::reference::color_transform
