// Runs a test on every instruction set that the CPU kernels are compiled for and this machine has.
#pragma once

#include <catch2/catch.hpp>

#include "hwy/targets.h"

namespace attune::test {

// Pins Highway's choice for its lifetime.
class PinnedTarget {
 public:
  explicit PinnedTarget(std::int64_t target) { choose(target); }
  ~PinnedTarget() { choose(0); }
  PinnedTarget(const PinnedTarget&) = delete;
  PinnedTarget& operator=(const PinnedTarget&) = delete;

 private:
  static void choose(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

// body(): once for each of the kernels' three targets (kernels/CMakeLists.txt).
template <class Body>
void on_each_simd_target(const Body& body) {
  const std::int64_t available = hwy::SupportedTargets();
  for (const std::int64_t target : {HWY_SSSE3, HWY_AVX2, HWY_AVX3}) {
    if ((available & target) == 0) continue;
    INFO("instruction set " << hwy::TargetName(target));
    const PinnedTarget pinned(target);
    body();
  }
}

}  // namespace attune::test
