// image_bias's CPU bodies in double precision, linked instead of the kernels into tests of whole graphs.
#include "tests/reference/image_bias_reference.h"

namespace attune::image_bias::cpu {

void forward(Context&, const Forward& a) { reference::image_bias::forward<double>(a); }
void backward(Context&, const Backward& a) { reference::image_bias::backward<double>(a); }
std::int64_t workspace_bytes(const Shape&) { return 0; }

}  // namespace attune::image_bias::cpu
