#include "benchmarks/roofline/figures.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/text.h"

namespace attune::bench {

namespace {

double rate(std::int64_t amount, const MeasuredRow& row) {
  return static_cast<double>(amount) * 1e-9 / row.seconds;
}

// The power of ten of the value's first digit, where it is rounded to so many.
int decade_of(double value, int digits) {
  std::array<char, 32> scientific{};
  std::snprintf(scientific.data(), scientific.size(), "%.*e", digits - 1, value);
  return std::atoi(std::strchr(scientific.data(), 'e') + 1);
}

std::string range_of(const std::vector<double>& values, std::string (*written)(double)) {
  if (values.empty()) return "";
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const std::string low = written(*least), high = written(*most);
  return low == high ? low : low + " – " + high;
}

}  // namespace

double gigabytes(const MeasuredRow& row) { return rate(row.cost.bytes, row); }
double gigaflops(const MeasuredRow& row) { return rate(row.cost.flops, row); }
double intensity(const MeasuredRow& row) {
  return static_cast<double>(row.cost.flops) / static_cast<double>(row.cost.bytes);
}

std::string figure(double value) {
  constexpr int digits = 3;
  return value > 0 ? fixed(value, std::max(0, digits - 1 - decade_of(value, digits))) : "0";
}

std::string percents(double share) { return fixed(100 * share, 1); }

std::string range(const std::vector<double>& values) { return range_of(values, figure); }
std::string percent_range(const std::vector<double>& shares) { return range_of(shares, percents); }

std::string tick_label(double value) { return fixed(value, std::max(0, -decade_of(value, 1))); }

FlopUnit flop_unit(const tools::MachineLimits& limits) {
  const double peak = std::max(limits.f32_flops_per_second, limits.bf16_flops_per_second);
  return peak > 1e13 ? FlopUnit{1e3, "TFLOP/s"} : FlopUnit{1, "GFLOP/s"};
}

}  // namespace attune::bench
