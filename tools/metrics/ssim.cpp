// Structural similarity in one sweep down the picture: the last 11 rows of the five moments, filtered along
// x, are kept in a ring, so that memory is a few rows whatever the picture's size.
#include <algorithm>
#include <array>
#include <cmath>

#include "tools/metrics/metrics.h"

namespace attune::tools {

namespace {

constexpr std::int64_t window_side = 11;
constexpr double window_sigma = 1.5;
constexpr std::size_t moments = 5;  // x, y, x^2, y^2, x y

std::vector<double> gaussian(std::int64_t side) {
  std::vector<double> weights;
  double sum = 0;
  for (std::int64_t i = 0; i < side; ++i) {
    const double offset = static_cast<double>(i) - static_cast<double>(side - 1) / 2;
    weights.push_back(std::exp(-offset * offset / (2 * window_sigma * window_sigma)));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

using Moments = std::array<std::vector<double>, moments>;  // each a row

// The five moments of row y, channel by channel interleaved as in the picture.
void load_row(const FloatImage& output, const FloatImage& target, std::int64_t y, Moments& row) {
  const float *a = output.row(y), *b = target.row(y);
  for (std::size_t i = 0; i < row[0].size(); ++i) {
    const auto u = static_cast<double>(a[i]), v = static_cast<double>(b[i]);
    row[0][i] = u;
    row[1][i] = v;
    row[2][i] = u * u;
    row[3][i] = v * v;
    row[4][i] = u * v;
  }
}

// Filters along x: the result has a row of (width - window + 1) pixels.
void filter_row(const Moments& row, const std::vector<double>& weights, Moments& filtered) {
  for (std::size_t moment = 0; moment < moments; ++moment) {
    std::vector<double>& out = filtered[moment];
    std::fill(out.begin(), out.end(), 0.0);
    for (std::size_t tap = 0; tap < weights.size(); ++tap) {
      const double weight = weights[tap];
      const double* source = row[moment].data() + 3 * tap;
      for (std::size_t i = 0; i < out.size(); ++i) out[i] += weight * source[i];
    }
  }
}

double similarity(const std::array<double, moments>& m, double c1, double c2) {
  const double variance_x = m[2] - m[0] * m[0], variance_y = m[3] - m[1] * m[1],
               covariance = m[4] - m[0] * m[1];
  return (2 * m[0] * m[1] + c1) * (2 * covariance + c2) /
         ((m[0] * m[0] + m[1] * m[1] + c1) * (variance_x + variance_y + c2));
}

Moments rows_of(std::size_t length) {
  Moments rows;
  rows.fill(std::vector<double>(length));
  return rows;
}

}  // namespace

double structural_similarity(const FloatImage& output, const FloatImage& target, double peak) {
  require(output.width == target.width && output.height == target.height && output.channels == 3 &&
              target.channels == 3 && output.width > 0 && output.height > 0 && peak > 0,
          ErrorKind::argument, "ssim: expected two pictures of one size and 3 channels, and a positive peak");
  const double c1 = 0.01 * peak * 0.01 * peak, c2 = 0.03 * peak * 0.03 * peak;
  const std::vector<double> along_x = gaussian(std::min(window_side, output.width));
  const std::vector<double> along_y = gaussian(std::min(window_side, output.height));
  const std::size_t inside = 3 * (static_cast<std::size_t>(output.width) - along_x.size() + 1);
  std::vector<Moments> ring(along_y.size(), rows_of(inside));
  Moments row = rows_of(3 * static_cast<std::size_t>(output.width));
  double sum = 0;
  std::int64_t places = 0;
  for (std::int64_t y = 0; y < output.height; ++y) {
    load_row(output, target, y, row);
    filter_row(row, along_x, ring[static_cast<std::size_t>(y) % ring.size()]);
    const std::size_t top =
        static_cast<std::size_t>(y) + 1;  // ring[(top + tap) % size]: from the oldest row down
    if (top < ring.size()) continue;
    for (std::size_t i = 0; i < inside; ++i) {
      std::array<double, moments> m{};
      for (std::size_t tap = 0; tap < ring.size(); ++tap) {
        const Moments& filtered = ring[(top + tap) % ring.size()];
        for (std::size_t moment = 0; moment < moments; ++moment)
          m[moment] += along_y[tap] * filtered[moment][i];
      }
      sum += similarity(m, c1, c2);
    }
    places += static_cast<std::int64_t>(inside);
  }
  return sum / static_cast<double>(places);
}

}  // namespace attune::tools
