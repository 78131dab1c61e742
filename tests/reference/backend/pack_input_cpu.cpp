// pack_input's CPU bodies in double precision, linked instead of the kernels into graph tests.
#include "tests/reference/pack_input_reference.h"

namespace attune::pack_input::cpu {

void forward(Context&, const Forward& a) { reference::pack_input::forward<double>(a); }
void backward(Context&, const Backward& a) { reference::pack_input::backward<double>(a); }
void pad_mask(Context&, const PadMask& a) { reference::pack_input::pad_mask<double>(a); }

}  // namespace attune::pack_input::cpu
