// The reconstruction loss on the CPU. Forward cuts each image into runs of consecutive pixels, a task each,
// and merges the runs' sums in order. Backward is elementwise over the same runs.
#include "kernels/reconstruction/reconstruction.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "kernels/reconstruction/penalty.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/reconstruction/reconstruction_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h

#include "core/simd_flat-inl.h"

#ifndef ATTUNE_RECONSTRUCTION_RUNS_
#define ATTUNE_RECONSTRUCTION_RUNS_
namespace attune::reconstruction {

// The runs of pixels that tasks work on. They depend on the shape alone, and with them the order of all sums.
struct Runs {
  // 48 KiB of either picture: small enough that an f32 sum keeps its digits, large enough to hide a task's
  // start.
  static constexpr std::int64_t longest = 4096;

  explicit Runs(const Shape& prediction)
      : images(prediction[0]),
        pixels(checked_multiply(prediction[1], prediction[2])),
        per_image((pixels + longest - 1) / longest) {}

  std::int64_t count() const { return checked_multiply(images, per_image); }
  std::int64_t image(std::int64_t run) const { return run / per_image; }
  std::int64_t first(std::int64_t run) const { return image(run) * pixels + run % per_image * longest; }
  std::size_t length(std::int64_t run) const {
    return static_cast<std::size_t>(std::min(longest, pixels - run % per_image * longest));
  }

  std::int64_t images, pixels, per_image;
};

struct Sums {
  double penalty = 0, mask = 0;
};

}  // namespace attune::reconstruction
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::reconstruction::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using namespace attune::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace): core/simd_flat-inl.h

HWY_INLINE V32 difference(const float* prediction, const float* target, std::size_t i, std::size_t n) {
  return hn::Sub(load_first(prediction + i, n), load_first(target + i, n));
}

template <bool absolute>
HWY_INLINE float sum_penalties(const float* prediction, const float* target, std::size_t count) {
  return sum_over(count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const V32 d = difference(prediction, target, i, n);
    return absolute ? hn::Abs(d) : hn::Mul(d, d);
  });
}

HWY_INLINE float sum_mask(const float* mask, std::size_t count) {
  return sum_over(count, [&](std::size_t i, std::size_t n) HWY_ATTR { return load_first(mask + i, n); });
}

// The sums of every run, to sums[run].
void sum_runs(Context& context, const Forward& a, Penalty penalty, Sums* sums) {
  const Runs runs(a.prediction.shape);
  parallel_for(context.threads(), runs.count(), [&](std::int64_t run) HWY_ATTR {
    const std::int64_t first = runs.first(run);
    const float* prediction = a.prediction.as<float>() + 3 * first;
    const float* target = a.target.as<float>() + 3 * first;
    const std::size_t pixels = runs.length(run);
    const float sum = penalty == Penalty::absolute ? sum_penalties<true>(prediction, target, 3 * pixels)
                                                   : sum_penalties<false>(prediction, target, 3 * pixels);
    sums[run] = {sum, sum_mask(a.mask.as<float>() + first, pixels)};
  });
}

// scale d, or scale sign(d) with sign(0) = 0.
template <bool absolute>
HWY_INLINE V32 derivative(V32 d, V32 scale) {
  if constexpr (!absolute) return hn::Mul(scale, d);
  const V32 zero = hn::Zero(F32());
  return hn::IfThenElseZero(hn::Ne(d, zero), hn::IfThenElse(hn::Lt(d, zero), hn::Neg(scale), scale));
}

template <bool absolute, bool accumulate>
void write_gradient(Context& context, const Backward& a, const Options& options) {
  const Runs runs(a.prediction.shape);
  parallel_for(context.threads(), runs.count(), [&](std::int64_t run) HWY_ATTR {
    const std::int64_t first = 3 * runs.first(run);
    const float* prediction = a.prediction.as<float>() + first;
    const float* target = a.target.as<float>() + first;
    float* dprediction = a.dprediction.as<float>() + first;
    const std::int64_t image = runs.image(run);
    const V32 scale =
        hn::Set(F32(), gradient_scale(options.penalty, *a.dloss.as<float>(), runs.images,
                                      a.area.as<float>()[image], a.per_image.as<float>()[image]));
    for_each_run_of_lanes(3 * runs.length(run), [&](std::size_t i, std::size_t n) HWY_ATTR {
      V32 gradient = derivative<absolute>(difference(prediction, target, i, n), scale);
      if constexpr (accumulate) gradient = hn::Add(gradient, load_first(dprediction + i, n));
      store_first(gradient, dprediction + i, n);
    });
  });
}

void backward(Context& context, const Backward& a, const Options& options) {
  const bool accumulate = a.dprediction_mode == GradientMode::accumulate;
  if (options.penalty == Penalty::absolute)
    return accumulate ? write_gradient<true, true>(context, a, options)
                      : write_gradient<true, false>(context, a, options);
  accumulate ? write_gradient<false, true>(context, a, options)
             : write_gradient<false, false>(context, a, options);
}

}  // namespace attune::reconstruction::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::reconstruction::cpu {

HWY_EXPORT(sum_runs);
HWY_EXPORT(backward);

void forward(Context& context, const Forward& a, const Options& options) {
  require(a.prediction.dtype == DType::f32, ErrorKind::unsupported, "reconstruction computes in f32, not ",
          name_of(a.prediction.dtype));
  const Runs runs(a.prediction.shape);
  auto* sums = static_cast<Sums*>(context.workspace(workspace_bytes(a.prediction.shape)));
  HWY_DYNAMIC_DISPATCH(sum_runs)(context, a, options.penalty, sums);
  double loss = 0;
  for (std::int64_t image = 0; image < runs.images; ++image) {
    Sums total;
    for (std::int64_t run = 0; run < runs.per_image; ++run) {
      total.penalty += sums[image * runs.per_image + run].penalty;
      total.mask += sums[image * runs.per_image + run].mask;
    }
    const double smallest =
        static_cast<double>(options.minimum_area_fraction) * static_cast<double>(runs.pixels);
    const double area = std::max(total.mask, smallest);
    const double value = image_loss(options.penalty, runs.pixels > 0 ? total.penalty / (3 * area) : 0);
    a.per_image.as<float>()[image] = static_cast<float>(value);
    a.area.as<float>()[image] = static_cast<float>(area);
    loss += value;
  }
  *a.loss.as<float>() = static_cast<float>(runs.images > 0 ? loss / static_cast<double>(runs.images) : 0);
}

void backward(Context& context, const Backward& a, const Options& options) {
  require(a.prediction.dtype == DType::f32, ErrorKind::unsupported, "reconstruction computes in f32, not ",
          name_of(a.prediction.dtype));
  HWY_DYNAMIC_DISPATCH(backward)(context, a, options);
}

std::int64_t workspace_bytes(const Shape& prediction) {
  return checked_multiply(Runs(prediction).count(), static_cast<std::int64_t>(sizeof(Sums)));
}

}  // namespace attune::reconstruction::cpu
#endif
