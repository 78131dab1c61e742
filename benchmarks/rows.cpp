// Adding and running rows, on the CPU or on CUDA.
#include <algorithm>
#include <exception>
#include <vector>

#include "benchmarks/bench_support.h"
#include "benchmarks/cuda/replay_timing.h"
#include "benchmarks/machine.h"
#include "tools/machine/cpu_probe.h"

namespace attune::bench {

namespace {

std::vector<void (*)()>& files() {
  static std::vector<void (*)()> all;
  return all;
}

bool on_cuda() { return built_with_cuda && device().kind == DeviceKind::cuda; }

MachineLimits measure() {
  if constexpr (built_with_cuda)
    if (on_cuda()) return measure_gpu();
  return tools::measure_cpu(threads());
}

const MachineLimits& machine_limits() {
  static const MachineLimits limits = measure();
  return limits;
}

double time_calls(benchmark::State& state, Context& context, const std::function<void()>& call,
                  CacheState cache) {
  if constexpr (built_with_cuda)
    if (on_cuda()) return timed_replays(state, context, call, cache);
  return timed_loop(state, call);
}

struct Row {
  Cost cost;
  Prepare prepare;
  DType arithmetic;
};

void run_row(benchmark::State& state, const Row& row, CacheState cache) {
  const double limit = machine_limits().seconds(row.cost, row.arithmetic);
  try {
    Context context(device(), threads());
    const std::function<void()> call = row.prepare(context);
    call();  // scratch memory and cached primitives are made here, not in the timed calls
    const double seconds = time_calls(state, context, call, cache);
    const auto bytes = static_cast<double>(row.cost.bytes);
    state.counters["bytes"] = bytes;
    state.counters["flops"] = static_cast<double>(row.cost.flops);
    state.counters["GB/s"] = bytes * 1e-9 / seconds;
    state.counters["ceiling"] = std::min(1.0, limit / seconds);
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

void register_row(const std::string& name, const Row& row, CacheState cache) {
  benchmark::RegisterBenchmark(name.c_str(), [row, cache](benchmark::State& state) {
    run_row(state, row, cache);
  })->Unit(benchmark::kMicrosecond);
}

}  // namespace

Rows::Rows(void (*add)()) { files().push_back(add); }

void add_all_rows() {
  if constexpr (built_with_cuda) {
    if (on_cuda()) add_gpu_rows();
  }
  if (!on_cuda()) add_cpu_rows();
  for (void (*add)() : files()) add();
}

void add_row(const std::string& name, const Cost& cost, Prepare prepare, DType arithmetic) {
  const Row row{cost, std::move(prepare), arithmetic};
  register_row(name, row, on_cuda() ? CacheState::cold : CacheState::hot);
  if (on_cuda()) register_row(name + "/hot", row, CacheState::hot);
}

}  // namespace attune::bench
