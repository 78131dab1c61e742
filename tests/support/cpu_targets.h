// Runs a check once for each instruction set that the CPU kernels were compiled for and this machine has, so that a
// laptop with AVX-512 also tests the paths of older ones.
#pragma once

#include <hwy/targets.h>
#include <catch2/catch.hpp>

namespace attune::test {

template <class Check>
void for_each_cpu_target(const Check& check) {
  for (const std::int64_t target : {HWY_SSSE3, HWY_AVX2, HWY_AVX3}) {
    hwy::SetSupportedTargetsForTest(0);
    if ((hwy::SupportedTargets() & target) == 0) continue;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    INFO("instruction set " << hwy::TargetName(target));
    check();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace attune::test
