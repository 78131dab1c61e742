// What a machine can do at best: the limits that measured times are compared with.
#pragma once

#include <algorithm>

#include "core/cost.h"
#include "core/dtype.h"

namespace attune::tools {

struct MachineLimits {
  double bytes_per_second = 0;  // of arrays that no cache holds
  double f32_flops_per_second = 0;
  double bf16_flops_per_second = 0;  // by dot-product or matrix instructions; f32's where there are none

  // The least time for this work, in seconds. `arithmetic`: the dtype that is multiplied.
  double seconds(const Cost& cost, DType arithmetic) const {
    return std::max(static_cast<double>(cost.bytes) / bytes_per_second, arithmetic_seconds(cost, arithmetic));
  }
  double arithmetic_seconds(const Cost& cost, DType arithmetic) const {
    return static_cast<double>(cost.flops) /
           (arithmetic == DType::bf16 ? bf16_flops_per_second : f32_flops_per_second);
  }
};

}  // namespace attune::tools
