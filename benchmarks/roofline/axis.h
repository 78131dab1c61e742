// A logarithmic axis of a picture.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace attune::bench {

struct Tick {
  double value;
  bool labelled;
};

struct Axis {
  double low = 1, high = 10;  // values
  double from = 0, to = 1;    // where these are in the picture

  double at(double value) const { return from + (to - from) * std::log(value / low) / std::log(high / low); }

  // The same places for values in another unit, one of which is `unit` of this axis.
  Axis in(double unit) const { return {low / unit, high / unit, from, to}; }

  // 1, 2 and 5 of each decade; on a long axis only 1 is labelled.
  std::vector<Tick> ticks() const {
    std::vector<Tick> ticks;
    const bool is_long = high / low > 1e3;
    for (double decade = std::pow(10, std::floor(std::log10(low))); decade <= high; decade *= 10)
      for (const int step : {1, 2, 5})
        if (const double value = step * decade; value >= low && value <= high)
          ticks.push_back({value, step == 1 || !is_long});
    return ticks;
  }
};

// With some room beyond the values.
inline Axis axis_of(const std::vector<double>& values, double from, double to) {
  constexpr double room = 1.5;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return {*least / room, *most * room, from, to};
}

}  // namespace attune::bench
