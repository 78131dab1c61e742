// color_transform's CPU body in double precision, linked instead of the kernel into graph tests.
#include "tests/reference/color_transform_reference.h"

namespace attune::color_transform::cpu {

void forward(Context&, const Forward& a, const Options& options) {
  reference::color_transform::forward<double>(a, options);
}
void backward(Context&, const Backward& a, const Options& options) {
  reference::color_transform::backward<double>(a, options);
}
void apply_rows(Context&, const Rows& a, const Options& options) {
  with_sample_type(a.sample, [&](auto zero) {
    reference::color_transform::apply_rows<decltype(zero), double>(a, options);
  });
}
std::int64_t workspace_bytes(const Shape&, const Shape&) { return 0; }

}  // namespace attune::color_transform::cpu
