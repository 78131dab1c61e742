#include "core/arena.h"

#include <algorithm>
#include <numeric>

namespace attune {

namespace {

constexpr std::int64_t alignment = 64;

bool alive_together(const ArenaRequest& a, const ArenaRequest& b) {
  return a.first <= b.last && b.first <= a.last;
}

}  // namespace

ArenaPlan plan_arena(const std::vector<ArenaRequest>& requests) {
  ArenaPlan plan;
  plan.offsets.assign(requests.size(), 0);
  std::vector<std::size_t> order(requests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return requests[a].bytes > requests[b].bytes; });

  const auto end_of = [&](std::size_t i) {
    return plan.offsets[i] + (requests[i].bytes + alignment - 1) / alignment * alignment;
  };
  std::vector<std::size_t> placed;  // in order of their offsets
  for (const std::size_t i : order) {
    std::int64_t offset = 0;
    for (const std::size_t other : placed) {
      if (!alive_together(requests[i], requests[other])) continue;
      if (plan.offsets[other] >= offset + requests[i].bytes) break;  // it fits into the gap before `other`
      offset = std::max(offset, end_of(other));
    }
    plan.offsets[i] = offset;
    plan.bytes = std::max(plan.bytes, end_of(i));
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), i,
                         [&](std::size_t a, std::size_t b) { return plan.offsets[a] < plan.offsets[b]; }),
        i);
  }
  return plan;
}

}  // namespace attune
