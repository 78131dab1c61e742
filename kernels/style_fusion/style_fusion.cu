// Small images take one pass (one_pass.cuh): forward is 1 launch, backward 2, and memory moves no byte twice. Others take
// two (two_pass.cuh): statistics then y, 3 launches, 12 bytes an f32 element where 8 are compulsory; four sums then dx, 4
// launches, 20 bytes for 12; the second read of x and dy comes from L2 where it fits.
#include "kernels/style_fusion/style_fusion.h"

#include "core/cuda/element_type.h"
#include "core/cuda/launch.cuh"
#include "core/cuda/most_slabs.cuh"
#include "core/cuda/row_grid.cuh"
#include "core/cuda/vector.cuh"
#include "kernels/masked_style/masked_style.h"
#include "kernels/style_fusion/gradients.cuh"
#include "kernels/style_fusion/one_pass.cuh"
#include "kernels/style_fusion/style.cuh"
#include "kernels/style_fusion/two_pass.cuh"

namespace attune::style_fusion::cuda {

namespace {

RowGrid plan_two_passes(const Shape& x, int width, int blocks) {
  return plan_row_grid(x[0], checked_multiply(x[1], x[2]), x[3], width, multiprocessor_count(), blocks);
}

RowGrid plan_one_pass(const Shape& x, int width) {
  const std::int64_t vectors = x[3] / width, tiles = (vectors + one_pass_columns - 1) / one_pass_columns;
  const int columns = static_cast<int>((vectors + tiles - 1) / tiles);
  return {columns, one_pass_threads / columns, x[0], 1, tiles};
}

Size size_of_plan(const RowGrid& plan, const Shape& x) {
  return {plan.images, x[1] * x[2], x[3], plan.slabs};
}

// Whether a block can hold its part of as many maps.
bool fits_one_pass(const Shape& x, int maps) {
  return x.elements() > 0 && x[1] * x[2] <= one_pass_bytes / one_pass_pixel_bytes / maps;
}

// As launch, for kernels that keep `maps` slabs in dynamic shared memory, of which more than 48 KiB have to be asked for.
template <class... Parameters, class... Arguments>
void launch_one_pass(const char* name, Context& context, const RowGrid& plan, const Size& size, int maps,
                     void (*kernel)(Parameters...), Arguments&&... arguments) {
  const std::int64_t bytes = size.pixels * plan.columns * vector_bytes * maps;
  cuda_check(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)),
      "cudaFuncSetAttribute");
  launch(name, stream_of(context), plan.grid(), plan.block(), static_cast<std::size_t>(bytes), kernel,
         std::forward<Arguments>(arguments)...);
}

template <class T>
void forward_one_pass(Context& context, const Forward& a, const Options& options) {
  constexpr int width = vector_width<T>;
  const RowGrid plan = plan_one_pass(a.x.shape, width);
  const Size size = size_of_plan(plan, a.x.shape);
  launch_one_pass("style_fusion: one_pass_forward_kernel", context, plan, size, 1,
                  one_pass_forward_kernel<T, width>, a.x.as<T>(), a.mask.as<float>(), size,
                  style_inputs(a, options), options.eps,
                  Statistics{a.mean.as<float>(), a.sd.as<float>(), a.weight.as<float>()}, a.y.as<T>());
}

template <class T, int width>
void forward_two_passes(Context& context, const Forward& a, const Options& options) {
  if (options.statistics == style_fusion::Statistics::own)
    masked_style::cuda::forward(context, {a.x, a.mask, a.mean, a.sd, a.weight}, {options.eps});
  if (a.x.elements() == 0) return;
  const RowGrid plan = plan_two_passes(a.x.shape, width, output_blocks<width>);
  launch("style_fusion: output_kernel", stream_of(context), plan.grid(), plan.block(), 0,
         output_kernel<T, width>, a.x.as<T>(), a.mask.as<float>(), size_of_plan(plan, a.x.shape),
         style_inputs(a, options), a.y.as<T>());
}

template <class T>
void forward_in(Context& context, const Forward& a, const Options& options) {
  const std::int64_t channels = a.x.shape[3];
  if (!vectors_fit<T>(a.x.data, channels) || !vectors_fit<T>(a.y.data, channels))
    return forward_two_passes<T, 1>(context, a, options);
  if (options.statistics == style_fusion::Statistics::own && fits_one_pass(a.x.shape, 1))
    forward_one_pass<T>(context, a, options);
  else
    forward_two_passes<T, vector_width<T>>(context, a, options);
}

Scratch scratch_of(Context& context, const Shape& x, std::int64_t slabs) {
  auto* memory = static_cast<float*>(context.workspace(workspace_bytes(x)));
  const std::int64_t values = x[0] * sums * x[3];
  return {memory, memory + slabs * values, memory + (slabs + 1) * values};
}

ExternalGradients external_gradients(const Backward& a, const StyleInputs& in) {
  if (a.dexternal_mode == GradientMode::ignore || in.gate_kind == Gate::internal) return {};
  return {a.dexternal_mean.as<float>(), a.dexternal_sd.as<float>(),
          a.dexternal_mode == GradientMode::accumulate};
}

