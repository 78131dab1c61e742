// Catch2's main, able to act as a lesser machine: ATTUNE_TEST_VECTORS=avx2 or =baseline leaves the wider vectors unused.
#define CATCH_CONFIG_RUNNER
#include <hwy/targets.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
  const char* vectors = std::getenv("ATTUNE_TEST_VECTORS");
  const std::string widest = vectors ? vectors : "all";
  constexpr std::int64_t avx512 = HWY_AVX3_DL | HWY_AVX3, avx2 = HWY_AVX2;
  if (widest == "avx2")
    hwy::DisableTargets(avx512);
  else if (widest == "baseline")
    hwy::DisableTargets(avx512 | avx2);
  else if (widest != "all")
    return 2;
  return Catch::Session().run(argc, argv);
}
