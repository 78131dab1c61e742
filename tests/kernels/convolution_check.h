// Convolution as linear_map_check.h judges it, on any device.
#pragma once

#include "tests/kernels/convolution_cases.h"
#include "tests/kernels/linear_map_check.h"
#include "tests/reference/convolution_reference.h"

namespace attune::test {

struct ConvolutionOp {
  using Case = ConvolutionCase;
  using Forward = convolution::Forward;
  using Backward = convolution::Backward;
  using Options = convolution::Options;

  static const Options& options(const Case& c) { return c.options; }
  static void forward(Context& context, const Forward& a, const Options& o) {
    convolution::forward(context, a, o);
  }
  static void backward(Context& context, const Backward& a, const Options& o) {
    convolution::backward(context, a, o);
  }
  template <class T>
  static void reference_forward(const Forward& a, const Options& o) {
    reference::convolution::forward<T>(a, o);
  }
  template <class T>
  static void reference_backward(const Backward& a, const Options& o) {
    reference::convolution::backward<T>(a, o);
  }
  static std::int64_t workspace_bytes(const Case& c, int threads) {
    return convolution::workspace_bytes(c.input, c.weights(), c.dtype, c.options, {}, threads);
  }
};

}  // namespace attune::test
