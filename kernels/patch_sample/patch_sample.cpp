#include "kernels/patch_sample/patch_sample.h"

#include <algorithm>
#include <limits>

#include "core/checks.h"

namespace attune::patch_sample {

namespace {

constexpr const char* op = "patch_sample";

void check_pixels(std::int64_t pixels) {
  require(pixels <= std::numeric_limits<std::int32_t>::max(), ErrorKind::argument, op, ": an image has ",
          pixels, " pixels, more than a 32-bit index can name");
}

void check_options(const Options& options, std::int64_t images) {
  require(options.level >= 0 && options.level < 1 << 24, ErrorKind::argument, op, ": level is ",
          options.level, ", expected 0..2^24 - 1");
  require(options.set >= 0 && options.set < 256, ErrorKind::argument, op, ": set is ", options.set,
          ", expected 0..255");
  require(options.first_image >= 0 && options.first_image <= (std::int64_t{1} << 32) - images,
          ErrorKind::argument, op, ": first_image is ", options.first_image, ", expected 0..2^32 - ", images);
}

// Checks a feature map, positions in it and the features there, which gather and scatter share.
void check_features(const Context& context, const char* map_name, ConstTensorView map,
                    ConstTensorView indices, const char* rows_name, ConstTensorView rows) {
  check_activation(op, map_name, context, map);
  check_pixels(checked_multiply(map.shape[1], map.shape[2]));
  require(indices.shape.rank() == 2, ErrorKind::argument, op, ": indices is ", indices.shape,
          ", expected rank 2");
  check_tensor(op, "indices", context, indices, {map.shape[0], indices.shape[1]}, DType::i32);
  check_tensor(op, rows_name, context, rows, {map.shape[0], indices.shape[1], map.shape[3]}, map.dtype);
}

void check_draw(const Context& context, const Draw& a, const Options& options) {
  check_activation(op, "mask", context, a.mask, 3);
  require(a.mask.dtype == statistics_dtype(a.mask.dtype), ErrorKind::argument, op, ": mask is ",
          name_of(a.mask.dtype), ", expected f32");
  const std::int64_t images = a.mask.shape[0];
  check_pixels(checked_multiply(a.mask.shape[1], a.mask.shape[2]));
  require(a.indices.shape.rank() == 2, ErrorKind::argument, op, ": indices is ", a.indices.shape,
          ", expected rank 2");
  check_tensor(op, "indices", context, a.indices, {images, a.indices.shape[1]}, DType::i32);
  check_tensor(op, "count", context, a.count, {images}, DType::i32);
  check_options(options, images);
}

}  // namespace

void draw(Context& context, const Draw& a, const Options& options) {
  const SeededDraw one{a, options};
  draw(context, {&one, 1});
}

void draw(Context& context, std::span<const SeededDraw> draws) {
  require(draws.size() <= most_draws, ErrorKind::argument, op, ": ", draws.size(),
          " draws, expected at most ", most_draws);
  for (const SeededDraw& one : draws) check_draw(context, one.arguments, one.options);
  if (context.device().kind == DeviceKind::cpu) {
    for (const SeededDraw& one : draws) cpu::draw(context, one.arguments, one.options);
    return;
  }
  if constexpr (built_with_cuda) cuda::draw(context, draws);
}

void gather(Context& context, const Gather& a) {
  check_features(context, "x", a.x, a.indices, "z", a.z);
  if (context.device().kind == DeviceKind::cpu) return cpu::gather(context, a);
  if constexpr (built_with_cuda) cuda::gather(context, a);
}

void scatter(Context& context, const Scatter& a) {
  if (a.dx_mode == GradientMode::ignore) return;
  check_features(context, "dx", a.dx, a.indices, "dz", a.dz);
  if (!a.count.empty()) check_tensor(op, "count", context, a.count, {a.dx.shape[0]}, DType::i32);
  if (context.device().kind == DeviceKind::cpu) return cpu::scatter(context, a);
  if constexpr (built_with_cuda) cuda::scatter(context, a);
}

std::int64_t workspace_bytes(std::int64_t images, std::int64_t pixels, std::int64_t samples, Device device) {
  if (device.kind == DeviceKind::cpu) return cpu::workspace_bytes(images, samples);
  if constexpr (built_with_cuda) return cuda::workspace_bytes(images, pixels);
  return 0;
}

Cost draw_cost(const Shape& mask, std::int64_t samples) {
  return {mask.elements() * size_of(DType::f32) + mask[0] * (samples + 1) * size_of(DType::i32), 0};
}

Cost gather_cost(const Shape& z, DType dtype) {
  return {2 * z.elements() * size_of(dtype) + z[0] * z[1] * size_of(DType::i32), 0};
}

Cost scatter_cost(const Shape& dz, const Shape& dx, DType dtype, GradientMode dx_mode) {
  const std::int64_t of_dx = dx_mode == GradientMode::overwrite
                                 ? dx.elements()
                                 : gradient_accesses(dx_mode) * std::min(dz.elements(), dx.elements());
  return {(dz.elements() + of_dx) * size_of(dtype) + dz[0] * (dz[1] + 1) * size_of(DType::i32), 0};
}

}  // namespace attune::patch_sample
