#include "benchmarks/timing.h"

#include <cmath>
#include <numeric>

namespace attune::bench {

namespace {

double mean_of(const std::vector<double>& samples, std::size_t count) {
  return std::accumulate(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(count), 0.0) /
         static_cast<double>(count);
}

}  // namespace

Timing timing_of(const std::vector<double>& samples, std::size_t timed) {
  const double mean = mean_of(samples, samples.size());
  double squares = 0;
  for (const double sample : samples) squares += (sample - mean) * (sample - mean);
  const double deviation =
      samples.size() > 1 ? std::sqrt(squares / static_cast<double>(samples.size() - 1)) : 0;
  return {mean_of(samples, timed), deviation / mean};
}

}  // namespace attune::bench
