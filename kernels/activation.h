// The activation that convolution and matmul apply to their result.
#pragma once

#include <cstdint>

namespace attune {

enum class Activation : std::uint8_t { none, leaky_relu, relu };

// act(z) = z for z > 0, negative_slope z elsewhere. A slope >= 0 keeps z's sign in y, so that backward needs
// y alone: act'(z) = 1 where y > 0, negative_slope elsewhere (at z = 0 too).
constexpr float negative_slope(Activation activation, float slope) {
  switch (activation) {
    case Activation::none:
      return 1;
    case Activation::leaky_relu:
      return slope;
    case Activation::relu:
      return 0;
  }
  return 1;
}

}  // namespace attune
