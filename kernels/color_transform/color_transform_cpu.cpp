// Forward and dimage go over the output rows: a row's parameters are interpolated vertically into planes of
// cells (in cache), then horizontally in registers. dtransform goes over the rows of cells: the output rows
// that use one are summed column by column in registers, then the columns that use a cell are.
#include <algorithm>

#include "core/parallel.h"
#include "kernels/color_transform/color_transform.h"
#include "kernels/color_transform/scratch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/color_transform/color_transform_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"
#include "kernels/color_transform/upsampled_row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::color_transform::HWY_NAMESPACE {

HWY_INLINE std::size_t columns_left(std::int64_t width, std::int64_t column) {
  return static_cast<std::size_t>(std::min(width - column, static_cast<std::int64_t>(lanes())));
}

// Most vectors of a real mask lie outside the foreground, where there is nothing to transform.
HWY_INLINE bool all_zero(V32 mask) { return hn::AllTrue(F32(), hn::Eq(mask, hn::Zero(F32()))); }

// row_body(parameters of the row, first pixel of the row) for every output row.
template <class T, class RowBody>
void for_each_row(Context& context, ConstTensorView transform, const Shape& image, const Options& options,
                  const RowBody& row_body) {
  const std::int64_t h = transform.shape[1], w = transform.shape[2], height = image[1], width = image[2];
  const cpu::Scratch scratch{w, width, height};
  void* workspace = context.workspace(scratch.bytes());
  scratch.columns(workspace).fill(static_cast<double>(options.scale_x), w, width);
  parallel_for(context.threads(), scratch_parts, [&](std::int64_t part) HWY_ATTR {
    const Range rows = part_of(image[0] * height, scratch_parts, part);
    UpsampledRow upsampled(scratch, workspace, part);
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      const BilinearTap tap = bilinear_tap(row % height, static_cast<double>(options.scale_y), h);
      upsampled.interpolate(transform.as<T>() + row / height * (h * w * 12), tap);
      row_body(upsampled, row * width);
    }
  });
}

// y = x + m (A (x - 1/2) + b)
HWY_INLINE void transform_row(const UpsampledRow& row, const float* image, const float* mask, float* y,
                              std::int64_t width) {
  const V32 half = hn::Set(F32(), 0.5f);
  for (std::int64_t column = 0; column < width; column += static_cast<std::int64_t>(lanes())) {
    const std::size_t n = columns_left(width, column);
    V32 x0, x1, x2;
    load_interleaved3(image + 3 * column, n, x0, x1, x2);
    const V32 m = load_up_to(mask + column, n);
    if (all_zero(m)) {
      store_interleaved3(x0, x1, x2, y + 3 * column, n);
      continue;
    }
    const V32 c0 = hn::Sub(x0, half), c1 = hn::Sub(x1, half), c2 = hn::Sub(x2, half);
    row.at(column, [&](const auto& parameter) HWY_ATTR {
      const V32 t0 = hn::MulAdd(parameter(0), c0,
                                hn::MulAdd(parameter(1), c1, hn::MulAdd(parameter(2), c2, parameter(9))));
      const V32 t1 = hn::MulAdd(parameter(3), c0,
                                hn::MulAdd(parameter(4), c1, hn::MulAdd(parameter(5), c2, parameter(10))));
      const V32 t2 = hn::MulAdd(parameter(6), c0,
                                hn::MulAdd(parameter(7), c1, hn::MulAdd(parameter(8), c2, parameter(11))));
      store_interleaved3(hn::MulAdd(m, t0, x0), hn::MulAdd(m, t1, x1), hn::MulAdd(m, t2, x2), y + 3 * column,
                         n);
    });
  }
}

// dx = dy + m A^T dy
template <bool accumulate>
HWY_INLINE void dimage_row(const UpsampledRow& row, const float* dy, const float* mask, float* dimage,
                           std::int64_t width) {
  for (std::int64_t column = 0; column < width; column += static_cast<std::int64_t>(lanes())) {
    const std::size_t n = columns_left(width, column);
    V32 g0, g1, g2;
    load_interleaved3(dy + 3 * column, n, g0, g1, g2);
    V32 old0 = g0, old1 = g1, old2 = g2;
    if (accumulate) {
      load_interleaved3(dimage + 3 * column, n, old0, old1, old2);
      old0 = hn::Add(old0, g0), old1 = hn::Add(old1, g1), old2 = hn::Add(old2, g2);
    }
    const V32 m = load_up_to(mask + column, n);
    row.at(column, [&](const auto& parameter) HWY_ATTR {
      const V32 t0 = hn::MulAdd(parameter(0), g0, hn::MulAdd(parameter(3), g1, hn::Mul(parameter(6), g2)));
      const V32 t1 = hn::MulAdd(parameter(1), g0, hn::MulAdd(parameter(4), g1, hn::Mul(parameter(7), g2)));
      const V32 t2 = hn::MulAdd(parameter(2), g0, hn::MulAdd(parameter(5), g1, hn::Mul(parameter(8), g2)));
      store_interleaved3(hn::MulAdd(m, t0, old0), hn::MulAdd(m, t1, old1), hn::MulAdd(m, t2, old2),
                         dimage + 3 * column, n);
    });
  }
}

