// The figures of a roofline's rows, and how they are written: always as decimals.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/roofline/roofline.h"

namespace attune::bench {

double gigabytes(const MeasuredRow& row);  // a second, as the flops
double gigaflops(const MeasuredRow& row);
double intensity(const MeasuredRow& row);  // flops a byte

std::string figure(double value);    // three digits
std::string percents(double share);  // to a tenth
// The least and the greatest; nothing of none.
std::string range(const std::vector<double>& values);
std::string percent_range(const std::vector<double>& shares);
std::string tick_label(double value);  // 1, 2 or 5 of a decade

// In which rates are written: GFLOP/s, or TFLOP/s where the peak is above 10,000 of these.
struct FlopUnit {
  double gigaflops;
  const char* name;
};
FlopUnit flop_unit(const tools::MachineLimits& limits);

}  // namespace attune::bench
