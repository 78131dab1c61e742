#include "tests/reference/matmul_reference.h"

namespace attune::matmul::cpu {

void forward(Context&, const Forward& a, const Options& options) {
  reference::matmul::forward<double>(a, options);
}
void backward(Context&, const Backward& a, const Options& options) {
  reference::matmul::backward<double>(a, options);
}
std::int64_t workspace_bytes(const Shape&, const Shape&, DType, const Options&, int) { return 0; }

}  // namespace attune::matmul::cpu
