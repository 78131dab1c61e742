// What a machine can do at best: the limits that measured times are compared with.
#pragma once

#include <algorithm>

#include "core/cost.h"
#include "core/dtype.h"

namespace attune::tools {

struct MachineLimits {
  // Of arrays that no cache holds; a copy's are read and written bytes together.
  double read_bytes_per_second = 0, copy_bytes_per_second = 0;
  double bytes_per_second = 0;  // the one of these that work is compared with
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
