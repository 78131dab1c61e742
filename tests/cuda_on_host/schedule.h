// Runs a test body once for each schedule: on the host's runtime with different seeds, on a GPU, which orders as it
// likes, just as often.
#pragma once

#include <catch2/catch.hpp>

#include "core/context.h"
#ifdef ATTUNE_CUDA_ON_HOST
#include "tests/cuda_on_host/control.h"
#endif

namespace attune::test {

inline constexpr Device cuda_device{DeviceKind::cuda, 0};

// False, with a message, where there is no device to test on.
inline bool have_cuda_device() {
  if (cuda_device_count() > 0) return true;
  WARN("skipped: no CUDA device");
  return false;
}

template <class Body>
void for_each_schedule(int count, const Body& body) {
  for (int seed = 1; seed <= count; ++seed) {
    INFO("schedule seed " << seed);
#ifdef ATTUNE_CUDA_ON_HOST
    cuda_on_host::set_schedule_seed(static_cast<std::uint64_t>(seed));
#endif
    body();
  }
}

// The grid depends on the number of multiprocessors; a GPU has the one that it has.
template <class Body>
void for_each_multiprocessor_count(std::initializer_list<int> counts, const Body& body) {
#ifdef ATTUNE_CUDA_ON_HOST
  for (int count : counts) {
    INFO(count << " multiprocessors");
    cuda_on_host::set_multiprocessors(count);
    body();
  }
  cuda_on_host::set_multiprocessors(cuda_on_host::default_multiprocessors);
#else
  static_cast<void>(counts);
  body();
#endif
}

}  // namespace attune::test
