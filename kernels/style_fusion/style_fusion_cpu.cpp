// Forward and backward each reduce a group of images and sweep it while it is in cache: statistics then y; the four sums
// then dx. Tasks are runs of pixels, cut by the shape alone.
#include "kernels/style_fusion/style_fusion.h"

#include "core/parallel.h"
#include "kernels/style_fusion/layout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/style_fusion/style_fusion_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"
#include "kernels/masked_style/statistics-inl.h"
#include "kernels/style_fusion/gradients-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::style_fusion::HWY_NAMESPACE {

// act(z) = max(z, slope z), which is z where the slope is 1.
HWY_INLINE float activation_slope(const Options& options) {
  return options.leaky_relu ? options.slope : 1.0f;
}

// One call's scratch memory, found by run and image.
class Scratch {
 public:
  Scratch(Context& context, const Runs& runs)
      : runs_(runs),
        layout_(runs),
        data_(static_cast<float*>(context.workspace(layout_.total * size_of(DType::f32)))) {}

  Partial partial(std::int64_t task) const { return {partials(task), runs_.channels}; }
  Partial first_partial(std::int64_t image) const { return partial(image * runs_.per_image); }
  float* partials(std::int64_t task) const {
    return data_ + layout_.partials + task * Partial::floats(runs_.channels);
  }
  AffineRows coefficients(std::int64_t image) const {
    return {data_ + layout_.coefficients + image * AffineRows::floats(runs_.channels), runs_.channels};
  }
  GradientRows gradients(std::int64_t image) const {
    return {data_ + layout_.gradients + image * 4 * row_stride(runs_.channels), runs_.channels};
  }
  float* gate() const { return data_ + layout_.gate; }

 private:
  const Runs& runs_;
  Layout layout_;
  float* data_;
};

// reduce(run, task) for the runs of a group of images, finish(image) for each of these, then sweep(run, task).
template <class Reduce, class Finish, class Sweep>
void for_each_group(Context& context, const Runs& runs, std::int64_t image_bytes, const Reduce& reduce_run,
                    const Finish& finish, const Sweep& sweep) {
  const std::int64_t group = images_per_group(image_bytes);
  for (std::int64_t first = 0; first < runs.images; first += group) {
    const std::int64_t images = std::min(group, runs.images - first), first_task = first * runs.per_image;
    const std::int64_t tasks = images * runs.per_image;
    parallel_for(context.threads(), tasks,
                 [&](std::int64_t i) { reduce_run(runs[first_task + i], first_task + i); });
    parallel_for(context.threads(), images, [&](std::int64_t i) { finish(first + i); });
    parallel_for(context.threads(), tasks, [&](std::int64_t i) { sweep(runs[first_task + i]); });
  }
}

template <class T>
struct WriteOutput {
  const T* x;
  T* y;
  AffineRows rows;
  V32 slope;

  template <class Weights>
  HWY_INLINE void operator()(const Weights& weights, std::int64_t c, std::int64_t element,
                             std::size_t n) const {
    const V32 z = rows.blend(weights, load_part(x + element, n), c);
    store_part(hn::Max(z, hn::Mul(slope, z)), y + element, n);
  }
};

