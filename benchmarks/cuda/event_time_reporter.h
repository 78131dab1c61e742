// Google Benchmark's reports with the time that rows took on a GPU. The library's own UseManualTime would append itself to
// their names.
#pragma once

#include <benchmark/benchmark.h>

#include <vector>

namespace attune::bench {

// The counter in which a row hands over the seconds of one call. It is not reported itself.
inline constexpr const char* event_seconds = "event_seconds";

template <class Reporter>
class EventTimeReporter : public Reporter {
 public:
  using Reporter::Reporter;

  void ReportRuns(const std::vector<typename Reporter::Run>& runs) override {
    std::vector<typename Reporter::Run> timed = runs;
    for (auto& run : timed) {
      const auto seconds = run.counters.find(event_seconds);
      if (seconds == run.counters.end()) continue;  // the row failed
      run.real_accumulated_time = seconds->second * static_cast<double>(run.iterations);
      run.counters.erase(seconds);
    }
    Reporter::ReportRuns(timed);
  }
};

}  // namespace attune::bench
