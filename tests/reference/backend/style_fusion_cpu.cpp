// style_fusion's CPU bodies in double precision, linked instead of the kernels into tests of whole graphs.
#include "tests/reference/style_fusion_reference.h"

namespace attune::style_fusion::cpu {

void forward(Context&, const Forward& a, const Options& options) {
  reference::style_fusion::forward<double>(a, options);
}
void backward(Context&, const Backward& a, const Options& options) {
  reference::style_fusion::backward<double>(a, options);
}
std::int64_t workspace_bytes(const Shape&, DType) { return 0; }

}  // namespace attune::style_fusion::cpu
