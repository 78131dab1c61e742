// Matmul as linear_map_check.h judges it, on any device.
#pragma once

#include "tests/kernels/linear_map_check.h"
#include "tests/kernels/matmul_cases.h"
#include "tests/reference/matmul_reference.h"

namespace attune::test {

struct MatmulOp {
  using Case = MatmulCase;
  using Forward = matmul::Forward;
  using Backward = matmul::Backward;
  using Options = matmul::Options;

  static Options options(const Case& c) { return c.options(); }
  static void forward(Context& context, const Forward& a, const Options& o) {
    matmul::forward(context, a, o);
  }
  static void backward(Context& context, const Backward& a, const Options& o) {
    matmul::backward(context, a, o);
  }
  template <class T>
  static void reference_forward(const Forward& a, const Options& o) {
    reference::matmul::forward<T>(a, o);
  }
  template <class T>
  static void reference_backward(const Backward& a, const Options& o) {
    reference::matmul::backward<T>(a, o);
  }
  static std::int64_t workspace_bytes(const Case& c, int threads) {
    return matmul::workspace_bytes(c.x(), c.weights(), c.dtype, c.options(), {}, threads);
  }
};

}  // namespace attune::test
