#include "tools/data/transfer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tools/data/curve.h"
#include "tools/data/matrix3.h"

namespace attune::tools {

namespace {

constexpr std::size_t quantiles = 33;
// Keeps the square roots of a constant region finite; far below the variance of rounding to 8 bits (1e-6).
constexpr double variance_floor = 1e-10;

Pixels mapped(const Pixels& pixels, Color (*map)(const Color&)) {
  Pixels result(pixels.size());
  std::transform(pixels.begin(), pixels.end(), result.begin(), map);
  return result;
}

Pixels reinhard(const Pixels& source, const Pixels& reference, const Color& max_shift, float max_gain) {
  const ColorStatistics from = color_statistics(source), to = color_statistics(reference);
  Color mean{}, gain{}, target{};
  for (std::size_t c = 0; c < 3; ++c) {
    mean[c] = static_cast<float>(from.mean[c]);
    target[c] = mean[c] + std::clamp(static_cast<float>(to.mean[c]) - mean[c], -max_shift[c], max_shift[c]);
    const double variance = std::max(from.covariance[c][c], variance_floor);
    const auto ratio = static_cast<float>(std::sqrt(to.covariance[c][c] / variance));
    gain[c] = std::clamp(ratio, 1 / max_gain, max_gain);
  }
  Pixels result(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) result[i][c] = (source[i][c] - mean[c]) * gain[c] + target[c];
  }
  return result;
}

Pixels monge_kantorovich(const Pixels& source, const Pixels& reference, const TransferLimits& limits) {
  ColorStatistics from = color_statistics(source), to = color_statistics(reference);
  const double ridge = static_cast<double>(limits.noise) * static_cast<double>(limits.noise);
  for (std::size_t c = 0; c < 3; ++c) {
    from.covariance[c][c] += ridge;
    to.covariance[c][c] += ridge;
  }
  const SquareRoots a = square_roots(from.covariance, variance_floor);
  const SquareRoots middle =
      square_roots(product(product(a.root, to.covariance), a.root), variance_floor * variance_floor);
  const Matrix3 map = product(product(a.inverse, middle.root), a.inverse);
  Pixels result(source.size());
  for (std::size_t c = 0; c < 3; ++c) {
    const double reach = static_cast<double>(limits.rgb_shift[c]);
    const double target = from.mean[c] + std::clamp(to.mean[c] - from.mean[c], -reach, reach);
    for (std::size_t i = 0; i < source.size(); ++i) {
      double value = target;
      for (std::size_t k = 0; k < 3; ++k) {
        value += map[c][k] * (static_cast<double>(source[i][k]) - from.mean[k]);
      }
      result[i][c] = static_cast<float>(value);
    }
  }
  return result;
}

// The `quantiles` quantiles of one channel, from half a percent to 99.5 %.
std::vector<float> quantiles_of(const Pixels& pixels, std::size_t channel) {
  std::vector<float> values(pixels.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) values[i] = pixels[i][channel];
  std::sort(values.begin(), values.end());
  std::vector<float> result(quantiles);
  for (std::size_t q = 0; q < quantiles; ++q) {
    const double share = 0.005 + 0.99 * static_cast<double>(q) / static_cast<double>(quantiles - 1);
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const auto above = std::min(below + 1, values.size() - 1);
    result[q] =
        values[below] + (values[above] - values[below]) * static_cast<float>(place - std::floor(place));
  }
  return result;
}

// A [1 2 1] / 4 filter; the ends stay. Three of them keep the curve from posterizing flat areas.
void smooth(std::vector<float>& values) {
  float before = values.front();
  for (std::size_t i = 1; i + 1 < values.size(); ++i) {
    const float here = values[i];
    values[i] = (before + 2 * here + values[i + 1]) / 4;
    before = here;
  }
}

MonotoneCurve quantile_curve(std::vector<float> x, std::vector<float> y, float max_shift) {
  for (std::size_t q = 0; q < quantiles; ++q) {
    y[q] = std::clamp(y[q], x[q] - max_shift, x[q] + max_shift);
  }
  for (int pass = 0; pass < 3; ++pass) smooth(y);
  // Equal quantiles (a flat channel) become one point, at the mean of what they should map to.
  std::vector<float> x_points, y_points;
  for (std::size_t q = 0; q < quantiles;) {
    float sum = 0;
    std::size_t last = q;
    const float least_step = 1e-5f * std::max(1.0f, std::abs(x[q]));
    for (; last < quantiles && x[last] - x[q] <= least_step; ++last) sum += y[last];
    x_points.push_back(x[q]);
    y_points.push_back(sum / static_cast<float>(last - q));
    q = last;
  }
  // Clamping and smoothing keep the order; their rounding, and the mean's, may break it by one unit in the last place.
  for (std::size_t i = 1; i < y_points.size(); ++i) y_points[i] = std::max(y_points[i], y_points[i - 1]);
  return {std::move(x_points), std::move(y_points)};
}

Pixels quantile(const Pixels& source, const Pixels& reference, const Color& max_shift) {
  Pixels result(source.size());
  for (std::size_t c = 0; c < 3; ++c) {
    const MonotoneCurve curve =
        quantile_curve(quantiles_of(source, c), quantiles_of(reference, c), max_shift[c]);
    for (std::size_t i = 0; i < source.size(); ++i) result[i][c] = curve(source[i][c]);
  }
  return result;
}

}  // namespace

TransferLimits TransferLimits::scaled(float factor) const {
  TransferLimits wider = *this;
  for (std::size_t c = 0; c < 3; ++c) {
    wider.lab_shift[c] *= factor;
    wider.rgb_shift[c] *= factor;
  }
  wider.max_gain = std::pow(max_gain, factor);
  return wider;
}

TransferLimits TransferLimits::none() {
  constexpr float far = std::numeric_limits<float>::max();
  return {{far, far, far}, {far, far, far}, far, 0};
}

ColorStatistics color_statistics(const Pixels& pixels) {
  ColorStatistics statistics;
  if (pixels.empty()) return statistics;
  const auto count = static_cast<double>(pixels.size());
  for (const Color& pixel : pixels) {
    for (std::size_t c = 0; c < 3; ++c) statistics.mean[c] += static_cast<double>(pixel[c]) / count;
  }
  for (const Color& pixel : pixels) {
    std::array<double, 3> offset{};
    for (std::size_t c = 0; c < 3; ++c) offset[c] = static_cast<double>(pixel[c]) - statistics.mean[c];
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) statistics.covariance[i][j] += offset[i] * offset[j] / count;
    }
  }
  return statistics;
}

Pixels transfer(Transfer method, const Pixels& source, const Pixels& reference,
                const TransferLimits& limits) {
  if (source.empty() || reference.empty()) return source;
  switch (method) {
    case Transfer::reinhard_lab:
      return mapped(reinhard(mapped(source, lab_from_srgb), mapped(reference, lab_from_srgb),
                             limits.lab_shift, limits.max_gain),
                    srgb_from_lab);
    case Transfer::reinhard_rgb:
      return reinhard(source, reference, limits.rgb_shift, limits.max_gain);
    case Transfer::monge_kantorovich:
      return monge_kantorovich(source, reference, limits);
    case Transfer::quantile_lab:
      return mapped(
          quantile(mapped(source, lab_from_srgb), mapped(reference, lab_from_srgb), limits.lab_shift),
          srgb_from_lab);
    case Transfer::quantile_rgb:
      return quantile(source, reference, limits.rgb_shift);
  }
  return source;
}

}  // namespace attune::tools
