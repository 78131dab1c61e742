// style_difference's CPU bodies in double precision, linked instead of the kernels into tests of whole graphs.
#include "tests/reference/style_difference_reference.h"

namespace attune::style_difference::cpu {

void forward(Context&, const Forward& a) { reference::style_difference::forward<double>(a); }
void backward(Context&, const Backward& a) { reference::style_difference::backward<double>(a); }

}  // namespace attune::style_difference::cpu
