// blend_output's CPU bodies in double precision, linked instead of the kernels into graph tests.
#include "tests/reference/blend_output_reference.h"

namespace attune::blend_output::cpu {

void forward(Context&, const Forward& a) { reference::blend_output::forward<double>(a); }
void backward(Context&, const Backward& a) { reference::blend_output::backward<double>(a); }

}  // namespace attune::blend_output::cpu
