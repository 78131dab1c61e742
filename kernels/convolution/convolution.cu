// The library's products (library.h) and the passes around them (passes.cuh): weights rounded to bf16 before them where the
// caller has not; bias and activation behind forward where the product has none fused; before backward one pass that
// applies the activation's derivative to dy and sums dbias; gradients added behind it where a mode says so.
#include "core/cuda/element_type.h"
#include "core/cuda/most_slabs.cuh"
#include "core/scratch.h"
#include "kernels/convolution/library.h"
#include "kernels/convolution/passes.cuh"

namespace attune::convolution::cuda {

namespace {

std::int64_t pixels_of(const Shape& map) {
  return checked_multiply(checked_multiply(map[0], map[1]), map[2]);
}

// Scratch of a pass; a piece is empty where the caller's array serves.
struct ForwardScratch {
  ForwardScratch(Scratch scratch, const Problem& problem, const Forward& a) {
    if (a.x.dtype == DType::bf16) weights = scratch.take(a.weights.shape, a.x.dtype);
    library = scratch.take(library::scratch_bytes(problem));
    bytes = scratch.bytes();
  }
  TensorView weights;
  void* library;
  std::int64_t bytes;
};

struct BackwardScratch {
  BackwardScratch(Scratch scratch, const Problem& problem, const Backward& a) {
    const DType dtype = a.x.dtype;
    const bool wants_dx = a.dx_mode != GradientMode::ignore,
               wants_dweights = a.dweights_mode != GradientMode::ignore;
    if (problem.activation != Activation::none) dz = scratch.take(a.dy.shape, dtype);
    if (wants_dx && dtype == DType::bf16) weights = scratch.take(a.weights.shape, dtype);
    if (a.dx_mode == GradientMode::accumulate) dx = scratch.take(a.x.shape, dtype);
    if (wants_dweights && (dtype == DType::bf16 || a.dweights_mode == GradientMode::accumulate))
      dweights = scratch.take(a.weights.shape, dtype);
    const std::int64_t channels = a.dy.shape[3];
    partials =
        scratch.take({attune::cuda::most_slabs(1, pixels_of(a.dy.shape), channels), channels}, DType::f32);
    library = scratch.take(library::scratch_bytes(problem));
    bytes = scratch.bytes();
  }
  TensorView dz, weights, dx, dweights, partials;
  void* library;
  std::int64_t bytes;
};

// The weights as the products take them, whose kernels for arrays that are not aligned to vectors are slow.
template <class T, class Arguments>
const T* product_weights(Context& context, const Arguments& a, const TensorView& scratch) {
  if constexpr (std::is_same_v<T, float>) {
    return a.weights.template as<float>();
  } else {
    if (!a.rounded_weights.empty() && attune::cuda::aligned_to_vector(a.rounded_weights.data))
      return a.rounded_weights.template as<T>();
    passes::combine(context, a.weights.template as<float>(), a.weights.elements(), false, scratch.as<T>());
    return scratch.as<T>();
  }
}

template <class T>
void forward_in(Context& context, const Forward& a, const Options& options) {
  const Problem problem(a.x.shape, a.weights.shape, options, a.x.dtype);
  void* workspace = context.workspace(ForwardScratch(Scratch(), problem, a).bytes);
  const ForwardScratch s(Scratch(workspace, context.device()), problem, a);
  const T* weights = product_weights<T>(context, a, s.weights);
  const bool fused =
      library::forward(context, problem, a.x.data, weights, a.bias.as<float>(), a.y.data, s.library);
  if (!fused)
    passes::activate(context, a.bias.as<float>(), pixels_of(a.y.shape), a.y.shape[3], problem.slope,
                     a.y.as<T>());
}

// dz, and dbias where it is asked for.
template <class T>
const T* make_dz(Context& context, const Problem& problem, const Backward& a, const BackwardScratch& s) {
  const bool activated = problem.activation != Activation::none;
  const bool wants_dweights = a.dweights_mode != GradientMode::ignore;
  if (!activated && !wants_dweights) return a.dy.as<T>();
  const passes::GradientArrays<T> arrays = {activated ? a.y.as<T>() : nullptr,
                                            a.dy.as<T>(),
                                            activated ? s.dz.as<T>() : nullptr,
                                            s.partials.as<float>(),
                                            wants_dweights ? a.dbias.as<float>() : nullptr,
                                            a.dweights_mode == GradientMode::accumulate};
  passes::gradient(context, arrays, pixels_of(a.dy.shape), a.dy.shape[3], problem.slope);
  return activated ? arrays.dz : a.dy.as<T>();
}

template <class T>
void backward_in(Context& context, const Backward& a, const Options& options) {
  const Problem problem(a.x.shape, a.weights.shape, options, a.x.dtype);
  void* workspace = context.workspace(BackwardScratch(Scratch(), problem, a).bytes);
  const BackwardScratch s(Scratch(workspace, context.device()), problem, a);
  const T* dz = make_dz<T>(context, problem, a, s);

  if (a.dx_mode != GradientMode::ignore) {
    const TensorView dx = s.dx.empty() ? a.dx : s.dx;
    library::data_gradient(context, problem, dz, product_weights<T>(context, a, s.weights), dx.data,
                           s.library);
    if (!s.dx.empty()) passes::combine(context, dx.as<T>(), dx.elements(), true, a.dx.as<T>());
  }
  if (a.dweights_mode != GradientMode::ignore) {
    const TensorView dweights = s.dweights.empty() ? a.dweights : s.dweights;
    library::weights_gradient(context, problem, a.x.data, dz, dweights.data, s.library);
    if (!s.dweights.empty())
      passes::combine(context, dweights.as<T>(), dweights.elements(),
                      a.dweights_mode == GradientMode::accumulate, a.dweights.as<float>());
  }
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  attune::cuda::with_element_type("convolution", a.x.dtype,
                                  [&](auto zero) { forward_in<decltype(zero)>(context, a, options); });
}

void backward(Context& context, const Backward& a, const Options& options) {
  if (a.dx_mode == GradientMode::ignore && a.dweights_mode == GradientMode::ignore) return;
  attune::cuda::with_element_type("convolution", a.x.dtype,
                                  [&](auto zero) { backward_in<decltype(zero)>(context, a, options); });
}

void round_weights(Context& context, ConstTensorView weights, TensorView rounded) {
  passes::combine(context, weights.as<float>(), weights.elements(), false, rounded.as<bfloat16>());
}

std::int64_t forward_workspace_bytes(const Shape& x, const Shape& weights, DType dtype,
                                     const Options& options) {
  Forward a;
  a.x = {nullptr, x, dtype};
  a.weights = {nullptr, weights, DType::f32};
  return ForwardScratch(Scratch(), Problem(x, weights, options, dtype), a).bytes;
}

std::int64_t workspace_bytes(const Shape& x, const Shape& weights, DType dtype, const Options& options) {
  Backward a;
  a.x = {nullptr, x, dtype};
  a.weights = {nullptr, weights, DType::f32};
  a.dy = {nullptr, output_shape(x, weights, options), dtype};
  a.dx_mode = a.dweights_mode = GradientMode::accumulate;
  return std::max(forward_workspace_bytes(x, weights, dtype, options),
                  BackwardScratch(Scratch(), Problem(x, weights, options, dtype), a).bytes);
}

}  // namespace attune::convolution::cuda
