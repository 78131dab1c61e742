// masked_style's CPU bodies in double precision, linked instead of the kernels into tests of whole graphs.
#include "tests/reference/masked_style_reference.h"

namespace attune::masked_style::cpu {

void forward(Context&, const Forward& a, const Options& options) {
  reference::masked_style::forward<double>(a, options);
}
void backward(Context&, const Backward& a) { reference::masked_style::backward<double>(a); }
std::int64_t workspace_bytes(const Shape&) { return 0; }

}  // namespace attune::masked_style::cpu
