// Contexts, their scratch memory and attachments, and the loop that kernels run on.
#include "core/context.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <numeric>
#include <vector>

#include "core/parallel.h"
#include "tests/support/errors.h"

using namespace attune;
using attune::test::kind_of;

// The sanitizers' malloc is to return null like any other, for the test of a workspace that cannot grow.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }  // NOLINT
extern "C" const char* __tsan_default_options() { return "allocator_may_return_null=1"; }  // NOLINT

TEST_CASE("A context has the threads it was given, or all cores") {
  CHECK(Context({}, 3).threads() == 3);
  CHECK(Context().threads() >= 1);
  CHECK(Context().stream() == nullptr);
  if (!built_with_cuda) CHECK(kind_of([] { Context({DeviceKind::cuda, 0}); }) == ErrorKind::unsupported);
  CHECK(kind_of([] { Context({DeviceKind::cuda, 4096}); }) == ErrorKind::unsupported);
}

TEST_CASE("The workspace grows and never shrinks") {
  Context context;
  void* small = context.workspace(100);
  std::memset(small, 1, 100);
  CHECK(reinterpret_cast<std::uintptr_t>(small) % 64 == 0);
  CHECK(context.workspace(50) == small);
  CHECK(context.workspace(100) == small);
  void* large = context.workspace(1 << 20);
  std::memset(large, 2, 1 << 20);
  CHECK(context.workspace(1 << 20) == large);
  CHECK(context.workspace(1) == large);
  CHECK_NOTHROW(context.workspace(0));
  CHECK(context.workspace(1 << 20) == large);
}

TEST_CASE("Where the workspace cannot grow the context goes on without one") {
  Context context;
  context.workspace(100);
  CHECK(kind_of([&] { context.workspace(std::int64_t{1} << 60); }) == ErrorKind::out_of_memory);
  std::memset(context.workspace(1000), 1, 1000);
}

TEST_CASE("An attachment is made once for each type and context") {
  struct Counter {
    int value = 7;
  };
  struct Other {
    int value = 8;
  };
  Context a, b;
  a.attachment<Counter>().value = 1;
  CHECK(a.attachment<Counter>().value == 1);
  CHECK(a.attachment<Other>().value == 8);
  CHECK(b.attachment<Counter>().value == 7);
}

TEST_CASE("parallel_for runs each task once, whatever the number of threads") {
  for (const int threads : {1, 2, 4, 64})
    for (const std::int64_t tasks : {0, 1, 3, 100}) {
      std::vector<int> runs(static_cast<std::size_t>(tasks));
      parallel_for(threads, tasks, [&](std::int64_t task) { ++runs[static_cast<std::size_t>(task)]; });
      CHECK(runs == std::vector<int>(static_cast<std::size_t>(tasks), 1));
    }
}

TEST_CASE("An exception of a task reaches the caller") {
  for (const int threads : {1, 2, 4})
    CHECK(kind_of([&] {
            parallel_for(threads, 100,
                         [](std::int64_t task) { require(task != 61, ErrorKind::cancelled, "61"); });
          }) == ErrorKind::cancelled);
}

TEST_CASE("part_of cuts a range into nearly equal runs without gaps") {
  for (const std::int64_t total : {0, 1, 7, 64, 1000})
    for (const std::int64_t parts : {1, 2, 3, 7, 64}) {
      std::int64_t end = 0;
      for (std::int64_t i = 0; i < parts; ++i) {
        const Range range = part_of(total, parts, i);
        CHECK(range.begin == end);
        CHECK(range.end - range.begin >= total / parts);
        CHECK(range.end - range.begin <= total / parts + 1);
        end = range.end;
      }
      CHECK(end == total);
    }
}
