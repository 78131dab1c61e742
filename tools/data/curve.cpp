#include "tools/data/curve.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace attune::tools {

namespace {

constexpr int pieces = 1024;

// Slopes at the points: the mean of both neighbours' secants, zero at an extremum, shortened to Fritsch and
// Carlson's circle of radius 3 wherever the cubic would overshoot.
std::vector<float> monotone_slopes(const std::vector<float>& x, const std::vector<float>& y) {
  const std::size_t count = x.size();
  std::vector<float> secant(count - 1), slope(count, 1.0f);
  for (std::size_t i = 0; i + 1 < count; ++i) secant[i] = (y[i + 1] - y[i]) / (x[i + 1] - x[i]);
  if (count == 1) return slope;
  slope.front() = secant.front();
  slope.back() = secant.back();
  for (std::size_t i = 1; i + 1 < count; ++i) {
    slope[i] = secant[i - 1] == 0 || secant[i] == 0 ? 0 : (secant[i - 1] + secant[i]) / 2;
  }
  for (std::size_t i = 0; i + 1 < count; ++i) {
    if (secant[i] == 0) {
      slope[i] = slope[i + 1] = 0;
      continue;
    }
    const float length = std::hypot(slope[i], slope[i + 1]) / secant[i];
    if (length > 3) {
      slope[i] *= 3 / length;
      slope[i + 1] *= 3 / length;
    }
  }
  return slope;
}

}  // namespace

MonotoneCurve::MonotoneCurve(std::vector<float> x, std::vector<float> y)
    : x_(std::move(x)), y_(std::move(y)) {
  require(!x_.empty() && x_.size() == y_.size(), ErrorKind::argument, "a curve through ", x_.size(),
          " x and ", y_.size(), " y");
  for (std::size_t i = 0; i + 1 < x_.size(); ++i) {
    require(x_[i] < x_[i + 1] && y_[i] <= y_[i + 1], ErrorKind::argument, "curve falls between points ", i,
            " and ", i + 1);
  }
  slope_ = monotone_slopes(x_, y_);
}

float MonotoneCurve::operator()(float value) const {
  if (value <= x_.front()) return y_.front() + (value - x_.front());
  if (value >= x_.back()) return y_.back() + (value - x_.back());
  const auto i = static_cast<std::size_t>(std::upper_bound(x_.begin(), x_.end(), value) - x_.begin()) - 1;
  const float width = x_[i + 1] - x_[i], t = (value - x_[i]) / width, rest = 1 - t;
  // The Hermite cubic, written so that a flat piece stays exactly flat.
  return y_[i] + t * t * (3 - 2 * t) * (y_[i + 1] - y_[i]) +
         width * t * rest * (rest * slope_[i] - t * slope_[i + 1]);
}

CurveTable::CurveTable(const std::function<float(float)>& function) {
  for (int i = 0; i <= pieces; ++i) values_.push_back(function(static_cast<float>(i) / pieces));
}

float CurveTable::operator()(float value) const {
  if (value <= 0) return values_.front() + value;
  if (value >= 1) return values_.back() + (value - 1);
  const float place = value * pieces;
  const auto i = static_cast<std::size_t>(place);
  return values_[i] + (values_[i + 1] - values_[i]) * (place - static_cast<float>(i));
}

}  // namespace attune::tools
