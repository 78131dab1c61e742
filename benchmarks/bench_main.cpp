// attune-bench [--threads=N] [Google Benchmark's flags]: every op's rows, and the machine's limits beside them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <thread>
#include <vector>

#include "benchmarks/bench_support.h"
#include "benchmarks/machine.h"

namespace attune::bench {

namespace {

constexpr int bad_usage = 2;

int thread_count = 1;

std::vector<void (*)()>& files() {
  static std::vector<void (*)()> all;
  return all;
}

void run_row(benchmark::State& state, const Cost& cost, const Prepare& prepare, DType arithmetic) {
  const double limit = machine_limits().seconds(cost, arithmetic);
  try {
    Context context(Device{}, threads());
    const std::function<void()> call = prepare(context);
    call();  // scratch memory and cached primitives are made here, not in the timed calls
    const double seconds = timed_loop(state, call);
    const auto bytes = static_cast<double>(cost.bytes);
    state.counters["bytes"] = bytes;
    state.counters["flops"] = static_cast<double>(cost.flops);
    state.counters["GB/s"] = bytes * 1e-9 / seconds;
    state.counters["ceiling"] = std::min(1.0, limit / seconds);
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

// Takes --threads=N out of the arguments; false where N is no positive number.
bool take_threads(std::vector<char*>& arguments) {
  const char* flag = "--threads=";
  thread_count = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  for (auto argument = arguments.begin(); argument != arguments.end();) {
    if (std::strncmp(*argument, flag, std::strlen(flag)) != 0) {
      ++argument;
      continue;
    }
    const char* value = *argument + std::strlen(flag);
    const char* end = value + std::strlen(value);
    const auto [stop, error] = std::from_chars(value, end, thread_count);
    if (error != std::errc() || stop != end || thread_count < 1) return false;
    argument = arguments.erase(argument);
  }
  return true;
}

int run(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  if (!take_threads(arguments)) {
    std::fputs("attune-bench: --threads expects a positive number\n", stderr);
    return bad_usage;
  }
  // All rows together stay under 20 minutes; a flag of the user's comes later and wins.
  char least_time[] = "--benchmark_min_time=0.2";
  arguments.insert(arguments.begin() + 1, least_time);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return bad_usage;
  benchmark::AddCustomContext("attune_threads", std::to_string(threads()));
  add_machine_rows();
  for (void (*add)() : files()) add();
  const std::size_t rows = benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return rows > 0 ? 0 : bad_usage;  // a filter that matches nothing has been told
}

}  // namespace

Rows::Rows(void (*add)()) { files().push_back(add); }

int threads() { return thread_count; }

void add_row(const std::string& name, const Cost& cost, Prepare prepare, DType arithmetic) {
  benchmark::RegisterBenchmark(name.c_str(), [cost, prepare = std::move(prepare),
                                              arithmetic](benchmark::State& state) {
    run_row(state, cost, prepare, arithmetic);
  })->Unit(benchmark::kMicrosecond);
}

}  // namespace attune::bench

int main(int argc, char** argv) {
  try {
    return attune::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "attune-bench: %s\n", error.what());
    return 1;
  }
}
