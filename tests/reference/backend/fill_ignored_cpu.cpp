// fill_ignored's CPU body in plain loops, linked instead of the kernel into graph tests.
#include "tests/reference/fill_ignored_reference.h"

namespace attune::fill_ignored::cpu {

void forward(Context&, const Forward& a) { reference::fill_ignored::forward(a); }

}  // namespace attune::fill_ignored::cpu
