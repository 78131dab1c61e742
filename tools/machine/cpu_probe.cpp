#include "tools/machine/cpu_probe.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "core/parallel.h"
#include "hwy/cache_control.h"
#include "tools/machine/caches.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tools/machine/cpu_probe.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace attune::tools::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// In both stream loops `count` is a multiple of chunk, so that there is no tail.
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
double multiply_add_f32(std::int64_t repeats, float* sink) {
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

}  // namespace attune::tools::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <immintrin.h>

namespace attune::tools {

HWY_EXPORT(sum_floats);
HWY_EXPORT(copy_floats);
HWY_EXPORT(multiply_add_f32);

namespace {

constexpr std::int64_t chunk = 64;  // floats: four of the widest vectors
constexpr std::int64_t fma_repeats = 1 << 20;

// As multiply_add_f32, with VDPBF16PS: 32 products an instruction. Highway 1.0.3 does not emit it.
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

// 4 times the last-level cache, in floats of 4 bytes.
std::int64_t array_floats() { return cache_sizes().last / chunk * chunk; }

Range share_of(std::int64_t floats, int threads, std::int64_t task) {
  const Range chunks = part_of(floats / chunk, threads, task);
  return {chunks.begin * chunk, chunks.end * chunk};
}

// Runs work(task), which returns what it counted, on each thread; the sum of the counts.
template <class Work>
double sum_over_threads(int threads, const Work& work) {
  constexpr std::size_t line = 8;  // doubles: a cache line for each thread
  std::vector<double> counts(static_cast<std::size_t>(threads) * line);
  parallel_for(threads, threads,
               [&](std::int64_t task) { counts[static_cast<std::size_t>(task) * line] = work(task); });
  double sum = 0;
  for (const double count : counts) sum += count;
  return sum;
}

// The rate of the fastest of several calls; `work` returns what it took.
template <class Work>
double best_rate(const Work& work) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int attempt = 0; attempt < 8; ++attempt) {
    const auto start = Clock::now();
    const double amount = work();
    best = std::max(best, amount / std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

// Keeps a result that nobody needs from being optimized away.
void keep(float value) { asm volatile("" : : "r"(value)); }

}  // namespace

// Pages are touched first by the threads that will use them.
StreamProbe::StreamProbe(int threads)
    : threads_(threads), from_({array_floats()}, DType::f32), to_(from_.shape(), DType::f32) {
  parallel_for(threads, threads, [&](std::int64_t task) {
    const Range part = share_of(from_.view().elements(), threads, task);
    std::fill(from_.as<float>() + part.begin, from_.as<float>() + part.end, 1.0f);
    std::fill(to_.as<float>() + part.begin, to_.as<float>() + part.end, 0.0f);
  });
}

double StreamProbe::read() {
  return sum_over_threads(threads_, [&](std::int64_t task) {
    const Range part = share_of(from_.view().elements(), threads_, task);
    const std::int64_t floats = part.end - part.begin;
    keep(HWY_DYNAMIC_DISPATCH(sum_floats)(from_.as<float>() + part.begin, floats));
    return 4.0 * static_cast<double>(floats);
  });
}

double StreamProbe::copy() {
  return sum_over_threads(threads_, [&](std::int64_t task) {
    const Range part = share_of(from_.view().elements(), threads_, task);
    const std::int64_t floats = part.end - part.begin;
    HWY_DYNAMIC_DISPATCH(copy_floats)(from_.as<float>() + part.begin, to_.as<float>() + part.begin, floats);
    return 8.0 * static_cast<double>(floats);
  });
}

double multiply_add(int threads, DType dtype) {
  return sum_over_threads(threads, [&](std::int64_t) {
    float result = 0;
    const double flops = dtype == DType::bf16 ? multiply_add_bf16(fma_repeats, &result)
                                              : HWY_DYNAMIC_DISPATCH(multiply_add_f32)(fma_repeats, &result);
    keep(result);
    return flops;
  });
}

bool has_bf16_dot_products() { return __builtin_cpu_supports("avx512bf16") != 0; }

MachineLimits measure_cpu(int threads) {
  StreamProbe stream(threads);
  MachineLimits limits;
  limits.read_bytes_per_second = best_rate([&] { return stream.read(); });
  limits.copy_bytes_per_second = best_rate([&] { return stream.copy(); });
  limits.bytes_per_second = std::max(limits.read_bytes_per_second, limits.copy_bytes_per_second);
  limits.f32_flops_per_second = best_rate([&] { return multiply_add(threads, DType::f32); });
  limits.bf16_flops_per_second = has_bf16_dot_products()
                                     ? best_rate([&] { return multiply_add(threads, DType::bf16); })
                                     : limits.f32_flops_per_second;
  return limits;
}

}  // namespace attune::tools
#endif
