// Cost: the work that a call cannot avoid, which benchmarks divide by the measured time.
#pragma once

#include <cstdint>

namespace attune {

struct Cost {
  std::int64_t bytes = 0;  // compulsory: each input read once, each output written once
  std::int64_t flops = 0;  // a multiply-add counts as 2
};

inline Cost operator+(Cost a, Cost b) { return {a.bytes + b.bytes, a.flops + b.flops}; }

// Whether a backward pass skips a gradient, writes it, or adds it to what is there.
enum class GradientMode : std::uint8_t { ignore, overwrite, accumulate };

// How often a gradient of this mode is read or written.
inline int gradient_accesses(GradientMode mode) {
  return mode == GradientMode::ignore ? 0 : mode == GradientMode::overwrite ? 1 : 2;
}

}  // namespace attune
