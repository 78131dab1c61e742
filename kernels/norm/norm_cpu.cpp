// The norm on the CPU: a task sums one block's squares into `ways` lanes of double; the blocks' sums are
// added in order afterwards. One stream is read, 4 bytes an element, so memory is the limit.
#include "kernels/norm/norm.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norm/norm_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"

#ifndef ATTUNE_NORM_CONSTANTS_
#define ATTUNE_NORM_CONSTANTS_
namespace attune::norm {

// The lanes that a block is summed in, on every target alike: two AVX-512 vectors of double, which is what it
// takes to keep up with memory against the adder's latency.
constexpr std::size_t ways = 16;

}  // namespace attune::norm
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::norm::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using F64 = hn::ScalableTag<double>;
using V64 = hn::Vec<F64>;
constexpr std::size_t lanes = hn::MaxLanes(F64());
constexpr std::size_t vectors = ways / lanes;

// sums[lane] += x[lane]^2 for one group of `ways` elements. A fused multiply-add changes nothing: the square
// is exact.
HWY_INLINE void add_squares(const float* HWY_RESTRICT x, V64 (&sums)[vectors]) {
  const hn::Rebind<float, F64> half;
  for (std::size_t k = 0; k < vectors; ++k) {
    const V64 value = hn::PromoteTo(F64(), hn::LoadU(half, x + k * lanes));
    sums[k] = hn::MulAdd(value, value, sums[k]);
  }
}

double sum_of_squares(const float* HWY_RESTRICT x, std::size_t count) {
  V64 sums[vectors];
  for (V64& sum : sums) sum = hn::Zero(F64());
  const std::size_t whole = count / ways * ways;
  for (std::size_t i = 0; i < whole; i += ways) add_squares(x + i, sums);
  if (whole < count) {
    float rest[ways] = {};
    std::memcpy(rest, x + whole, (count - whole) * sizeof(float));
    add_squares(rest, sums);
  }
  HWY_ALIGN double lane_sums[ways];
  for (std::size_t k = 0; k < vectors; ++k) hn::Store(sums[k], F64(), lane_sums + k * lanes);
  double total = 0;
  for (double sum : lane_sums) total += sum;
  return total;
}

}  // namespace attune::norm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::norm::cpu {

namespace {

HWY_EXPORT(sum_of_squares);

// A part of the result's definition: 64 KiB of x, so that a block's start costs nothing and small networks
// share out.
constexpr std::int64_t block_elements = 16384;

std::int64_t count_blocks(std::int64_t elements) { return (elements + block_elements - 1) / block_elements; }

}  // namespace

void forward(Context& context, const Forward& a) {
  require(a.x.dtype == DType::f32, ErrorKind::unsupported, "norm: the CPU kernel takes f32, not ",
          name_of(a.x.dtype));
  const std::int64_t elements = a.x.elements(), blocks = count_blocks(elements);
  auto* sums = static_cast<double*>(context.workspace(workspace_bytes(elements)));
  const auto* x = a.x.as<float>();
  parallel_for(context.threads(), blocks, [&](std::int64_t block) {
    const std::int64_t begin = block * block_elements, end = std::min(begin + block_elements, elements);
    sums[block] = HWY_DYNAMIC_DISPATCH(sum_of_squares)(x + begin, static_cast<std::size_t>(end - begin));
  });
  double total = 0;
  for (std::int64_t block = 0; block < blocks; ++block) total += sums[block];
  *a.norm.as<float>() = static_cast<float>(std::sqrt(total));
}

std::int64_t workspace_bytes(std::int64_t elements) {
  return checked_multiply(count_blocks(elements), static_cast<std::int64_t>(sizeof(double)));
}

}  // namespace attune::norm::cpu
#endif  // HWY_ONCE
