// The stand-in for cuDNN and cuBLAS behind convolution's seam: the CPU's products, in the stream's order, on memory that
// is the device's and the host's alike.
#include "kernels/convolution/library.h"

#include "tests/cuda_on_host/library_call.h"

namespace attune::convolution::library {

namespace {

Shape shape_of_x(const Problem& p) { return {p.batch, p.height, p.width, p.inputs}; }
Shape shape_of_weights(const Problem& p) { return {p.outputs, p.kernel_height, p.kernel_width, p.inputs}; }
Shape shape_of_y(const Problem& p) { return {p.batch, p.output_height, p.output_width, p.outputs}; }

// What the CPU body would need to know, without activation.
Options options_of(const Problem& p) {
  Options options;
  options.stride = static_cast<int>(p.stride);
  options.padding = static_cast<int>(p.padding);
  options.dilation = static_cast<int>(p.dilation);
  return options;
}

// The CPU body takes its weights in f32.
Tensor widened(const Problem& p, const void* weights) {
  Tensor result(shape_of_weights(p), DType::f32);
  for (std::int64_t i = 0; i < result.view().elements(); ++i)
    result.as<float>()[i] = p.dtype == DType::f32
                                ? static_cast<const float*>(weights)[i]
                                : static_cast<float>(static_cast<const bfloat16*>(weights)[i]);
  return result;
}

cuda_on_host::Memory memory(const void* data, const Shape& shape, DType dtype) {
  return {data, static_cast<std::size_t>(shape.elements() * size_of(dtype))};
}

// cuBLAS takes anything less for an invalid value.
void check_scratch(const void* scratch) {
  require(reinterpret_cast<std::uintptr_t>(scratch) % scratch_alignment == 0, ErrorKind::device,
          "convolution: the library's scratch is not aligned to ", scratch_alignment, " bytes");
}

}  // namespace

std::int64_t scratch_bytes(const Problem&) { return 1; }

bool forward(Context& context, const Problem& p, const void* x, const void* weights, const float*, void* y,
             void* scratch) {
  check_scratch(scratch);
  cuda_on_host::enqueue_library_call(
      context.stream(), "convolution: forward",
      {memory(x, shape_of_x(p), p.dtype), memory(weights, shape_of_weights(p), p.dtype)},
      {memory(y, shape_of_y(p), p.dtype)}, [=] {
        Context cpu({}, 1);
        Tensor w = widened(p, weights);
        const Tensor bias = Tensor::zeros({p.outputs}, DType::f32);
        cpu::forward(cpu,
                     {ConstTensorView(x, shape_of_x(p), p.dtype), w.view(), bias.view(),
                      TensorView(y, shape_of_y(p), p.dtype)},
                     options_of(p));
      });
  return false;
}

void data_gradient(Context& context, const Problem& p, const void* dz, const void* weights, void* dx,
                   void* scratch) {
  check_scratch(scratch);
  cuda_on_host::enqueue_library_call(
      context.stream(), "convolution: data_gradient",
      {memory(dz, shape_of_y(p), p.dtype), memory(weights, shape_of_weights(p), p.dtype)},
      {memory(dx, shape_of_x(p), p.dtype)}, [=] {
        Context cpu({}, 1);
        Tensor w = widened(p, weights);
        Backward a;
        a.x = ConstTensorView(dx, shape_of_x(p), p.dtype);  // its shape alone is read
        a.weights = w.view();
        a.dy = ConstTensorView(dz, shape_of_y(p), p.dtype);
        a.dx = TensorView(dx, shape_of_x(p), p.dtype);
        a.dweights_mode = GradientMode::ignore;
        cpu::backward(cpu, a, options_of(p));
      });
}

void weights_gradient(Context& context, const Problem& p, const void* x, const void* dz, void* dweights,
                      void* scratch) {
  check_scratch(scratch);
  cuda_on_host::enqueue_library_call(context.stream(), "convolution: weights_gradient",
                                     {memory(x, shape_of_x(p), p.dtype), memory(dz, shape_of_y(p), p.dtype)},
                                     {memory(dweights, shape_of_weights(p), p.dtype)}, [=] {
                                       Context cpu({}, 1);
                                       Tensor w(shape_of_weights(p), DType::f32),
                                           dbias({p.outputs}, DType::f32);
                                       Backward a;
                                       a.x = ConstTensorView(x, shape_of_x(p), p.dtype);
                                       a.weights = ConstTensorView(w.view());  // its shape alone is read
                                       a.dy = ConstTensorView(dz, shape_of_y(p), p.dtype);
                                       a.dx_mode = GradientMode::ignore;
                                       a.dweights = w.view();
                                       a.dbias = dbias.view();
                                       cpu::backward(cpu, a, options_of(p));
                                       for (std::int64_t i = 0; i < w.view().elements(); ++i)
                                         if (p.dtype == DType::f32)
                                           static_cast<float*>(dweights)[i] = w.as<float>()[i];
                                         else
                                           static_cast<bfloat16*>(dweights)[i] = bfloat16(w.as<float>()[i]);
                                     });
}

}  // namespace attune::convolution::library
