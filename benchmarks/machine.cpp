#include "benchmarks/machine.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "benchmarks/bench_support.h"
#include "core/parallel.h"
#include "hwy/cache_control.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "benchmarks/machine.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace attune::bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// In both stream loops `count` is a multiple of StreamArrays::chunk, so that there is no tail.
float sum_floats(const float* from, std::int64_t count) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  for (std::int64_t i = 0; i < count; i += 4 * lanes) {
    s0 = hn::Add(s0, hn::Load(d, from + i));
    s1 = hn::Add(s1, hn::Load(d, from + i + lanes));
    s2 = hn::Add(s2, hn::Load(d, from + i + 2 * lanes));
    s3 = hn::Add(s3, hn::Load(d, from + i + 3 * lanes));
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
}

void copy_floats(const float* from, float* to, std::int64_t count) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t i = 0; i < count; i += lanes) hn::Stream(hn::Load(d, from + i), d, to + i);
  hwy::FlushStream();
}

// Multiply-adds in 12 independent chains: enough to fill two pipes of latency 5, few enough for 16 registers.
// Returns the number of flops; the result goes to `sink` so that the work is done.
double multiply_add(std::int64_t repeats, float* sink) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, 0.999f), term = hn::Set(d, 1e-3f);
  auto s0 = hn::Set(d, 0.1f), s1 = hn::Set(d, 0.2f), s2 = hn::Set(d, 0.3f), s3 = hn::Set(d, 0.4f);
  auto s4 = hn::Set(d, 0.5f), s5 = hn::Set(d, 0.6f), s6 = hn::Set(d, 0.7f), s7 = hn::Set(d, 0.8f);
  auto s8 = hn::Set(d, 0.9f), s9 = hn::Set(d, 1.1f), s10 = hn::Set(d, 1.2f), s11 = hn::Set(d, 1.3f);
  for (std::int64_t i = 0; i < repeats; ++i) {
    s0 = hn::MulAdd(s0, factor, term), s1 = hn::MulAdd(s1, factor, term), s2 = hn::MulAdd(s2, factor, term);
    s3 = hn::MulAdd(s3, factor, term), s4 = hn::MulAdd(s4, factor, term), s5 = hn::MulAdd(s5, factor, term);
    s6 = hn::MulAdd(s6, factor, term), s7 = hn::MulAdd(s7, factor, term), s8 = hn::MulAdd(s8, factor, term);
    s9 = hn::MulAdd(s9, factor, term), s10 = hn::MulAdd(s10, factor, term),
    s11 = hn::MulAdd(s11, factor, term);
  }
  s0 = hn::Add(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)), hn::Add(hn::Add(s4, s5), hn::Add(s6, s7)));
  s0 = hn::Add(s0, hn::Add(hn::Add(s8, s9), hn::Add(s10, s11)));
  *sink = hn::GetLane(hn::SumOfLanes(d, s0));
  return 2.0 * 12 * static_cast<double>(hn::Lanes(d)) * static_cast<double>(repeats);
}

}  // namespace attune::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <immintrin.h>

namespace attune::bench {

HWY_EXPORT(sum_floats);
HWY_EXPORT(copy_floats);
HWY_EXPORT(multiply_add);

namespace {

bool has_bf16_dot_products() { return __builtin_cpu_supports("avx512bf16") != 0; }

// As multiply_add, with VDPBF16PS: 32 products an instruction. Highway 1.0.3 does not emit it.
__attribute__((target("avx512f,avx512bf16"))) double multiply_add_bf16(std::int64_t repeats, float* sink) {
  constexpr int chains = 12;
  const __m512 one = _mm512_set1_ps(1.0f);
  const __m512bh factor = _mm512_cvtne2ps_pbh(one, one);
  __m512 sum[chains];
  for (__m512& s : sum) s = one;
  for (std::int64_t i = 0; i < repeats; ++i) {
    HWY_UNROLL(12)
    for (__m512& s : sum) s = _mm512_dpbf16_ps(s, factor, factor);
  }
  for (int i = 1; i < chains; ++i) sum[0] = _mm512_add_ps(sum[0], sum[i]);
  *sink = _mm512_reduce_add_ps(sum[0]);
  return 2.0 * chains * 32 * static_cast<double>(repeats);
}

// Two arrays of 4 times the last-level cache.
struct StreamArrays {
  static constexpr std::int64_t chunk = 64;  // floats: four of the widest vectors
  std::int64_t floats;
  Tensor from, to;

