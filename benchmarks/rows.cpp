// Adding and running rows, on the CPU or on CUDA.
#include "benchmarks/rows.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "benchmarks/bench_support.h"
#include "benchmarks/cuda/replay_timing.h"
#include "benchmarks/machine.h"
#include "benchmarks/timing.h"
#include "tools/machine/caches.h"
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

std::int64_t last_level_bytes() {
  if constexpr (built_with_cuda)
    if (on_cuda()) return gpu_cache_bytes();
  return tools::cache_sizes().last;
}

const MachineLimits& machine_limits() {
  static const MachineLimits limits = measure();
  return limits;
}

Timing time_calls(benchmark::State& state, Context& context, const std::function<void()>& call,
                  CacheState cache) {
  if constexpr (built_with_cuda)
    if (on_cuda()) return timed_replays(state, context, call, cache);
  return time_calls_on_cpu(state, call);
}

struct Row {
  Cost cost;
  Prepare prepare;
  DType arithmetic;
};

// A row with all that it needs.
struct PreparedRow {
  std::shared_ptr<const Row> row;
  Context context;
  std::function<void()> call;

  explicit PreparedRow(std::shared_ptr<const Row> prepared)
      : row(std::move(prepared)), context(device(), threads()), call(row->prepare(context)) {
    call();  // scratch memory and cached primitives are made here, not in the timed calls
  }
};

std::unique_ptr<PreparedRow>& last_row() {
  static std::unique_ptr<PreparedRow> last;
  return last;
}

// The library runs a row several times to choose its iterations, and on CUDA a cold row precedes the same one hot: all of
// them share what the first has made.
PreparedRow& prepared(const std::shared_ptr<const Row>& row) {
  std::unique_ptr<PreparedRow>& last = last_row();
  if (!last || last->row != row) {
    last.reset();  // before more memory is asked for
    last = std::make_unique<PreparedRow>(row);
  }
  return *last;
}

MeasuredRows& measured_rows() {
  static MeasuredRows rows;
  return rows;
}

void count(benchmark::State& state, const Row& row, const Timing& timing) {
  const MachineLimits& limits = machine_limits();
  const auto bytes = static_cast<double>(row.cost.bytes), flops = static_cast<double>(row.cost.flops);
  state.counters["bytes"] = bytes;
  state.counters["flops"] = flops;
  state.counters["GB/s"] = bytes * 1e-9 / timing.seconds;
  state.counters["GF/s"] = flops * 1e-9 / timing.seconds;
  state.counters["noise"] = timing.noise;
  state.counters["ceiling"] = std::min(1.0, limits.seconds(row.cost, row.arithmetic) / timing.seconds);
  state.counters["arithmetic_ceiling"] = limits.arithmetic_seconds(row.cost, row.arithmetic) / timing.seconds;
}

void run_row(benchmark::State& state, const std::string& name, const std::shared_ptr<const Row>& row,
             CacheState cache) {
  machine_limits();  // measured before a row takes memory and warms the machine
  try {
    PreparedRow& ready = prepared(row);
    const Timing timing = time_calls(state, ready.context, ready.call, cache);
    count(state, *row, timing);
    measured_rows().keep({name, row->cost, row->arithmetic, timing.seconds, timing.noise});
  } catch (const std::exception& error) {
    forget_last_row();
    measured_rows().drop(name);
    state.SkipWithError(error.what());
  }
}

void register_row(const std::string& name, const std::shared_ptr<const Row>& row, CacheState cache) {
  benchmark::RegisterBenchmark(name.c_str(), [name, row, cache](benchmark::State& state) {
    run_row(state, name, row, cache);
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

std::optional<GpuSizes> gpu_sizes() {
  if constexpr (built_with_cuda)
    if (on_cuda()) return gpu_row_sizes();
  return std::nullopt;
}

std::optional<Roofline> roofline(const std::string& caption) {
  if (measured_rows().all().empty()) return std::nullopt;
  return Roofline{measured_rows().all(), machine_limits(), last_level_bytes(), caption};
}

void forget_last_row() { last_row().reset(); }

void add_row(const std::string& name, const Cost& cost, Prepare prepare, DType arithmetic) {
  const auto row = std::make_shared<const Row>(Row{cost, std::move(prepare), arithmetic});
  register_row(name, row, on_cuda() ? CacheState::cold : CacheState::hot);
  if (on_cuda()) register_row(name + "/hot", row, CacheState::hot);
}

}  // namespace attune::bench
