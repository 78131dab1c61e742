// The passes of convolution's CUDA body; the products are a stand-in's here (convolution_library.cpp), a library's on a GPU.
#include "tests/kernels/convolution_check.h"

#include "tests/cuda_on_host/cuda_op_checks.h"

namespace attune::test {
namespace {

struct Convolution {
  static std::vector<ConvolutionCase> cases() { return convolution_cases(); }
  static std::int64_t elements(const ConvolutionCase& c) {
    return std::max(c.x().elements(), c.y().elements());
  }
  static void check(Context& context, const ConvolutionCase& c) {
    check_against_reference<ConvolutionOp>(context, c);
  }
  static Bytes bits(Context& context, const ConvolutionCase& c) {
    const LinearMapSetup<ConvolutionOp> setup(c, 1, context.device());
    ConvolutionOp::forward(context, setup.forward(), ConvolutionOp::options(c));
    ConvolutionOp::backward(context, setup.backward(), ConvolutionOp::options(c));
    context.synchronize();
    return {setup.out.bytes(), setup.dx.bytes(), setup.dweights.bytes(), setup.dbias.bytes()};
  }
};

TEST_CASE("convolution on CUDA agrees with the reference") { check_agreement<Convolution>(); }

TEST_CASE("convolution on CUDA gives the same bits whatever the schedule") { check_schedules<Convolution>(); }

TEST_CASE("convolution on CUDA honours every gradient mode") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  for (const Activation activation : {Activation::none, Activation::leaky_relu})
    for (const DType dtype : {DType::f32, DType::bf16}) {
      ConvolutionCase c = convolution_case({2, 7, 13, 5}, 33, 3, 1, activation);
      c.dtype = dtype;
      check_modes<ConvolutionOp>(context, c);
    }
}

TEST_CASE("convolution on CUDA takes weights that are rounded already") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  ConvolutionCase c = convolution_case({2, 7, 13, 5}, 33, 3, 1, Activation::leaky_relu);
  c.dtype = DType::bf16;
  for (const bool aligned : {true, false}) check_rounded_weights<ConvolutionOp>(context, c, aligned);
}

TEST_CASE("convolution on CUDA takes no more scratch than it says") {
  if (!have_cuda_device()) return;
  for (const ConvolutionCase& c : cases_up_to<Convolution>(few_elements)) {
    INFO(c.name());
    Context context(cuda_device);
    const std::int64_t bytes =
        convolution::workspace_bytes(c.x(), c.weights(), c.dtype, c.options, cuda_device);
    void* scratch = context.workspace(bytes);
    const LinearMapSetup<ConvolutionOp> setup(c, 1, cuda_device);
    convolution::forward(context, setup.forward(), c.options);
    convolution::backward(context, setup.backward(GradientMode::accumulate, GradientMode::accumulate),
                          c.options);
    CHECK(context.workspace(bytes) == scratch);  // it would have moved, had it grown
  }
}

}  // namespace
}  // namespace attune::test
