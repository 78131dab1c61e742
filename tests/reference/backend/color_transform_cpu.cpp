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
  switch (a.sample) {
    case Rows::Sample::u8:
      return reference::color_transform::apply_rows<std::uint8_t, double>(a, options);
    case Rows::Sample::u16:
      return reference::color_transform::apply_rows<std::uint16_t, double>(a, options);
    case Rows::Sample::f32:
      return reference::color_transform::apply_rows<float, double>(a, options);
  }
}
std::int64_t workspace_bytes(const Shape&, const Shape&) { return 0; }

}  // namespace attune::color_transform::cpu
