// Structural similarity, strip by strip of 128 columns. Down a strip, the last 11 rows of the four moments, filtered
// along x, are kept in a ring: 140 KB that stay in the second-level cache, whatever the picture's size.
#include <algorithm>
#include <array>
#include <cmath>

#include "tools/metrics/metrics.h"

namespace attune::tools {

namespace {

constexpr std::int64_t window_side = 11;
constexpr double window_sigma = 1.5;
constexpr std::int64_t strip_columns = 128;
// Loops over a strip have constant bounds, which is what the compiler vectorizes at -O2; columns beyond the picture's
// are computed as zeros and left out of the sum.
constexpr std::size_t strip_values = 3 * strip_columns;
constexpr std::size_t input_values = strip_values + 3 * (window_side - 1);
// x, y, x^2 + y^2 and x y: SSIM needs the variances' sum only.
constexpr std::size_t moments = 4;

using Filtered = std::array<std::array<double, strip_values>, moments>;
using Unfiltered = std::array<std::array<double, input_values>, moments>;

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

// `count` values of two rows, as their moments.
void load(const float* a, const float* b, std::size_t count, Unfiltered& row) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto u = static_cast<double>(a[i]), v = static_cast<double>(b[i]);
    row[0][i] = u;
    row[1][i] = v;
    row[2][i] = u * u + v * v;
    row[3][i] = u * v;
  }
}

// The symmetric window over the rows that `source(tap)` points to; taps of equal weight are added up first.
template <class Source>
void filter(const std::vector<double>& weights, const Source& source, double* __restrict out) {
  const std::size_t taps = weights.size();
  std::fill_n(out, strip_values, 0.0);
  for (std::size_t tap = 0; tap < taps / 2; ++tap) {
    const double weight = weights[tap];
    const double *a = source(tap), *b = source(taps - 1 - tap);
    for (std::size_t i = 0; i < strip_values; ++i) out[i] += weight * (a[i] + b[i]);
  }
  if (taps % 2 == 0) return;
  const double weight = weights[taps / 2], *middle = source(taps / 2);
  for (std::size_t i = 0; i < strip_values; ++i) out[i] += weight * middle[i];
}

// The sum of SSIM over the first `count` places of a row.
double sum_row(const Filtered& m, std::size_t count, double c1, double c2) {
  std::array<double, strip_values> similarity;
  for (std::size_t i = 0; i < strip_values; ++i) {
    const double product = m[0][i] * m[1][i], squares = m[0][i] * m[0][i] + m[1][i] * m[1][i];
    const double variances = m[2][i] - squares, covariance = m[3][i] - product;
    similarity[i] = (2 * product + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2));
  }
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += similarity[i];
  return sum;
}

struct SeparableWindow {
  std::vector<double> along_x, along_y;
};

// The sum over the places whose windows begin in columns [first, first + columns), columns <= strip_columns.
double sum_strip(const FloatImage& output, const FloatImage& target, const SeparableWindow& window,
                 std::int64_t first, std::size_t columns, double c1, double c2) {
  const std::size_t rows_kept = window.along_y.size(), height = static_cast<std::size_t>(output.height);
  const std::size_t loaded = 3 * (columns + window.along_x.size() - 1);
  std::vector<Filtered> ring(rows_kept);  // row y is at y modulo their number
  Unfiltered row{};
  Filtered filtered;
  double sum = 0;
  for (std::size_t y = 0; y < height; ++y) {
    const auto line = static_cast<std::int64_t>(y);
    load(output.row(line) + 3 * first, target.row(line) + 3 * first, loaded, row);
    for (std::size_t m = 0; m < moments; ++m) {
      filter(
          window.along_x, [&](std::size_t tap) { return row[m].data() + 3 * tap; },
          ring[y % rows_kept][m].data());
    }
    if (y + 1 < rows_kept) continue;
    for (std::size_t m = 0; m < moments; ++m) {
      const auto source = [&](std::size_t tap) { return ring[(y + 1 + tap) % rows_kept][m].data(); };
      filter(window.along_y, source, filtered[m].data());
    }
    sum += sum_row(filtered, 3 * columns, c1, c2);
  }
  return sum;
}

}  // namespace

double structural_similarity(const FloatImage& output, const FloatImage& target, double peak) {
  require(output.width == target.width && output.height == target.height && output.channels == 3 &&
              target.channels == 3 && output.width > 0 && output.height > 0 && peak > 0,
          ErrorKind::argument, "ssim: expected two pictures of one size and 3 channels, and a positive peak");
  const double c1 = 0.01 * peak * 0.01 * peak, c2 = 0.03 * peak * 0.03 * peak;
  const SeparableWindow window{gaussian(std::min(window_side, output.width)),
                               gaussian(std::min(window_side, output.height))};
  const std::int64_t columns = output.width - static_cast<std::int64_t>(window.along_x.size()) + 1;
  const std::int64_t rows = output.height - static_cast<std::int64_t>(window.along_y.size()) + 1;
  double sum = 0;
  for (std::int64_t first = 0; first < columns; first += strip_columns) {
    const auto inside = static_cast<std::size_t>(std::min(strip_columns, columns - first));
    sum += sum_strip(output, target, window, first, inside, c1, c2);
  }
  return sum / (3 * static_cast<double>(columns) * static_cast<double>(rows));
}

}  // namespace attune::tools
