// Times on a GPU: events around replays of a CUDA graph, so that the host's part of a launch is not in them. Compiled where
// the CUDA backend is.
#pragma once

#include <benchmark/benchmark.h>

#include <functional>

#include "benchmarks/timing.h"
#include "core/context.h"

namespace attune::bench {

// Cold: twice the L2 cache is overwritten before each call. Hot: the calls follow one another in one graph.
enum class CacheState { cold, hot };

// Runs `call` as often as Google Benchmark asks and returns the time that one took; notes it for the reports and, where
// they are known, the clocks: counters sm_MHz and memory_MHz, and a label that says what held them down. `call` has run
// before, and can be captured.
Timing timed_replays(benchmark::State& state, Context& context, const std::function<void()>& call,
                     CacheState cache);

// The least seconds that `work`, of a millisecond or more, took in a few runs.
double best_gpu_seconds(Context& context, const std::function<void()>& work);

}  // namespace attune::bench