void write_parameter_gradients(Context& context, const Backward& a, const StyleInputs& in,
                               const float* totals) {
  if (a.dparameters_mode == GradientMode::ignore) return;
  const std::int64_t blocks = (in.channels + parameter_threads - 1) / parameter_threads;
  launch("style_fusion: parameter_kernel", stream_of(context), dim3(checked_cast<unsigned>(blocks)),
         dim3(parameter_threads), 0, parameter_kernel, in, totals,
         ParameterGradients{in.gate_kind == Gate::learned ? a.dgate.as<float>() : nullptr,
                            {a.dgamma_foreground.as<float>(), a.dgamma_background.as<float>()},
                            {a.dbeta_foreground.as<float>(), a.dbeta_background.as<float>()},
                            a.dparameters_mode == GradientMode::accumulate});
}

template <class T>
void backward_one_pass(Context& context, const Backward& a, const Options& options) {
  constexpr int width = vector_width<T>;
  const RowGrid plan = plan_one_pass(a.x.shape, width);
  const Size size = size_of_plan(plan, a.x.shape);
  const StyleInputs in = style_inputs(a, options);
  const Scratch scratch = scratch_of(context, a.x.shape, 0);
  launch_one_pass("style_fusion: one_pass_backward_kernel", context, plan, size, 2,
                  a.dx_mode == GradientMode::accumulate ? one_pass_backward_kernel<T, width, true>
                                                        : one_pass_backward_kernel<T, width, false>,
                  a.x.as<T>(), a.dy.as<T>(), a.mask.as<float>(), size, in,
                  OtherGradients{scratch.totals, external_gradients(a, in)},
                  a.dx_mode == GradientMode::ignore ? nullptr : a.dx.as<T>());
  write_parameter_gradients(context, a, in, scratch.totals);
}

void finish(Context& context, const Backward& a, const StyleInputs& in, const Size& size,
            const Scratch& scratch) {
  const std::int64_t tiles = (size.channels + finish_columns - 1) / finish_columns;
  const auto rows = static_cast<unsigned>(std::min<std::int64_t>(finish_rows, size.slabs));
  launch("style_fusion: finish_kernel", stream_of(context),
         dim3(checked_cast<unsigned>(size.images), checked_cast<unsigned>(tiles)), dim3(finish_columns, rows),
         0, finish_kernel, in, size, scratch, external_gradients(a, in));
}

template <class T, int width>
void backward_two_passes(Context& context, const Backward& a, const Options& options) {
  const RowGrid plan = plan_two_passes(a.x.shape, width, sums_blocks<width>);
  const Size size = size_of_plan(plan, a.x.shape);
  const StyleInputs in = style_inputs(a, options);
  const Scratch scratch = scratch_of(context, a.x.shape, size.slabs);
  if (size.images > 0) {
    launch("style_fusion: sums_kernel", stream_of(context), plan.grid(), plan.block(), 0,
           sums_kernel<T, width>, a.x.as<T>(), a.dy.as<T>(), a.mask.as<float>(), size, in, scratch.partials);
    finish(context, a, in, size, scratch);
  }
  write_parameter_gradients(context, a, in, scratch.totals);
  if (a.dx_mode == GradientMode::ignore || a.x.elements() == 0) return;
  const RowGrid second = plan_two_passes(a.x.shape, width, gradient_blocks);
  launch("style_fusion: gradient_kernel", stream_of(context), second.grid(), second.block(), 0,
         a.dx_mode == GradientMode::accumulate ? gradient_kernel<T, width, true>
                                               : gradient_kernel<T, width, false>,
         a.x.as<T>(), a.dy.as<T>(), a.mask.as<float>(), size_of_plan(second, a.x.shape), in,
         scratch.coefficients, a.dx.as<T>());
}

template <class T>
void backward_in(Context& context, const Backward& a, const Options& options) {
  const std::int64_t channels = a.x.shape[3];
  if (channels == 0) return;
  const bool dx_fits = a.dx_mode == GradientMode::ignore || vectors_fit<T>(a.dx.data, channels);
  if (!dx_fits || !vectors_fit<T>(a.x.data, channels) || !vectors_fit<T>(a.dy.data, channels))
    return backward_two_passes<T, 1>(context, a, options);
  fits_one_pass(a.x.shape, 2) ? backward_one_pass<T>(context, a, options)
                              : backward_two_passes<T, vector_width<T>>(context, a, options);
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  with_element_type("style_fusion", a.x.dtype,
                    [&](auto zero) { forward_in<decltype(zero)>(context, a, options); });
}

void backward(Context& context, const Backward& a, const Options& options) {
  with_element_type("style_fusion", a.x.dtype,
                    [&](auto zero) { backward_in<decltype(zero)>(context, a, options); });
}

// Forward's is masked_style's.
std::int64_t workspace_bytes(const Shape& x) {
  const std::int64_t slabs = most_slabs(x[0], checked_multiply(x[1], x[2]), x[3]);
  const std::int64_t floats = checked_multiply(checked_multiply(slabs + 2, x[0]), sums * x[3]);
  return std::max(checked_multiply(floats, sizeof(float)), masked_style::cuda::workspace_bytes(x));
}

}  // namespace attune::style_fusion::cuda
