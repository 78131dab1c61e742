// resample's CPU body in double precision, linked instead of the kernel into graph tests.
#include "tests/reference/resample_reference.h"

namespace attune::resample::cpu {

void forward(Context&, const Forward& a, const Options& options) {
  reference::resample::forward<double>(a, options);
}
void backward(Context&, const Backward& a, const Options& options) {
  reference::resample::backward<double>(a, options);
}
void average_rows(Context&, const AverageRows& a) {
  with_sample_type(a.sample, [&](auto zero) { reference::resample::average_rows<decltype(zero)>(a); });
}
std::int64_t workspace_bytes(const Shape&, const Shape&) { return 0; }

}  // namespace attune::resample::cpu
