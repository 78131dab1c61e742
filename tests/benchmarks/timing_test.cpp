#include "benchmarks/timing.h"

#include <catch2/catch.hpp>

using namespace attune::bench;

TEST_CASE("A row's time is the mean of its samples, and noise how far these lie apart") {
  CHECK(timing_of({3, 3, 3}, 3).seconds == Approx(3));
  CHECK(timing_of({3, 3, 3}, 3).noise == 0);
  CHECK(timing_of({8, 12}, 2).seconds == Approx(10));
  CHECK(timing_of({8, 12}, 2).noise == Approx(std::sqrt(8.0) / 10));
  // One call that the library timed, and two for the noise alone.
  CHECK(timing_of({8, 10, 12}, 1).seconds == Approx(8));
  CHECK(timing_of({8, 10, 12}, 1).noise == Approx(0.2));
  CHECK(timing_of({8}, 1).noise == 0);
}

TEST_CASE("Samples together are the calls that the library asks for, or enough for noise") {
  for (const std::int64_t asked : {1, 2, 7, 10, 19, 1000}) {
    std::int64_t calls = 0;
    Timing timing;
    auto* row = benchmark::RegisterBenchmark("row", [&](benchmark::State& state) {
      calls = 0;
      timing = time_calls_on_cpu(state, [&] { ++calls; });
    });
    row->Iterations(asked);
    struct Silent : benchmark::BenchmarkReporter {
      bool ReportContext(const Context&) override { return true; }
      void ReportRuns(const std::vector<Run>&) override {}
    } silent;
    benchmark::RunSpecifiedBenchmarks(&silent);
    benchmark::ClearRegisteredBenchmarks();
    CHECK(calls == std::max<std::int64_t>(asked, 3));
    CHECK(timing.seconds > 0);
  }
}