template <class T>
void forward(Context& context, const Forward& a, const Options& options) {
  const std::int64_t width = a.image.shape[2];
  const auto* image = a.image.as<float>();
  const auto* mask = a.mask.as<float>();
  auto* y = a.y.as<float>();
  for_each_row<T>(context, a.transform, a.image.shape, options,
                  [=](const UpsampledRow& row, std::int64_t pixel) HWY_ATTR {
                    transform_row(row, image + 3 * pixel, mask + pixel, y + 3 * pixel, width);
                  });
}

template <class T, bool accumulate>
void backward_image(Context& context, const Backward& a, const Options& options) {
  const std::int64_t width = a.image.shape[2];
  const auto* dy = a.dy.as<float>();
  const auto* mask = a.mask.as<float>();
  auto* dimage = a.dimage.as<float>();
  for_each_row<T>(context, a.transform, a.image.shape, options,
                  [=](const UpsampledRow& row, std::int64_t pixel) HWY_ATTR {
                    dimage_row<accumulate>(row, dy + 3 * pixel, mask + pixel, dimage + 3 * pixel, width);
                  });
}

// The four sums of one row of dT at a vector of columns: sum d x' for the three entries of A, sum d for b.
struct RowSums {
  V32 a0, a1, a2, b;

  HWY_INLINE void clear() { a0 = a1 = a2 = b = hn::Zero(F32()); }
  HWY_INLINE void add(V32 d, V32 c0, V32 c1, V32 c2) {
    a0 = hn::MulAdd(d, c0, a0);
    a1 = hn::MulAdd(d, c1, a1);
    a2 = hn::MulAdd(d, c2, a2);
    b = hn::Add(b, d);
  }
  HWY_INLINE void store_to(float* sums) const { hn::StoreInterleaved4(a0, a1, a2, b, F32(), sums); }
};

// The part of a tap's weight that a cell gets: a position of the cell's own reads it with 1 - f, one of the
// cell before with f.
HWY_INLINE float cell_weight(const cpu::AxisTaps& taps, std::int64_t position, std::int64_t cell) {
  return taps.lower[position] == cell ? 1 - taps.fraction[position] : taps.fraction[position];
}

// The positions that read `cell`.
HWY_INLINE Range readers_of(const cpu::AxisTaps& taps, std::int64_t positions, std::int64_t cell) {
  const std::int32_t *begin = taps.lower, *end = begin + positions;
  return {std::lower_bound(begin, end, cell - 1) - begin, std::upper_bound(begin, end, cell) - begin};
}

// sums[i][column][4] = sum over the output rows of one image that read the row of cells `cell_row`.
HWY_INLINE void sum_rows(const Backward& a, std::int64_t image, std::int64_t cell_row,
                         const cpu::AxisTaps& taps, float* sums) {
  const std::int64_t height = a.image.shape[1], width = a.image.shape[2];
  const std::int64_t plane = 4 * cpu::AxisTaps::floats(width);
  const Range rows = readers_of(taps, height, cell_row);
  const V32 half = hn::Set(F32(), 0.5f);
  for (std::int64_t column = 0; column < width; column += static_cast<std::int64_t>(lanes())) {
    const std::size_t n = columns_left(width, column);
    RowSums sums0, sums1, sums2;
    sums0.clear(), sums1.clear(), sums2.clear();
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      const std::int64_t pixel = (image * height + row) * width + column;
      const V32 mask = load_up_to(a.mask.as<float>() + pixel, n);
      if (all_zero(mask)) continue;
      V32 x0, x1, x2, g0, g1, g2;
      load_interleaved3(a.image.as<float>() + 3 * pixel, n, x0, x1, x2);
      load_interleaved3(a.dy.as<float>() + 3 * pixel, n, g0, g1, g2);
      const V32 m = hn::Mul(mask, hn::Set(F32(), cell_weight(taps, row, cell_row)));
      const V32 c0 = hn::Sub(x0, half), c1 = hn::Sub(x1, half), c2 = hn::Sub(x2, half);
      sums0.add(hn::Mul(m, g0), c0, c1, c2);
      sums1.add(hn::Mul(m, g1), c0, c1, c2);
      sums2.add(hn::Mul(m, g2), c0, c1, c2);
    }
    sums0.store_to(sums + 4 * column);
    sums1.store_to(sums + plane + 4 * column);
    sums2.store_to(sums + 2 * plane + 4 * column);
  }
}

