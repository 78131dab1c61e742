#include "tests/cuda_on_host/cuda_op_checks.h"
#include "tests/kernels/color_transform_check.h"
#include "tests/kernels/color_transform_rows_check.h"

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 72;

struct ColorTransform {
  static std::vector<ColorTransformCase> cases() { return color_transform_cases(); }
  static std::int64_t elements(const ColorTransformCase& c) {
    return std::max(c.transform.elements(), c.image.elements());
  }
  static void check(Context& context, const ColorTransformCase& c) {
    check_color_transform(context, c, seed);
  }
  static Bytes bits(Context& context, const ColorTransformCase& c) {
    const ColorTransformProblem problem(c, c.dtype, seed, context.device());
    color_transform::forward(context, problem.forward(), problem.options);
    color_transform::backward(context, problem.backward(c.mode), problem.options);
    context.synchronize();
    return {problem.y.bytes(), problem.dtransform.bytes(), problem.dimage.bytes()};
  }
};

TEST_CASE("color_transform on CUDA agrees with the reference") { check_agreement<ColorTransform>(); }

TEST_CASE("color_transform on CUDA gives the same bits whatever the schedule") {
  check_schedules<ColorTransform>();
}

TEST_CASE("color_transform on CUDA returns the image's own bits outside the mask and for the identity") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  check_color_transform_keeps_bits(context, seed);
}

TEST_CASE("color_transform on CUDA may write y over the image and dimage over dy") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  check_color_transform_in_place(context, {"odd_rows", {1, 8, 9, 12}, {1, 15, 37, 3}}, seed);
  check_color_transform_in_place(context, {"groups", {2, 8, 20, 12}, {2, 16, 40, 3}}, seed);
}

TEST_CASE("color_transform on CUDA skips the gradients whose mode says so") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  check_color_transform_ignores(context, seed);
}

TEST_CASE("color_transform on CUDA reads neither a cell nor a gradient for pixels outside the mask") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  const ColorTransformCase c{"outside", {1, 4, 8, 12}, {1, 8, 16, 3},  0.5f,
                             0.5f,      DType::f32,    Values::random, Mask::empty};
  ColorTransformProblem problem(c, c.dtype, seed, cuda_device);
  problem.transform.set(std::vector<double>(4 * 8 * 12, NAN));
  color_transform::forward(context, problem.forward(), problem.options);
  CHECK(problem.y.bytes() == problem.image.bytes());
  problem.dy.set(std::vector<double>(8 * 16 * 3, INFINITY));
  color_transform::backward(context, problem.backward(GradientMode::overwrite), problem.options);
  CHECK(problem.dtransform.get() == std::vector<double>(4 * 8 * 12, 0.0));
  CHECK(problem.dimage.bytes() == problem.dy.bytes());
}

TEST_CASE("color_transform on CUDA has no double precision") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  const ColorTransformProblem problem({"f64", {1, 2, 2, 12}, {1, 4, 4, 3}}, DType::f64, seed, cuda_device);
  check_refused(
      "color_transform", {&problem.y},
      [&] { color_transform::forward(context, problem.forward(), problem.options); }, ErrorKind::unsupported);
  check_refused(
      "color_transform", {&problem.dtransform},
      [&] { color_transform::backward(context, problem.backward(GradientMode::overwrite), problem.options); },
      ErrorKind::unsupported);
}

template <class S>
void check_all_rows() {
  Context context(cuda_device), other(cuda_device);
  for (const RowsCase& c : rows_cases()) check_rows<S>(context, other, c, seed);
}

TEST_CASE("color_transform on CUDA transforms packed rows of bytes, 16 bits and floats") {
  if (!have_cuda_device()) return;
  for_each_schedule(2, [] {
    check_all_rows<std::uint8_t>();
    check_all_rows<std::uint16_t>();
    check_all_rows<float>();
  });
}

}  // namespace
}  // namespace attune::test
