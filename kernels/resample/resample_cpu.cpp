// One row of the result at a time: the rows it reads are summed into a row of floats (in cache), then that
// row's pixels are summed. Backward is the same with transposed tables.
#include <algorithm>

#include "core/parallel.h"
#include "kernels/resample/resample.h"
#include "kernels/resample/scratch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/resample/resample_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"

#include "core/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::resample::HWY_NAMESPACE {

using namespace attune::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)
namespace hn = hwy::HWY_NAMESPACE;

// to[i] (+)= weight * from[i]
template <class T>
HWY_INLINE void add_row(const T* from, float weight, bool first, float* to, std::int64_t count) {
  const std::int64_t step = static_cast<std::int64_t>(lanes());
  const V32 factor = hn::Set(F32(), weight);
  std::int64_t i = 0;
  for (; i + step <= count; i += step) {
    const V32 product = hn::Mul(factor, load(from + i));
    store(first ? product : hn::Add(product, load(to + i)), to + i);
  }
  for (; i < count; ++i) to[i] = weight * static_cast<float>(from[i]) + (first ? 0.0f : to[i]);
}

// How a sum becomes an element of the result.
struct Finish {
  bool accumulate = false, snap = false;

  HWY_INLINE float operator()(float value, float old) const {
    if (snap) value = snapped(value);
    return accumulate ? old + value : value;
  }
};

// One pixel: a weighted sum of `taps` pixels of `channels` floats.
template <class T>
HWY_INLINE void sum_pixels(const float* from, const float* weight, std::int64_t taps, std::int64_t channels,
                           const Finish& finish, T* to) {
  const std::int64_t step = static_cast<std::int64_t>(lanes());
  std::int64_t c = 0;
  for (; c + step <= channels && !finish.snap; c += step) {
    V32 sum = hn::Zero(F32());
    for (std::int64_t tap = 0; tap < taps; ++tap)
      sum = hn::MulAdd(hn::Set(F32(), weight[tap]), load(from + tap * channels + c), sum);
    store(finish.accumulate ? hn::Add(sum, load(to + c)) : sum, to + c);
  }
  for (; c < channels; ++c) {
    float sum = 0;
    for (std::int64_t tap = 0; tap < taps; ++tap) sum += weight[tap] * from[tap * channels + c];
    to[c] = T(finish(sum, finish.accumulate ? static_cast<float>(to[c]) : 0.0f));
  }
}

// to = rows from columns^T, for every image.
template <class T>
void resample(Context& context, const cpu::Scratch& scratch, ConstTensorView from, TensorView to,
              const Finish& finish) {
  const std::int64_t height = to.shape[1], width = to.shape[2], channels = to.shape[3];
  const std::int64_t from_row = from.shape[2] * channels, to_row = width * channels;
  parallel_for(context.threads(), scratch_parts, [&](std::int64_t part) HWY_ATTR {
    const Range range = part_of(to.shape[0] * height, scratch_parts, part);
    float* buffer = scratch.row_buffer(part);
    for (std::int64_t row = range.begin; row < range.end; ++row) {
      const std::int64_t y = row % height, image = row / height;
      const std::int64_t begin = scratch.rows.offset[y], end = scratch.rows.offset[y + 1];
      const T* first_row = from.as<T>() + (image * from.shape[1] + scratch.rows.first[y]) * from_row;
      if (begin == end) std::fill_n(buffer, from_row, 0.0f);
      for (std::int64_t i = begin; i < end; ++i)
        add_row(first_row + (i - begin) * from_row, scratch.rows.weight[i], i == begin, buffer, from_row);
      T* target = to.as<T>() + row * to_row;
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t taps = scratch.columns.offset[x];
        sum_pixels(buffer + scratch.columns.first[x] * channels, scratch.columns.weight + taps,
                   scratch.columns.offset[x + 1] - taps, channels, finish, target + x * channels);
      }
    }
  });
}

void forward_any(Context& context, const cpu::Scratch& scratch, const Forward& a, bool snap) {
  const Finish finish{false, snap};
  a.x.dtype == DType::f32 ? resample<float>(context, scratch, a.x, a.y, finish)
                          : resample<bfloat16>(context, scratch, a.x, a.y, finish);
}
void backward_any(Context& context, const cpu::Scratch& scratch, const Backward& a) {
  const Finish finish{a.dx_mode == GradientMode::accumulate, false};
  a.dy.dtype == DType::f32 ? resample<float>(context, scratch, a.dy, a.dx, finish)
                           : resample<bfloat16>(context, scratch, a.dy, a.dx, finish);
}

}  // namespace attune::resample::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::resample::cpu {

HWY_EXPORT(forward_any);
HWY_EXPORT(backward_any);

void forward(Context& context, const Forward& a, const Options& options) {
  require(a.x.dtype != DType::f64, ErrorKind::unsupported, "resample computes in f32, not f64");
  if (a.y.elements() == 0) return;
  Scratch scratch(a.x.shape, a.y.shape);
  scratch.fill(context.workspace(scratch.bytes()), options.method, false);
  HWY_DYNAMIC_DISPATCH(forward_any)(context, scratch, a, options.snap);
}

void backward(Context& context, const Backward& a, const Options& options) {
  require(a.dy.dtype != DType::f64, ErrorKind::unsupported, "resample computes in f32, not f64");
  if (a.dx.elements() == 0) return;
  Scratch scratch(a.dx.shape, a.dy.shape);
  scratch.fill(context.workspace(scratch.bytes()), options.method, true);
  HWY_DYNAMIC_DISPATCH(backward_any)(context, scratch, a);
}

std::int64_t workspace_bytes(const Shape& x, const Shape& y) { return Scratch(x, y).bytes(); }

}  // namespace attune::resample::cpu
#endif
