// resample's CPU body in double precision, linked instead of the kernel into graph tests.
#include "tests/reference/resample_reference.h"

namespace attune::resample::cpu {

void forward(Context&, const Forward& a, const Options& options) {
  reference::resample::forward<double>(a, options);
}
void backward(Context&, const Backward& a, const Options& options) {
  reference::resample::backward<double>(a, options);
}
std::int64_t workspace_bytes(const Shape&, const Shape&) { return 0; }

}  // namespace attune::resample::cpu