template <class T>
void forward(Context& context, const Forward& a, const Options& options) {
  const Runs runs(a.x.shape);
  const Scratch scratch(context, runs);
  const StyleInputs inputs(a, scratch.gate(), options);
  make_gate(a.gate, runs.channels, options, scratch.gate());
  const auto* mask = a.mask.as<float>();

  const auto accumulate = [&](const Runs::Run& run, std::int64_t task) HWY_ATTR {
    accumulate_run(a.x.as<T>() + run.first * runs.channels, mask + run.first, run.pixels, runs.channels,
                   scratch.partial(task));
  };
  const auto make_coefficients = [&](std::int64_t image) HWY_ATTR {
    ImageStyle(inputs, image).make_coefficients(scratch.coefficients(image));
  };
  const auto finish = [&](std::int64_t image) HWY_ATTR {
    finish_image(scratch.partials(image * runs.per_image), runs, image, options.eps, a.mean.as<float>(),
                 a.sd.as<float>(), a.weight.as<float>());
    make_coefficients(image);
  };
  const auto apply = [&](const Runs::Run& run) HWY_ATTR {
    const std::int64_t element = run.first * runs.channels;
    const WriteOutput<T> write_output{a.x.as<T>() + element, a.y.as<T>() + element,
                                      scratch.coefficients(run.image),
                                      hn::Set(F32(), activation_slope(options))};
    for_each_vector(mask + run.first, run.pixels, runs.channels, write_output);
  };
  const std::int64_t image_bytes = runs.pixels * runs.channels * size_of(a.x.dtype);
  if (options.statistics == Statistics::given)
    for_each_group(
        context, runs, image_bytes, [](const Runs::Run&, std::int64_t) {}, make_coefficients, apply);
  else
    for_each_group(context, runs, image_bytes, accumulate, finish, apply);
}

// d = act'(z) dy, where z is computed again from x.
HWY_INLINE V32 activation_gradient(V32 z, V32 dy, V32 slope) {
  return hn::IfThenElse(hn::Gt(z, hn::Zero(F32())), dy, hn::Mul(slope, dy));
}

// What both passes of backward read of a run.
template <class T>
struct Upstream {
  struct Value {
    V32 x, d;
  };
  const T *x, *dy;
  AffineRows rows;  // y's coefficients
  float slope;

  template <class Weights>
  HWY_INLINE Value value(const Weights& weights, std::int64_t c, std::int64_t element, std::size_t n) const {
    const V32 v = load_part(x + element, n);
    const V32 z = rows.blend(weights, v, c);
    return {v, activation_gradient(z, load_part(dy + element, n), hn::Set(F32(), slope))};
  }
};

// For reduce: sum w_r d and sum w_r d (x - mean_r).
template <class T>
struct GradientSums : Upstream<T> {
  using typename Upstream<T>::Value;

  template <class Weight>
  HWY_INLINE void add(int region, Weight weight, const Value& value, std::int64_t c, V32& sum,
                      V32& moment) const {
    const V32 weighted = multiply(weight, value.d);
    sum = hn::Add(sum, weighted);
    moment = hn::MulAdd(weighted, this->rows.centered(region, value.x, c), moment);
  }
};

// Adds the sums of an image's runs pairwise into its first partial.
HWY_INLINE void add_runs(const Scratch& scratch, const Runs& runs, std::int64_t image) {
  const std::int64_t first = image * runs.per_image;
  for (std::int64_t distance = 1; distance < runs.per_image; distance *= 2)
    for (std::int64_t run = 0; run + distance < runs.per_image; run += 2 * distance) {
      const Partial to = scratch.partial(first + run), from = scratch.partial(first + run + distance);
      for (std::int64_t i = 0; i < 4 * to.stride(); i += step())  // the four rows lie behind one another
        store(hn::Add(load(to.sums() + i), load(from.sums() + i)), to.sums() + i);
    }
}

template <class T, bool accumulate>
struct WriteGradient {
  const Upstream<T>& upstream;
  GradientRows rows;
  T* dx;

  template <class Weights>
  HWY_INLINE void operator()(const Weights& weights, std::int64_t c, std::int64_t element,
                             std::size_t n) const {
    V32 sum = weigh(weights, InRegion{*this, upstream.value(weights, c, element, n), c});
    if (accumulate) sum = hn::Add(sum, load_part(dx + element, n));
    store_part(sum, dx + element, n);
  }

  struct InRegion {
    const WriteGradient& self;
    typename Upstream<T>::Value value;
    std::int64_t c;
    HWY_INLINE V32 operator()(int region) const {
      const AffineRows& y = self.upstream.rows;
      const V32 direct = hn::MulAdd(load(y.slope(region) + c), value.d, load(self.rows.constant(region) + c));
      return hn::MulAdd(load(self.rows.linear(region) + c), y.centered(region, value.x, c), direct);
    }
  };
};