  StreamArrays() : floats(array_floats()), from({floats}, DType::f32), to({floats}, DType::f32) {
    // Pages are touched first by the threads that will use them.
    parallel_for(threads(), threads(), [&](std::int64_t task) {
      const Range part = share(task);
      std::fill(from.as<float>() + part.begin, from.as<float>() + part.end, 1.0f);
      std::fill(to.as<float>() + part.begin, to.as<float>() + part.end, 0.0f);
    });
  }
  Range share(std::int64_t task) const {
    const Range chunks = part_of(floats / chunk, threads(), task);
    return {chunks.begin * chunk, chunks.end * chunk};
  }
  double bytes() const { return 4.0 * static_cast<double>(floats); }

 private:
  static std::int64_t array_floats() {
    std::int64_t cache = 16 << 20;  // where the system does not tell
    for (const auto& level : benchmark::CPUInfo::Get().caches)
      cache = std::max<std::int64_t>(cache, level.size);
    return cache;  // 4 times its bytes, as floats
  }
};

std::vector<float>& sinks() {
  static std::vector<float> values(static_cast<std::size_t>(threads()) * 16);  // a cache line for each thread
  return values;
}
float* sink(std::int64_t task) { return sinks().data() + task * 16; }

void read(const StreamArrays& arrays) {
  parallel_for(threads(), threads(), [&](std::int64_t task) {
    const Range part = arrays.share(task);
    *sink(task) =
        HWY_DYNAMIC_DISPATCH(sum_floats)(arrays.from.as<float>() + part.begin, part.end - part.begin);
  });
}

void copy(StreamArrays& arrays) {
  parallel_for(threads(), threads(), [&](std::int64_t task) {
    const Range part = arrays.share(task);
    HWY_DYNAMIC_DISPATCH(copy_floats)
    (arrays.from.as<float>() + part.begin, arrays.to.as<float>() + part.begin, part.end - part.begin);
  });
}

constexpr std::int64_t fma_repeats = 1 << 20;

// Returns the flops of all threads.
double run_fma(DType dtype) {
  std::vector<double> flops(static_cast<std::size_t>(threads()));
  parallel_for(threads(), threads(), [&](std::int64_t task) {
    flops[static_cast<std::size_t>(task)] = dtype == DType::bf16
                                                ? multiply_add_bf16(fma_repeats, sink(task))
                                                : HWY_DYNAMIC_DISPATCH(multiply_add)(fma_repeats, sink(task));
  });
  double sum = 0;
  for (double f : flops) sum += f;
  return sum;
}

template <class Work>
double best_seconds(const Work& work) {
  using Clock = std::chrono::steady_clock;
  double best = 1e30;
  for (int attempt = 0; attempt < 8; ++attempt) {
    const auto start = Clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

void stream_row(benchmark::State& state, bool writes) {
  StreamArrays arrays;
  const double seconds = timed_loop(state, [&] { writes ? copy(arrays) : read(arrays); });
  const double bytes = writes ? 2 * arrays.bytes() : arrays.bytes();
  state.counters["bytes"] = bytes;
  state.counters["GB/s"] = bytes * 1e-9 / seconds;
}

void fma_row(benchmark::State& state, DType dtype) {
  double flops = 0;
  const double seconds = timed_loop(state, [&] { flops = run_fma(dtype); });
  state.counters["flops"] = flops;
  state.counters["GF/s"] = flops * 1e-9 / seconds;
}

}  // namespace

double MachineLimits::seconds(const Cost& cost, DType arithmetic) const {
  const double flops = arithmetic == DType::bf16 ? bf16_flops_per_second : f32_flops_per_second;
  return std::max(static_cast<double>(cost.bytes) / bytes_per_second,
                  static_cast<double>(cost.flops) / flops);
}

MachineLimits measure_cpu() {
  MachineLimits limits;
  {
    StreamArrays arrays;
    limits.bytes_per_second = std::max(arrays.bytes() / best_seconds([&] { read(arrays); }),
                                       2 * arrays.bytes() / best_seconds([&] { copy(arrays); }));
  }
  double flops = 0;
  const double seconds = best_seconds([&] { flops = run_fma(DType::f32); });
  limits.f32_flops_per_second = flops / seconds;
  limits.bf16_flops_per_second = limits.f32_flops_per_second;
  if (has_bf16_dot_products()) {
    const double bf16_seconds = best_seconds([&] { flops = run_fma(DType::bf16); });
    limits.bf16_flops_per_second = flops / bf16_seconds;
  }
  return limits;
}

void add_cpu_rows() {
  const auto add = [](const char* name, auto row, auto argument) {
    benchmark::RegisterBenchmark(name, row, argument)->Unit(benchmark::kMillisecond);
  };
  add("stream/read", stream_row, false);
  add("stream/copy", stream_row, true);
  add("fma/f32", fma_row, DType::f32);
  if (has_bf16_dot_products()) add("fma/bf16", fma_row, DType::bf16);
}

}  // namespace attune::bench
#endif
