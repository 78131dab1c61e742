// The arena's plan: buffers alive together never meet, those that are not share memory.
#include "core/arena.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace attune;

namespace {

bool alive_together(const ArenaRequest& a, const ArenaRequest& b) {
  return a.first <= b.last && b.first <= a.last;
}

// The most bytes alive at one step: no plan can be smaller.
std::int64_t most_alive(const std::vector<ArenaRequest>& requests) {
  std::int64_t most = 0;
  for (const ArenaRequest& at : requests) {
    std::int64_t sum = 0;
    for (const ArenaRequest& other : requests)
      if (other.first <= at.first && at.first <= other.last) sum += other.bytes;
    most = std::max(most, sum);
  }
  return most;
}

void check_plan(const std::vector<ArenaRequest>& requests, const ArenaPlan& plan) {
  REQUIRE(plan.offsets.size() == requests.size());
  int meetings = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::int64_t begin = plan.offsets[i], end = begin + requests[i].bytes;
    CHECK((begin >= 0 && begin % 64 == 0 && end <= plan.bytes));
    for (std::size_t j = 0; j < i; ++j) {
      const std::int64_t other = plan.offsets[j];
      meetings +=
          alive_together(requests[i], requests[j]) && begin < other + requests[j].bytes && other < end;
    }
  }
  CHECK(meetings == 0);
  CHECK(plan.bytes >= most_alive(requests));
}

}  // namespace

TEST_CASE("An arena's buffers share memory only where their lives are apart") {
  std::mt19937 generator(3);
  const auto below = [&](int bound) { return static_cast<int>(generator() % static_cast<unsigned>(bound)); };
  for (int round = 0; round < 50; ++round) {
    std::vector<ArenaRequest> requests;
    std::int64_t sum = 0;
    for (int i = 0; i < 60; ++i) {
      const int first = below(40);
      requests.push_back({below(8) == 0 ? 0 : below(5000), first, first + below(10)});
      sum += requests.back().bytes;
    }
    const ArenaPlan plan = plan_arena(requests);
    check_plan(requests, plan);
    CHECK(plan.bytes < sum);
    CHECK(plan_arena(requests).offsets == plan.offsets);
  }
}

TEST_CASE("A buffer dead before another is written lends it its memory") {
  const ArenaPlan plan = plan_arena({{100, 0, 1}, {100, 2, 3}});
  CHECK(plan.offsets[0] == plan.offsets[1]);
  CHECK(plan.bytes == 128);
}

TEST_CASE("A step that reads one buffer and writes another keeps them apart") {
  const ArenaPlan plan = plan_arena({{100, 0, 2}, {100, 2, 3}});
  CHECK(plan.offsets[0] != plan.offsets[1]);
  CHECK(plan.bytes == 256);
}

TEST_CASE("A small buffer goes into the gap between larger ones") {
  // At steps 4 and 5 the outer two are alive and the one between them is dead.
  const std::vector<ArenaRequest> requests = {{640, 0, 5}, {512, 0, 3}, {448, 0, 5}, {320, 4, 5}};
  const ArenaPlan plan = plan_arena(requests);
  check_plan(requests, plan);
  CHECK(plan.bytes == 640 + 512 + 448);
  CHECK(plan.offsets[3] == 640);
}

TEST_CASE("An arena of nothing needs nothing") {
  CHECK(plan_arena({}).bytes == 0);
  const Arena arena(Device{}, 0);
  CHECK(arena.bytes() == 0);
}

TEST_CASE("An arena hands out views of its memory") {
  const Arena arena(Device{}, 256);
  const TensorView first = arena.view(0, {2, 3}, DType::f32), second = arena.view(64, {4}, DType::i32);
  CHECK(static_cast<char*>(second.data) - static_cast<char*>(first.data) == 64);
  CHECK(reinterpret_cast<std::uintptr_t>(first.data) % 64 == 0);
  CHECK(first.shape == Shape{2, 3});
  CHECK(second.dtype == DType::i32);
  CHECK(arena.bytes() == 256);
}
