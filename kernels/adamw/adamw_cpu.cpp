// AdamW on the CPU: one pass in tasks of consecutive elements. Five arrays are read and four written, 36
// bytes an element for a dozen vector instructions, so memory is the limit; the root and the quotient hide
// behind it.
#include "kernels/adamw/adamw.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/adamw/adamw_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h

#include "core/simd_flat-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::adamw::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using namespace attune::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace): core/simd_flat-inl.h

// 16384 elements are 64 KiB of each array: long enough for the prefetchers and to hide a task's start, short
// enough to share small networks out evenly.
constexpr std::int64_t task_elements = 16384;

struct Arrays {
  explicit Arrays(const Step& a)
      : parameters(a.parameters.as<float>()),
        gradients(a.gradients.as<float>()),
        first_moment(a.first_moment.as<float>()),
        second_moment(a.second_moment.as<float>()),
        average(a.average.empty() ? nullptr : a.average.as<float>()) {}

  float* parameters;
  const float* gradients;
  float* first_moment;
  float* second_moment;
  float* average;
};

// mean + rate (value - mean)
HWY_INLINE V32 towards(V32 mean, V32 value, V32 rate) { return hn::MulAdd(rate, hn::Sub(value, mean), mean); }

// The elements [begin, end), with the same decay factor `kept` throughout.
template <bool averaged>
HWY_INLINE void update(const Arrays& a, std::int64_t begin, std::int64_t end, const Factors& f,
                       float gradient_scale, float kept) {
  const F32 d;
  const V32 scale = hn::Set(d, gradient_scale), keep = hn::Set(d, kept), eps = hn::Set(d, f.eps);
  const V32 first_rate = hn::Set(d, f.first_rate), second_rate = hn::Set(d, f.second_rate);
  const V32 step_size = hn::Set(d, f.step_size), correction = hn::Set(d, f.inverse_root_correction);
  const V32 average_rate = hn::Set(d, f.average_rate);
  const auto body = [&](std::size_t offset, std::size_t n) HWY_ATTR {
    const std::int64_t i = begin + static_cast<std::int64_t>(offset);
    const V32 g = hn::Mul(scale, load_first(a.gradients + i, n));
    const V32 m = towards(load_first(a.first_moment + i, n), g, first_rate);
    const V32 v = towards(load_first(a.second_moment + i, n), hn::Mul(g, g), second_rate);
    const V32 root = hn::MulAdd(hn::Sqrt(v), correction, eps);
    const V32 decayed = hn::Mul(load_first(a.parameters + i, n), keep);
    const V32 p = hn::Sub(decayed, hn::Div(hn::Mul(step_size, m), root));
    store_first(m, a.first_moment + i, n);
    store_first(v, a.second_moment + i, n);
    store_first(p, a.parameters + i, n);
    if constexpr (averaged)
      store_first(towards(load_first(a.average + i, n), p, average_rate), a.average + i, n);
  };
  for_each_run_of_lanes(static_cast<std::size_t>(end - begin), body);
}

template <bool averaged>
void step(Context& context, const Step& a, const Options& options, float gradient_scale) {
  const Arrays arrays(a);
  const Factors f = factors(options);
  const std::int64_t elements = a.parameters.elements();
  const std::int64_t tasks = (elements + task_elements - 1) / task_elements;
  parallel_for(context.threads(), tasks, [&](std::int64_t task) HWY_ATTR {
    const std::int64_t begin = task * task_elements, end = std::min(begin + task_elements, elements);
    const std::int64_t split = std::clamp(options.decayed, begin, end);
    update<averaged>(arrays, begin, split, f, gradient_scale, f.kept);
    update<averaged>(arrays, split, end, f, gradient_scale, 1.0f);
  });
}

void step_any(Context& context, const Step& a, const Options& options, float gradient_scale) {
  a.average.empty() ? step<false>(context, a, options, gradient_scale)
                    : step<true>(context, a, options, gradient_scale);
}

}  // namespace attune::adamw::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::adamw::cpu {

HWY_EXPORT(step_any);

void step(Context& context, const Step& a, const Options& options) {
  require(a.parameters.dtype == DType::f32, ErrorKind::unsupported, "adamw computes in f32, not ",
          name_of(a.parameters.dtype));
  float gradient_scale = 1;
  if (!a.gradient_norm.empty()) {
    const float norm = *a.gradient_norm.as<float>();
    if (!std::isfinite(norm)) return;
    if (options.max_norm > 0) gradient_scale = std::min(1.0f, static_cast<float>(options.max_norm) / norm);
  }
  HWY_DYNAMIC_DISPATCH(step_any)(context, a, options, gradient_scale);
}

}  // namespace attune::adamw::cpu
#endif
