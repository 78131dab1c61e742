// Compares a hand-derived gradient with central differences of a double-precision function (math.md, 8).
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace attune::test {

struct GradientCheck {
  bool ok = true;
  std::string failure;  // the worst coordinate, its gradient and its difference quotient
};

// 64 seeded coordinates of `x` (all where there are fewer) and one random direction. `f` must be smooth around x: at a
// kink (seen as two step sizes that disagree) the coordinate is skipped and another one is drawn.
inline GradientCheck check_gradient(const std::function<double(const std::vector<double>&)>& f,
                                    const std::vector<double>& x, const std::vector<double>& gradient,
                                    std::uint64_t seed = 1) {
  GradientCheck result;
  if (x.empty()) return result;
  std::mt19937_64 generator(seed);
  const double value = f(x);
  double largest = 0;
  for (double g : gradient) largest = std::max(largest, std::fabs(g));

  // The difference quotient along `direction` with step h.
  const auto quotient = [&](const std::vector<double>& direction, double h) {
    std::vector<double> plus = x, minus = x;
    for (std::size_t i = 0; i < x.size(); ++i) {
      plus[i] += h * direction[i];
      minus[i] -= h * direction[i];
    }
    return (f(plus) - f(minus)) / (2 * h);
  };
  // False where `direction` crosses a kink; records a failure where the gradient differs.
  const auto judge = [&](const std::vector<double>& direction, double h, const std::string& what) {
    const double expected = quotient(direction, h), halved = quotient(direction, h / 2);
    double actual = 0, scale = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      actual += gradient[i] * direction[i];
      scale += std::fabs(direction[i]);
    }
    const double bound = (1e-6 * largest + 1e-14 * std::fabs(value) / h + 1e-12) * std::max(1.0, scale);
    if (std::fabs(expected - halved) > bound) return false;
    if (!(std::fabs(actual - expected) <= bound)) {
      result.ok = false;
      result.failure = what + ": gradient " + std::to_string(actual) + ", central difference " +
                       std::to_string(expected) + ", largest gradient " + std::to_string(largest);
    }
    return true;
  };

  const std::size_t wanted = std::min<std::size_t>(64, x.size());
  std::size_t judged = 0;
  for (std::size_t draw = 0; draw < 4 * wanted && judged < wanted && result.ok; ++draw) {
    const std::size_t i = x.size() <= 64 ? draw % x.size() : generator() % x.size();
    std::vector<double> direction(x.size(), 0.0);
    direction[i] = 1;
    judged += judge(direction, 1e-6 * std::max(1.0, std::fabs(x[i])), "coordinate " + std::to_string(i));
  }
  std::normal_distribution<double> normal;
  std::vector<double> direction(x.size());
  for (double& d : direction) d = normal(generator) / std::sqrt(static_cast<double>(x.size()));
  if (result.ok) judge(direction, 1e-6, "random direction");
  if (result.ok && judged < (wanted + 1) / 2) {
    result.ok = false;
    result.failure =
        "only " + std::to_string(judged) + " of " + std::to_string(wanted) + " coordinates are smooth";
  }
  return result;
}

}  // namespace attune::test
