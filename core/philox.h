// Philox 4x32-10, a counter-based random generator: the same (key, counter) gives the same four words on
// every device, so that random choices are pure functions of (seed, step, index). Source: Salmon et al., SC
// 2011 (Random123).
#pragma once

#include <array>
#include <cstdint>

#include "core/dtype.h"

namespace attune {

struct PhiloxCounter {
  std::uint32_t word[4];
};

ATTUNE_HOST_DEVICE inline PhiloxCounter philox(std::uint64_t key, PhiloxCounter counter) {
  std::uint32_t key0 = static_cast<std::uint32_t>(key), key1 = static_cast<std::uint32_t>(key >> 32);
  std::uint32_t c0 = counter.word[0], c1 = counter.word[1], c2 = counter.word[2], c3 = counter.word[3];
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * c0;
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<std::uint32_t>(product1 >> 32) ^ c1 ^ key0;
    c1 = static_cast<std::uint32_t>(product1);
    c2 = static_cast<std::uint32_t>(product0 >> 32) ^ c3 ^ key1;
    c3 = static_cast<std::uint32_t>(product0);
    key0 += 0x9E3779B9u;  // the golden ratio and sqrt(3) - 1: Philox's Weyl constants
    key1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// A stream of random numbers that is a pure function of (seed, stream words): for data sets and
// initialization.
class PhiloxStream {
 public:
  PhiloxStream(std::uint64_t seed, std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0)
      : seed_(seed), counter_{{0, a, b, c}} {}

  std::uint32_t next() {
    if (used_ == 4) {
      block_ = philox(seed_, counter_);
      ++counter_.word[0];
      used_ = 0;
    }
    return block_.word[used_++];
  }
  // In [0, 1), 24 bits.
  float uniform() { return static_cast<float>(next() >> 8) * 0x1p-24f; }
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  // In [0, bound), bound > 0; the bias is below bound / 2^32.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>((std::uint64_t{next()} * bound) >> 32);
  }

 private:
  std::uint64_t seed_;
  PhiloxCounter counter_;
  PhiloxCounter block_{};
  int used_ = 4;
};

}  // namespace attune
