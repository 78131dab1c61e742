#include "tests/reference/patch_infonce_reference.h"

namespace attune::patch_infonce::cpu {

void forward(Context&, const Forward& a, const Options& options) {
  reference::patch_infonce::forward<double>(a, options);
}
void backward(Context&, const Backward& a, const Options& options) {
  reference::patch_infonce::backward<double>(a, options);
}
void nearest(Context&, const Nearest& a) { reference::patch_infonce::nearest<double>(a); }
void same_index(Context&, TensorView positive_index) { reference::patch_infonce::same_index(positive_index); }
std::int64_t workspace_bytes(const Extents&) { return 0; }

}  // namespace attune::patch_infonce::cpu
