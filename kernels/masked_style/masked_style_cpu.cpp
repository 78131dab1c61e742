// Forward: one pass over x in runs of pixels (parallel), then each image's runs are merged. Backward: dx is
// affine in x for either region, so the coefficients are made first and one pass writes dx.
#include "kernels/masked_style/masked_style.h"

#include "core/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/masked_style/masked_style_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"
#include "kernels/masked_style/affine_rows-inl.h"
#include "kernels/masked_style/statistics-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::masked_style::HWY_NAMESPACE {

template <class T>
void forward(Context& context, const Forward& a, const Options& options) {
  const Runs runs(a.x.shape);
  const std::int64_t size = Partial::floats(runs.channels);
  auto* partials = static_cast<float*>(context.workspace(partials_bytes(runs)));
  const T* x = a.x.as<T>();
  const auto* mask = a.mask.as<float>();
  parallel_for(context.threads(), runs.count(), [&](std::int64_t task) HWY_ATTR {
    const Runs::Run run = runs[task];
    accumulate_run(x + run.first * runs.channels, mask + run.first, run.pixels, runs.channels,
                   Partial(partials + task * size, runs.channels));
  });
  parallel_for(context.threads(), runs.images, [&](std::int64_t image) HWY_ATTR {
    finish_image(partials + image * runs.per_image * size, runs, image, options.eps, a.mean.as<float>(),
                 a.sd.as<float>(), a.weight.as<float>());
  });
}

// dx as a function of x: offset = dmean / W, slope = dsd / (sd W).
HWY_INLINE void make_coefficients(const Backward& a, const Runs& runs, std::int64_t image,
                                  const AffineRows& to) {
  for (int region = 0; region < 2; ++region) {
    const std::int64_t row = region * runs.images + image;
    const float weight = a.weight.as<float>()[row];
    const bool valid = weight >= minimum_weight;
    for (std::int64_t c = 0; c < runs.channels; ++c) {
      const std::int64_t i = row * runs.channels + c;
      to.mean(region)[c] = a.mean.as<float>()[i];
      to.slope(region)[c] = valid ? a.dsd.as<float>()[i] / (a.sd.as<float>()[i] * weight) : 0.0f;
      to.offset(region)[c] = valid ? a.dmean.as<float>()[i] / weight : 0.0f;
    }
  }
  to.spread_all(runs.channels);
}

template <class T, bool accumulate>
struct WriteGradient {
  const T* x;
  T* dx;
  AffineRows rows;

  template <class Weights>
  HWY_INLINE void operator()(const Weights& weights, std::int64_t c, std::int64_t element,
                             std::size_t n) const {
    V32 sum = rows.blend(weights, load_part(x + element, n), c);
    if (accumulate) sum = hn::Add(sum, load_part(dx + element, n));
    store_part(sum, dx + element, n);
  }
};

template <class T, bool accumulate>
void backward_pass(Context& context, const Backward& a) {
  const Runs runs(a.x.shape);
  const std::int64_t size = AffineRows::floats(runs.channels);
  auto* coefficients = static_cast<float*>(context.workspace(runs.images * size * size_of(DType::f32)));
  parallel_for(context.threads(), runs.images, [&](std::int64_t image) HWY_ATTR {
    make_coefficients(a, runs, image, AffineRows(coefficients + image * size, runs.channels));
  });
  parallel_for(context.threads(), runs.count(), [&](std::int64_t task) HWY_ATTR {
    const Runs::Run run = runs[task];
    const T* x = a.x.as<T>() + run.first * runs.channels;
    T* dx = a.dx.as<T>() + run.first * runs.channels;
    const AffineRows rows(coefficients + run.image * size, runs.channels);
    for_each_vector(a.mask.as<float>() + run.first, run.pixels, runs.channels,
                    WriteGradient<T, accumulate>{x, dx, rows});
  });
}

template <class T>
void backward(Context& context, const Backward& a) {
  if (a.dx_mode == GradientMode::accumulate) return backward_pass<T, true>(context, a);
  backward_pass<T, false>(context, a);
}

void forward_any(Context& context, const Forward& a, const Options& options) {
  a.x.dtype == DType::f32 ? forward<float>(context, a, options) : forward<bfloat16>(context, a, options);
}
void backward_any(Context& context, const Backward& a) {
  a.x.dtype == DType::f32 ? backward<float>(context, a) : backward<bfloat16>(context, a);
}

}  // namespace attune::masked_style::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::masked_style::cpu {

HWY_EXPORT(forward_any);
HWY_EXPORT(backward_any);

void forward(Context& context, const Forward& a, const Options& options) {
  require(a.x.dtype != DType::f64, ErrorKind::unsupported, "masked_style computes in f32 or bf16, not f64");
  HWY_DYNAMIC_DISPATCH(forward_any)(context, a, options);
}

void backward(Context& context, const Backward& a) {
  require(a.x.dtype != DType::f64, ErrorKind::unsupported, "masked_style computes in f32 or bf16, not f64");
  HWY_DYNAMIC_DISPATCH(backward_any)(context, a);
}

std::int64_t workspace_bytes(const Shape& x) {
  return partials_bytes(Runs(x));  // backward's coefficients need less
}

}  // namespace attune::masked_style::cpu
#endif