template <class T>
void backward(Context& context, const Backward& a, const Options& options) {
  const bool needs_external = a.dexternal_mode != GradientMode::ignore && options.gate != Gate::internal;
  const Runs runs(a.x.shape);
  const Scratch scratch(context, runs);
  const StyleInputs inputs(a, scratch.gate(), options);
  const auto* mask = a.mask.as<float>();
  const float slope = activation_slope(options);
  make_gate(a.gate, runs.channels, options, scratch.gate());
  parallel_for(context.threads(), runs.images, [&](std::int64_t image) HWY_ATTR {
    ImageStyle(inputs, image).make_coefficients(scratch.coefficients(image));
  });

  const auto upstream = [&](const Runs::Run& run) {
    const std::int64_t element = run.first * runs.channels;
    return Upstream<T>{a.x.as<T>() + element, a.dy.as<T>() + element, scratch.coefficients(run.image), slope};
  };
  const auto accumulate = [&](const Runs::Run& run, std::int64_t task) HWY_ATTR {
    const Partial partial = scratch.partial(task);
    reduce(mask + run.first, run.pixels, runs.channels, GradientSums<T>{upstream(run)}, partial.sums(),
           partial.stride());
  };
  const auto finish = [&](std::int64_t image) HWY_ATTR {
    add_runs(scratch, runs, image);
    const ImageStyle style(inputs, image);
    const ImageSums sums(scratch.first_partial(image));
    scratch.gradients(image).make(inputs, style, sums, scratch.coefficients(image));
    if (needs_external) write_external_gradients(a, inputs, style, sums, image);
  };
  const auto sweep = [&](const Runs::Run& run) HWY_ATTR {
    if (a.dx_mode == GradientMode::ignore) return;
    const Upstream<T> source = upstream(run);
    const GradientRows gradient = scratch.gradients(run.image);
    T* dx = a.dx.as<T>() + run.first * runs.channels;
    if (a.dx_mode == GradientMode::accumulate)
      for_each_vector(mask + run.first, run.pixels, runs.channels,
                      WriteGradient<T, true>{source, gradient, dx});
    else
      for_each_vector(mask + run.first, run.pixels, runs.channels,
                      WriteGradient<T, false>{source, gradient, dx});
  };
  for_each_group(context, runs, 2 * runs.pixels * runs.channels * size_of(a.x.dtype), accumulate, finish,
                 sweep);
  if (a.dparameters_mode == GradientMode::ignore) return;
  write_parameter_gradients(a, inputs, options,
                            [&](std::int64_t image) { return ImageSums(scratch.first_partial(image)); });
}

void forward_any(Context& context, const Forward& a, const Options& options) {
  a.x.dtype == DType::f32 ? forward<float>(context, a, options) : forward<bfloat16>(context, a, options);
}
void backward_any(Context& context, const Backward& a, const Options& options) {
  a.x.dtype == DType::f32 ? backward<float>(context, a, options) : backward<bfloat16>(context, a, options);
}

}  // namespace attune::style_fusion::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::style_fusion::cpu {

HWY_EXPORT(forward_any);
HWY_EXPORT(backward_any);

void forward(Context& context, const Forward& a, const Options& options) {
  require(a.x.dtype != DType::f64, ErrorKind::unsupported, "style_fusion computes in f32 or bf16, not f64");
  HWY_DYNAMIC_DISPATCH(forward_any)(context, a, options);
}

void backward(Context& context, const Backward& a, const Options& options) {
  require(a.x.dtype != DType::f64, ErrorKind::unsupported, "style_fusion computes in f32 or bf16, not f64");
  HWY_DYNAMIC_DISPATCH(backward_any)(context, a, options);
}

std::int64_t workspace_bytes(const Shape& x, DType) {
  return checked_multiply(Layout(Runs(x)).total, size_of(DType::f32));
}

}  // namespace attune::style_fusion::cpu
#endif
