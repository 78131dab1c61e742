// The GPU's limits and their rows.
#include <functional>
#include <string>

#include "benchmarks/bench_support.h"
#include "benchmarks/cuda/machine_kernels.h"
#include "benchmarks/cuda/replay_timing.h"
#include "benchmarks/machine.h"
#include "core/cuda_check.h"

namespace attune::bench {

namespace {

#ifdef ATTUNE_CUDA_ON_HOST  // where a row shows no more than that it runs
constexpr std::int64_t array_bytes = 1 << 16;
constexpr int f32_repeats = 2, bf16_repeats = 1;
constexpr std::int64_t images = 2, edge = 16, channels = 64, patches = 16;
#else
constexpr std::int64_t array_bytes = 1 << 30;                 // 20 times an H100's cache
constexpr int f32_repeats = 1 << 15, bf16_repeats = 1 << 12;  // about a millisecond
// A GPU that holds the arrays above holds these rows' tensors, 1 GiB at most.
constexpr std::int64_t images = 16, edge = 256, channels = 64, patches = 4096;
#endif

struct StreamArrays {
  Tensor from, to, sink;

  StreamArrays()
      : from(Tensor::zeros({array_bytes / 4}, DType::f32, device())),
        to(from.shape(), DType::f32, device()),
        sink({1}, DType::f32, device()) {}
  // Returns the bytes that are moved.
  double read(Context& context) {
    stream_read(context, from.as<float>(), array_bytes / 4, sink.as<float>());
    return static_cast<double>(array_bytes);
  }
  double copy(Context& context) {
    stream_copy(context, from.as<float>(), to.as<float>(), array_bytes / 4);
    return 2.0 * static_cast<double>(array_bytes);
  }
};

double run_fma(Context& context, DType dtype, Tensor& sink) {
  return dtype == DType::bf16 ? multiply_add_bf16(context, bf16_repeats, sink.as<float>())
                              : multiply_add_f32(context, f32_repeats, sink.as<float>());
}

// `work` returns the bytes or flops of a call, which `what` names.
template <class Work>
void machine_row(benchmark::State& state, Context& context, const char* what, const char* rate,
                 const Work& work) {
  double amount = work();
  const Timing timing = timed_replays(
      state, context, [&] { amount = work(); }, CacheState::hot);
  state.counters[what] = amount;
  state.counters[rate] = amount * 1e-9 / timing.seconds;
  state.counters["noise"] = timing.noise;
}

void stream_row(benchmark::State& state, bool writes) {
  Context context(device(), threads());
  StreamArrays arrays;
  machine_row(state, context, "bytes", "GB/s",
              [&] { return writes ? arrays.copy(context) : arrays.read(context); });
}

void fma_row(benchmark::State& state, DType dtype) {
  Context context(device(), threads());
  Tensor sink({1}, DType::f32, device());
  machine_row(state, context, "flops", "GF/s", [&] { return run_fma(context, dtype, sink); });
}

}  // namespace

// Memory's limit is the copy's rate, which reading alone may exceed.
MachineLimits measure_gpu() {
  Context context(device(), threads());
  MachineLimits limits;
  StreamArrays arrays;
  const auto best_rate = [&](const std::function<double()>& work) {
    double amount = 0;
    const double seconds = best_gpu_seconds(context, [&] { amount = work(); });
    return amount / seconds;
  };
  limits.read_bytes_per_second = best_rate([&] { return arrays.read(context); });
  limits.copy_bytes_per_second = best_rate([&] { return arrays.copy(context); });
  limits.bytes_per_second = limits.copy_bytes_per_second;
  limits.f32_flops_per_second = best_rate([&] { return run_fma(context, DType::f32, arrays.sink); });
  limits.bf16_flops_per_second = best_rate([&] { return run_fma(context, DType::bf16, arrays.sink); });
  return limits;
}

void add_gpu_rows() {
  const auto add = [](const char* name, auto row, auto argument) {
    benchmark::RegisterBenchmark(name, row, argument)->Unit(benchmark::kMillisecond);
  };
  add("stream/read", stream_row, false);
  add("stream/copy", stream_row, true);
  add("fma/f32", fma_row, DType::f32);
  add("fma/bf16", fma_row, DType::bf16);
}

std::int64_t gpu_cache_bytes() {
  int bytes = 0;
  cuda_check(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, device().index),
             "cudaDeviceGetAttribute");
  return bytes;
}

GpuSizes gpu_row_sizes() { return {{images, edge, edge, channels}, patches}; }

std::string gpu_name() {
  cudaDeviceProp properties = {};
  cuda_check(cudaGetDeviceProperties(&properties, device().index), "cudaGetDeviceProperties");
  return properties.name;
}

}  // namespace attune::bench
