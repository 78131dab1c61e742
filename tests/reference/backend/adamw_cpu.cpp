// Linked instead of kernels/adamw/adamw_cpu.cpp where a test runs in double precision.
#include "tests/reference/adamw_reference.h"

namespace attune::adamw::cpu {

void step(Context&, const Step& arguments, const Options& options) {
  reference::adamw::step<double>(arguments, options);
}

}  // namespace attune::adamw::cpu
