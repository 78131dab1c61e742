// The smallest of many distinct 64-bit items, in order, by one block: a radix select, digit by digit from the highest,
// finds a limit with no more items below it than fit into shared memory; they are gathered there in any order and sorted.
// The items are random in their upper half, so that one digit nearly always suffices.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "core/cuda/launch.cuh"
#include "core/cuda/walk_pixels.cuh"

namespace attune::patch_sample::cuda {

inline constexpr std::uint64_t absent = ~std::uint64_t{0};  // counts as no item

inline constexpr int select_threads = 1024;
// Items that are sorted at a time: 32 KiB.
inline constexpr int most_sorted = 4096;
inline constexpr int digit_bits = 8, digits = 1 << digit_bits;
// Items of 8 bytes that a thread has in flight: 32 KiB on the one multiprocessor.
inline constexpr int items_in_flight = 4;

// A digit's value, the items with a smaller one and with this one, and all items that were counted. Aligned, so that the one
// load that it takes reads nothing beside it that another thread may be writing.
struct alignas(16) Cut {
  int digit, below, equal, total;
};

struct SelectMemory {
  std::uint64_t sorted[most_sorted];
  int histogram[digits];
  int size;
  Cut cut;
};

// use(item) for the items from `from` on, a share of them in each thread of the block.
template <class Use>
__device__ __forceinline__ void for_each_item(const std::uint64_t* items, std::int64_t count,
                                              std::uint64_t from, const Use& use) {
  attune::cuda::walk_pixels<items_in_flight>(
      threadIdx.x, count, blockDim.x, [&](std::int64_t i) { return items[i]; },
      [&](std::int64_t, std::uint64_t item) {
        if (item >= from && item != absent) use(item);
      });
}

// By one warp: where the histogram's running sum reaches `wanted`, or the end of it. A lane has 8 neighbouring digits.
__device__ inline void find_cut(const int* histogram, int wanted, Cut* cut) {
  constexpr int share = digits / attune::cuda::warp_size;
  const int lane = static_cast<int>(threadIdx.x) % attune::cuda::warp_size;
  int own = 0;
#pragma unroll
  for (int i = 0; i < share; ++i) own += histogram[lane * share + i];
  int through = own;
#pragma unroll
  for (int distance = 1; distance < attune::cuda::warp_size; distance *= 2) {
    const int before = __shfl_up_sync(0xffffffffu, through, distance);
    if (lane >= distance) through += before;
  }
  const int total = __shfl_sync(0xffffffffu, through, attune::cuda::warp_size - 1);
  wanted = min(wanted, total);
  if (lane == 0) cut->total = total;
  int below = through - own, digit = lane * share;
  if (wanted <= below || wanted > through) return;
  while (below + histogram[digit] < wanted) below += histogram[digit++];
  cut->digit = digit;
  cut->below = below;
  cut->equal = histogram[digit];
}

// Items from `from` up to `limit`: `size` of them, out of all `total` from `from` on.
struct Section {
  std::uint64_t limit;
  int size, total;
};

// The section that has the `wanted` smallest items from `from` on, or all; at most most_sorted items. wanted is 1 to
// most_sorted.
__device__ inline Section find_section(const std::uint64_t* items, std::int64_t count, std::uint64_t from,
                                       int wanted, SelectMemory& memory) {
  const int thread = static_cast<int>(threadIdx.x);
  Section section = {0, 0, 0};
  std::uint64_t open = absent;  // the bits that no digit has fixed yet
  for (int shift = 64 - digit_bits;; shift -= digit_bits) {
    if (thread < digits) memory.histogram[thread] = 0;
    __syncthreads();
    for_each_item(items, count, from, [&](std::uint64_t item) {
      if (((item ^ section.limit) & ~open) == 0)
        atomicAdd(&memory.histogram[static_cast<int>(item >> shift) & (digits - 1)], 1);
    });
    __syncthreads();
    if (thread < attune::cuda::warp_size) find_cut(memory.histogram, wanted - section.size, &memory.cut);
    __syncthreads();
    if (open == absent) section.total = memory.cut.total;
    if (section.total == 0) return section;
    const Cut cut = memory.cut;
    section.limit |= static_cast<std::uint64_t>(cut.digit) << shift;
    open >>= digit_bits;
    if (section.size + cut.below + cut.equal <= most_sorted)
      return {section.limit | open, section.size + cut.below + cut.equal, section.total};
    section.size += cut.below;
  }
}

// Bitonic. `size` is a power of two.
__device__ inline void sort(std::uint64_t* items, int size) {
  for (int run = 2; run <= size; run *= 2)
    for (int distance = run / 2; distance > 0; distance /= 2) {
      for (int i = static_cast<int>(threadIdx.x); i < size / 2; i += select_threads) {
        const int low = 2 * i - i % distance, high = low + distance;
        const std::uint64_t a = items[low], b = items[high];
        const bool descending = (low & run) != 0;
        if ((a > b) == descending) continue;
        items[low] = b;
        items[high] = a;
      }
      __syncthreads();
    }
}

// Leaves a section's items in memory.sorted.
__device__ inline void sort_section(const std::uint64_t* items, std::int64_t count, std::uint64_t from,
                                    const Section& section, SelectMemory& memory) {
  const int thread = static_cast<int>(threadIdx.x);
  int padded = 1;
  while (padded < section.size) padded *= 2;
  for (int i = section.size + thread; i < padded; i += select_threads) memory.sorted[i] = absent;
  if (thread == 0) memory.size = 0;
  __syncthreads();
  for_each_item(items, count, from, [&](std::uint64_t item) {
    if (item <= section.limit) memory.sorted[atomicAdd(&memory.size, 1)] = item;
  });
  __syncthreads();
  sort(memory.sorted, padded);
}

}  // namespace attune::patch_sample::cuda
