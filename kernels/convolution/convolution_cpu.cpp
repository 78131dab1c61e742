// Convolution on the CPU: oneDNN's products on NHWC activations, bias and activation fused into forward, and one
// elementwise pass before backward that applies the activation's derivative to dy.
#include <algorithm>

#include "core/scratch.h"
#include "kernels/convolution/elementwise.h"
#include "kernels/convolution/onednn.h"

namespace attune::convolution::cpu {

namespace {

using onednn::Products;

// Whether a pass computes in f32 twins of its bf16 arrays, in scratch.
bool widens_forward(DType dtype) { return dtype == DType::bf16 && !onednn::has_bfloat16(); }
// The second case: oneDNN 2.6.3's bf16 kernel for dx of a 1 x 1 convolution is wrong for odd numbers of output
// channels (of 30, 59 or 60 pixels, among others).
bool widens_backward(DType dtype, const Shape& weights) {
  const bool pointwise = weights[1] == 1 && weights[2] == 1;
  return widens_forward(dtype) || (dtype == DType::bf16 && pointwise && weights[0] % 2 != 0);
}

Problem problem_of(const Shape& x, const Shape& weights, DType dtype, const Options& options, bool widened) {
  require(dtype != DType::f64, ErrorKind::unsupported,
          "convolution: the CPU kernel takes f32 and bf16, not f64");
  return {x, weights, options, widened ? DType::f32 : dtype};
}

// The context's, made on first use.
Products& forward_products(Context& context, const Shape& x, const Shape& weights, DType dtype,
                           const Options& options) {
  return context.attachment<onednn::Cache>().find(
      problem_of(x, weights, dtype, options, widens_forward(dtype)));
}

// What a pass keeps in scratch: the products' own, and twins of those arguments that they cannot use as they
// are. A twin is empty where the caller's array serves.
struct ForwardScratch {
  ForwardScratch(Scratch scratch, Products& products, const Forward& a) {
    products_own = scratch.take(products.scratch_bytes(Products::forward_pass));
    if (widens_forward(a.x.dtype)) {
      x = scratch.take(a.x.shape, DType::f32);
      y = scratch.take(a.y.shape, DType::f32);
    }
    bytes = scratch.bytes();
  }
  void* products_own;
  TensorView x, y;
  std::int64_t bytes;
};

struct BackwardScratch {
  BackwardScratch(Scratch scratch, Products& products, const Backward& a, bool activated) {
    const bool widened = widens_backward(a.x.dtype, a.weights.shape);
    const DType dtype = widened ? DType::f32 : a.x.dtype;
    std::int64_t own = 0;
    if (activated || widened) dz = scratch.take(a.dy.shape, dtype);
    if (a.dx_mode != GradientMode::ignore) {
      own = products.scratch_bytes(Products::data_pass);
      if (widened || a.dx_mode == GradientMode::accumulate) dx = scratch.take(a.x.shape, dtype);
    }
    if (a.dweights_mode != GradientMode::ignore) {
      own = std::max(own, products.scratch_bytes(Products::weights_pass));
      if (widened) x = scratch.take(a.x.shape, dtype);
      if (a.dweights_mode == GradientMode::accumulate) dbias = scratch.take(a.dbias.shape, DType::f32);
    }
    products_own = scratch.take(own);
    bytes = scratch.bytes();
  }
  void* products_own;
  TensorView x, dz, dx, dbias;
  std::int64_t bytes;
};

// How many rows of y, all of them where nobody is to be called between bands.
std::int64_t rows_between_pauses(const Problem& problem, const Forward& a, int threads) {
  const bool some_row_lies_on_padding = problem.padding > problem.dilation * (problem.kernel_height - 1);
  if (!a.pause || problem.batch > 1 || some_row_lies_on_padding) return problem.output_height;
  // In some 20 ms; with AVX2 40.
  constexpr std::int64_t operations = 2'000'000'000;
  const std::int64_t of_a_row = 2 * problem.output_width * problem.outputs * problem.inputs *
                                problem.kernel_height * problem.kernel_width;
  return std::clamp<std::int64_t>(operations / of_a_row * threads, 1, problem.output_height);
}

void run_product(Products& products, const Problem& problem, const Forward& a,
                 const onednn::ThreadCount& thread_count, std::int64_t band_rows, const void* x, void* y,
                 void* scratch) {
  const auto* bias = a.bias.as<float>();
  if (!a.packed_weights) products.pack(a.weights.as<float>(), scratch, scratch);
  const void* const packed = a.packed_weights ? a.packed_weights : scratch;
  const std::int64_t rows = problem.output_height;
  if (band_rows >= rows || !products.runs_in_bands(band_rows))
    return products.forward_packed(x, packed, bias, y, scratch);
  for (std::int64_t begin = 0; begin < rows; begin += band_rows) {
    if (begin > 0) thread_count.with_callers(*a.pause);
    products.forward_band({problem, begin, std::min(begin + band_rows, rows)}, x, packed, bias, y, scratch);
  }
}

void run_forward(Context& context, const Forward& a, const Options& options) {
  const onednn::ThreadCount thread_count(context.threads());
  const bool widened = widens_forward(a.x.dtype);
  const Problem problem = problem_of(a.x.shape, a.weights.shape, a.x.dtype, options, widened);
  Products& products = context.attachment<onednn::Cache>().find(problem);
  void* workspace = context.workspace(ForwardScratch(Scratch(), products, a).bytes);
  const ForwardScratch s(Scratch(workspace), products, a);
  if (widened) elementwise::convert(context.threads(), a.x, s.x);
  run_product(products, problem, a, thread_count, rows_between_pauses(problem, a, context.threads()),
              widened ? s.x.data : a.x.data, widened ? s.y.data : a.y.data, s.products_own);
  if (widened) elementwise::convert(context.threads(), s.y, a.y);
}

// dz, from dy where it is not dy itself.
ConstTensorView make_dz(int threads, const Backward& a, const Options& options, const BackwardScratch& s) {
  if (s.dz.empty()) return a.dy;
  if (options.activation == Activation::none)
    elementwise::convert(threads, a.dy, s.dz);
  else
    elementwise::activation_gradient(threads, a.y, a.dy, negative_slope(options.activation, options.slope),
                                     s.dz);
  return s.dz;
}

void run_backward(Context& context, const Backward& a, const Options& options) {
  if (a.dx_mode == GradientMode::ignore && a.dweights_mode == GradientMode::ignore) return;
  const int threads = context.threads();
  const bool activated = options.activation != Activation::none;
  const onednn::ThreadCount thread_count(threads);
  Products& products = context.attachment<onednn::Cache>().find(problem_of(
      a.x.shape, a.weights.shape, a.x.dtype, options, widens_backward(a.x.dtype, a.weights.shape)));
  void* workspace = context.workspace(BackwardScratch(Scratch(), products, a, activated).bytes);
  const BackwardScratch s(Scratch(workspace), products, a, activated);
  const ConstTensorView dz = make_dz(threads, a, options, s);

  if (a.dx_mode != GradientMode::ignore) {
    const TensorView dx = s.dx.empty() ? a.dx : s.dx;
    products.backward_data(dz.data, a.weights.as<float>(), dx.data, s.products_own);
    if (a.dx_mode == GradientMode::accumulate)
      elementwise::add(threads, dx, a.dx);
    else if (!s.dx.empty())
      elementwise::convert(threads, dx, a.dx);
  }
  if (a.dweights_mode != GradientMode::ignore) {
    if (!s.x.empty()) elementwise::convert(threads, a.x, s.x);
    const TensorView dbias = s.dbias.empty() ? a.dbias : s.dbias;
    products.backward_weights(s.x.empty() ? a.x.data : s.x.data, dz.data, a.dweights_mode,
                              a.dweights.as<float>(), dbias.as<float>(), s.products_own);
    if (!s.dbias.empty()) elementwise::add(threads, s.dbias, a.dbias);
  }
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  onednn::translate_errors([&] { run_forward(context, a, options); });
}

void backward(Context& context, const Backward& a, const Options& options) {
  onednn::translate_errors([&] { run_backward(context, a, options); });
}

std::int64_t packed_bytes(Context& context, const Shape& x, const Shape& weights, DType dtype,
                          const Options& options) {
  return onednn::translate_errors([&] {
    const onednn::ThreadCount thread_count(context.threads());
    return forward_products(context, x, weights, dtype, options).packed_bytes();
  });
}

void pack_weights(Context& context, const Shape& x, ConstTensorView weights, DType dtype,
                  const Options& options, void* packed) {
  onednn::translate_errors([&] {
    const onednn::ThreadCount thread_count(context.threads());
    Products& products = forward_products(context, x, weights.shape, dtype, options);
    products.pack(weights.as<float>(), packed,
                  context.workspace(products.scratch_bytes(Products::forward_pass)));
  });
}

void round_weights(Context& context, ConstTensorView weights, TensorView rounded) {
  elementwise::convert(context.threads(), weights, rounded);
}

std::int64_t forward_workspace_bytes(const Shape& x, const Shape& weights, DType dtype,
                                     const Options& options, int threads) {
  return onednn::translate_errors([&] {
    const onednn::ThreadCount thread_count(Context({}, threads).threads());
    Forward a;
    a.x = {nullptr, x, dtype};
    a.weights = {nullptr, weights, DType::f32};
    a.y = {nullptr, output_shape(x, weights, options), dtype};
    Products products(problem_of(x, weights, dtype, options, widens_forward(dtype)));
    return ForwardScratch(Scratch(), products, a).bytes;
  });
}

std::int64_t workspace_bytes(const Shape& x, const Shape& weights, DType dtype, const Options& options,
                             int threads) {
  const std::int64_t forward_bytes = forward_workspace_bytes(x, weights, dtype, options, threads);
  return onednn::translate_errors([&] {
    const onednn::ThreadCount thread_count(Context({}, threads).threads());
    Backward a;
    a.x = {nullptr, x, dtype};
    a.weights = {nullptr, weights, DType::f32};
    a.dy = {nullptr, output_shape(x, weights, options), dtype};
    a.dbias = {nullptr, {weights[0]}, DType::f32};
    a.dx_mode = a.dweights_mode = GradientMode::accumulate;
    Products products(problem_of(x, weights, dtype, options, widens_backward(dtype, weights)));
    const bool activated = options.activation != Activation::none;
    return std::max(forward_bytes, BackwardScratch(Scratch(), products, a, activated).bytes);
  });
}

}  // namespace attune::convolution::cpu
