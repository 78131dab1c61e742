// Cost: the work that a call cannot avoid, which benchmarks divide by the measured time.
#pragma once

#include <cstdint>

namespace attune {

struct Cost {
  std::int64_t bytes = 0;  // compulsory: each input read once, each output written once
  std::int64_t flops = 0;  // a multiply-add counts as 2
};

// Whether a backward pass skips a gradient, writes it, or adds it to what is there.
enum class GradientMode : std::uint8_t { ignore, overwrite, accumulate };

}  // namespace attune
