// The passes of matmul's CUDA body; the products are a stand-in's here (convolution_library.cpp), a library's on a GPU.
#include "tests/kernels/matmul_check.h"

#include "tests/cuda_on_host/cuda_op_checks.h"

namespace attune::test {
namespace {

struct Matmul {
  static std::vector<MatmulCase> cases() { return matmul_cases(); }
  static std::int64_t elements(const MatmulCase& c) { return std::max(c.x().elements(), c.y().elements()); }
  static void check(Context& context, const MatmulCase& c) { check_against_reference<MatmulOp>(context, c); }
  static Bytes bits(Context& context, const MatmulCase& c) {
    const LinearMapSetup<MatmulOp> setup(c, 1, context.device());
    MatmulOp::forward(context, setup.forward(), MatmulOp::options(c));
    MatmulOp::backward(context, setup.backward(), MatmulOp::options(c));
    context.synchronize();
    return {setup.out.bytes(), setup.dx.bytes(), setup.dweights.bytes(), setup.dbias.bytes()};
  }
};

TEST_CASE("matmul on CUDA agrees with the reference") { check_agreement<Matmul>(); }

TEST_CASE("matmul on CUDA gives the same bits whatever the schedule") { check_schedules<Matmul>(); }

TEST_CASE("matmul on CUDA honours every gradient mode") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  for (const Activation activation : {Activation::none, Activation::leaky_relu})
    for (const DType dtype : {DType::f32, DType::bf16})
      check_modes<MatmulOp>(context, {61, 5, 33, activation, Values::random, 0, dtype});
}

TEST_CASE("matmul on CUDA takes weights that are rounded already") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  const MatmulCase c = {61, 5, 33, Activation::leaky_relu, Values::random, 0, DType::bf16};
  for (const bool aligned : {true, false}) check_rounded_weights<MatmulOp>(context, c, aligned);
}

}  // namespace
}  // namespace attune::test
