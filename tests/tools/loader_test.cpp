// The loader: order, contents that don't depend on threads, errors that reach the caller, and stopping at any time.
#include "tools/data/loader.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>

#include "core/error.h"

using namespace attune;
using namespace attune::tools;

namespace {

constexpr std::int64_t size = 3, pixels = size * size;

LoaderOptions options_with(int threads, std::int64_t batch = 4, int depth = 3) {
  LoaderOptions options;
  options.batch = batch;
  options.size = size;
  options.threads = threads;
  options.depth = depth;
  return options;
}

// A sample that tells where it came from; some take longer than others.
void make_numbered(std::int64_t step, std::int64_t index, const SampleTarget& target) {
  if ((step + index) % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
  const auto value = static_cast<float>(1000 * step + index);
  std::fill_n(target.composite, 3 * pixels, value);
  std::fill_n(target.real, 3 * pixels, -value);
  std::fill_n(target.mask, pixels, value / 2);
  *target.name = std::to_string(step) + "/" + std::to_string(index);
}

}  // namespace

TEST_CASE("batches come in order whatever the number of threads") {
  for (const int threads : {1, 2, 4, 9}) {
    for (const int depth : {2, 5}) {
      LoaderOptions options = options_with(threads, 4, depth);
      options.first_step = 7;
      options.first_index = 100;
      Loader loader(make_numbered, options);
      for (std::int64_t step = 7; step < 40; ++step) {
        INFO("threads " << threads << ", step " << step);
        const Batch& batch = loader.next();
        REQUIRE(batch.step == step);
        REQUIRE(batch.composite.shape() == Shape{4, size, size, 3});
        REQUIRE(batch.mask.shape() == Shape{4, size, size});
        for (std::int64_t n = 0; n < 4; ++n) {
          const auto value = static_cast<float>(1000 * step + 100 + n);
          CHECK(batch.composite.as<float>()[3 * pixels * n] == value);
          CHECK(batch.composite.as<float>()[3 * pixels * (n + 1) - 1] == value);
          CHECK(batch.real.as<float>()[3 * pixels * n] == -value);
          CHECK(batch.mask.as<float>()[pixels * n] == value / 2);
          CHECK(batch.names[static_cast<std::size_t>(n)] ==
                std::to_string(step) + "/" + std::to_string(100 + n));
        }
      }
    }
  }
}

TEST_CASE("an error in a worker reaches the caller at its step, again and again") {
  for (const int threads : {1, 4}) {
    Loader loader(
        [](std::int64_t step, std::int64_t index, const SampleTarget& target) {
          if (step == 2 && index >= 1) fail(ErrorKind::input, "sample ", index);
          make_numbered(step, index, target);
        },
        options_with(threads));
    CHECK(loader.next().step == 0);
    CHECK(loader.next().step == 1);
    CHECK_THROWS_WITH(loader.next(), "sample 1");
    CHECK_THROWS_WITH(loader.next(), "sample 1");
  }
}

TEST_CASE("a loader stops at any time") {
  for (int round = 0; round < 20; ++round) {
    Loader loader(make_numbered, options_with(3));
    for (int step = 0; step < round % 4; ++step) loader.next();
  }
  std::atomic<int> made{0};
  {
    Loader loader(
        [&](std::int64_t, std::int64_t, const SampleTarget& target) {
          std::fill_n(target.composite, 3 * pixels, 0.0f);
          ++made;
        },
        options_with(2, 1, 2));
    while (made < 2) std::this_thread::yield();  // both batches are made, the workers wait for room
  }
  CHECK(made == 2);
}

TEST_CASE("a loader's options are checked") {
  CHECK_THROWS_AS(Loader(make_numbered, options_with(0)), Error);
  CHECK_THROWS_AS(Loader(make_numbered, options_with(1, 0)), Error);
  CHECK_THROWS_AS(Loader(make_numbered, options_with(1, 1, 1)), Error);
}