// dT of one row of cells from its column sums.
template <class T>
HWY_INLINE void sum_columns(const float* sums, const cpu::AxisTaps& taps, std::int64_t width,
                            std::int64_t cells, bool accumulate, T* dtransform) {
  const hn::FixedTag<float, 4> f4;
  const std::int64_t plane = 4 * cpu::AxisTaps::floats(width);
  Range columns{0, 0};  // the cell's readers, which move right with it
  for (std::int64_t cell = 0; cell < cells; ++cell) {
    while (columns.begin < width && taps.lower[columns.begin] < cell - 1) ++columns.begin;
    while (columns.end < width && taps.lower[columns.end] <= cell) ++columns.end;
    auto sum0 = hn::Zero(f4), sum1 = hn::Zero(f4), sum2 = hn::Zero(f4);
    for (std::int64_t column = columns.begin; column < columns.end; ++column) {
      const auto weight = hn::Set(f4, cell_weight(taps, column, cell));
      sum0 = hn::MulAdd(weight, hn::LoadU(f4, sums + 4 * column), sum0);
      sum1 = hn::MulAdd(weight, hn::LoadU(f4, sums + plane + 4 * column), sum1);
      sum2 = hn::MulAdd(weight, hn::LoadU(f4, sums + 2 * plane + 4 * column), sum2);
    }
    HWY_ALIGN float rows[3][4];
    hn::Store(sum0, f4, rows[0]);
    hn::Store(sum1, f4, rows[1]);
    hn::Store(sum2, f4, rows[2]);
    T* out = dtransform + 12 * cell;
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 4; ++j) {
        T& target = out[j < 3 ? 3 * i + j : 9 + i];
        target = T((accumulate ? static_cast<float>(target) : 0.0f) + rows[i][j]);
      }
  }
}

template <class T>
void backward_transform(Context& context, const Backward& a, const Options& options) {
  const std::int64_t h = a.transform.shape[1], w = a.transform.shape[2];
  const std::int64_t height = a.image.shape[1], width = a.image.shape[2];
  const bool accumulate = a.dtransform_mode == GradientMode::accumulate;
  const cpu::Scratch scratch{w, width, height};
  void* workspace = context.workspace(scratch.bytes());
  const cpu::AxisTaps columns = scratch.columns(workspace), rows = scratch.rows(workspace);
  columns.fill(static_cast<double>(options.scale_x), w, width);
  rows.fill(static_cast<double>(options.scale_y), h, height);
  parallel_for(context.threads(), scratch_parts, [&](std::int64_t part) HWY_ATTR {
    const Range cell_rows = part_of(a.image.shape[0] * h, scratch_parts, part);
    float* sums = scratch.part(workspace, part);
    for (std::int64_t row = cell_rows.begin; row < cell_rows.end; ++row) {
      sum_rows(a, row / h, row % h, rows, sums);
      sum_columns(sums, columns, width, w, accumulate, a.dtransform.as<T>() + row * w * 12);
    }
  });
}

template <class T>
void backward(Context& context, const Backward& a, const Options& options) {
  if (a.dtransform_mode != GradientMode::ignore) backward_transform<T>(context, a, options);
  if (a.image.elements() == 0) return;
  if (a.dimage_mode == GradientMode::overwrite) backward_image<T, false>(context, a, options);
  if (a.dimage_mode == GradientMode::accumulate) backward_image<T, true>(context, a, options);
}

void forward_any(Context& context, const Forward& a, const Options& options) {
  if (a.image.elements() == 0) return;
  a.transform.dtype == DType::f32 ? forward<float>(context, a, options)
                                  : forward<bfloat16>(context, a, options);
}
void backward_any(Context& context, const Backward& a, const Options& options) {
  a.transform.dtype == DType::f32 ? backward<float>(context, a, options)
                                  : backward<bfloat16>(context, a, options);
}

}  // namespace attune::color_transform::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::color_transform::cpu {

HWY_EXPORT(forward_any);
HWY_EXPORT(backward_any);

void forward(Context& context, const Forward& a, const Options& options) {
  require(a.transform.dtype != DType::f64, ErrorKind::unsupported,
          "color_transform computes in f32, not f64");
  HWY_DYNAMIC_DISPATCH(forward_any)(context, a, options);
}

void backward(Context& context, const Backward& a, const Options& options) {
  require(a.transform.dtype != DType::f64, ErrorKind::unsupported,
          "color_transform computes in f32, not f64");
  HWY_DYNAMIC_DISPATCH(backward_any)(context, a, options);
}

std::int64_t workspace_bytes(const Shape& transform, const Shape& image) {
  return Scratch{transform[2], image[2], image[1]}.bytes();
}

}  // namespace attune::color_transform::cpu
#endif
