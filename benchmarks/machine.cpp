#include "benchmarks/machine.h"

#include <benchmark/benchmark.h>

#include <fstream>

#include "benchmarks/bench_support.h"
#include "benchmarks/timing.h"
#include "tools/machine/cpu_probe.h"

namespace attune::bench {

namespace {

// `work` returns the bytes or flops of a call, which `what` names.
template <class Work>
void machine_row(benchmark::State& state, const char* what, const char* rate, const Work& work) {
  double amount = 0;
  const Timing timing = time_calls_on_cpu(state, [&] { amount = work(); });
  state.counters[what] = amount;
  state.counters[rate] = amount * 1e-9 / timing.seconds;
  state.counters["noise"] = timing.noise;
}

void stream_row(benchmark::State& state, bool writes) {
  tools::StreamProbe probe(threads());
  machine_row(state, "bytes", "GB/s", [&] { return writes ? probe.copy() : probe.read(); });
}

void fma_row(benchmark::State& state, DType dtype) {
  machine_row(state, "flops", "GF/s", [&] { return tools::multiply_add(threads(), dtype); });
}

}  // namespace

void add_cpu_rows() {
  const auto add = [](const char* name, auto row, auto argument) {
    benchmark::RegisterBenchmark(name, row, argument)->Unit(benchmark::kMillisecond);
  };
  add("stream/read", stream_row, false);
  add("stream/copy", stream_row, true);
  add("fma/f32", fma_row, DType::f32);
  if (tools::has_bf16_dot_products()) add("fma/bf16", fma_row, DType::bf16);
}

// As the kernel tells it, on x86.
std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (const std::size_t colon = line.find(": "); line.rfind("model name", 0) == 0 && colon != line.npos)
      return line.substr(colon + 2);
  return "unknown CPU";
}

}  // namespace attune::bench
