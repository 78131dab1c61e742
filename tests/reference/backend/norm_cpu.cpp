// Linked instead of kernels/norm/norm_cpu.cpp where a test runs in double precision.
#include "tests/reference/norm_reference.h"

namespace attune::norm::cpu {

void forward(Context&, const Forward& arguments) { reference::norm::forward<double>(arguments); }
std::int64_t workspace_bytes(std::int64_t) { return 0; }

}  // namespace attune::norm::cpu
