// Convolutions on cuDNN. Private to this folder.
#pragma once

#include "core/context.h"
#include "kernels/convolution/problem.h"

namespace attune::convolution::cudnn {

// Algorithms that ask for more are not considered. 64 MiB let implicit products of matrices with a split reduction, the
// fastest for dweights at this network's sizes, keep their partial sums.
inline constexpr std::int64_t scratch_bytes = std::int64_t{64} << 20;

enum class Pass : std::uint8_t {
  forward,        // y = weights * x
  fused_forward,  // y = act(weights * x + bias)
  data,           // dx from dz and weights
  weights         // dweights from x and dz
};

// The arrays of a convolution: x or dx, weights or dweights, y or dz.
struct Arrays {
  const void *x, *weights, *y;
  const float* bias;  // of fused_forward
};

// False, with nothing done, where cuDNN has no deterministic algorithm for it; that is an error for all passes but
// fused_forward.
bool run(Context& context, const Problem& problem, Pass pass, const Arrays& arrays, void* scratch);

}  // namespace attune::convolution::cudnn
