// The time of one call, from a row's calls in several parts of equal size: the samples.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace attune::bench {

struct Timing {
  double seconds = 0;  // of one call, the mean
  double noise = 0;    // the samples' standard deviation over their mean
};

inline constexpr std::int64_t samples_wanted = 10;
inline constexpr std::size_t fewest_samples = 3;  // that tell of noise

// Not none. The mean is of the first `timed` samples, which the library has timed as well.
Timing timing_of(const std::vector<double>& samples, std::size_t timed);

// sample() runs `calls` calls and returns their seconds: as often as the library asks, and after that until there are enough to
// tell the noise, which a long call is not repeated for otherwise.
template <class Sample>
Timing time_samples(benchmark::State& state, std::int64_t calls, const Sample& sample) {
  std::vector<double> samples;
  const auto take = [&] { samples.push_back(sample() / static_cast<double>(calls)); };
  while (state.KeepRunningBatch(calls)) take();
  const std::size_t timed = samples.size();
  while (samples.size() < fewest_samples) take();
  return timing_of(samples, timed);
}

// The rates of rows are made from this time: the library's UseRealTime would append itself to their names.
template <class Call>
Timing time_calls_on_cpu(benchmark::State& state, const Call& call) {
  using Clock = std::chrono::steady_clock;
  const auto calls =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(state.max_iterations) / samples_wanted);
  return time_samples(state, calls, [&] {
    const auto start = Clock::now();
    for (std::int64_t i = 0; i < calls; ++i) call();
    return std::chrono::duration<double>(Clock::now() - start).count();
  });
}

}  // namespace attune::bench
