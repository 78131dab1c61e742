#include "tests/reference/convolution_reference.h"

namespace attune::convolution::cpu {

void forward(Context&, const Forward& a, const Options& options) {
  reference::convolution::forward<double>(a, options);
}
void backward(Context&, const Backward& a, const Options& options) {
  reference::convolution::backward<double>(a, options);
}
std::int64_t packed_bytes(Context&, const Shape&, const Shape&, DType, const Options&) { return 0; }
void pack_weights(Context&, const Shape&, ConstTensorView, DType, const Options&, void*) {}
void round_weights(Context&, ConstTensorView, TensorView) {
  fail(ErrorKind::unsupported, "the reference computes in double");
}
std::int64_t workspace_bytes(const Shape&, const Shape&, DType, const Options&, int) { return 0; }
std::int64_t forward_workspace_bytes(const Shape&, const Shape&, DType, const Options&, int) { return 0; }

}  // namespace attune::convolution::cpu
