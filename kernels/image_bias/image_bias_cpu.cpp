// A task a run of one image's pixels. Forward adds a table of the image's row, repeated to whole vectors; backward sums into one
// and folds it at the end.
#include <algorithm>

#include "core/parallel.h"
#include "kernels/image_bias/image_bias.h"
#include "kernels/image_bias/runs.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/image_bias/image_bias_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"

#include "core/simd_flat-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::image_bias::HWY_NAMESPACE {

using namespace attune::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)
namespace hn = hwy::HWY_NAMESPACE;

// body(element, its entry of the table, count) for every vector of the run, of fewer elements at the end.
template <class Body>
HWY_INLINE void for_each_vector(const Run& run, std::int64_t channels, const Body& body) {
  const std::size_t period = static_cast<std::size_t>(channels) * lanes();
  std::size_t entry = 0;
  for_each_run_of_lanes(static_cast<std::size_t>(run.end - run.begin),
                        [&](std::size_t i, std::size_t n) HWY_ATTR {
                          body(run.begin + static_cast<std::int64_t>(i), entry, n);
                          entry = entry + lanes() == period ? 0 : entry + lanes();
                        });
}

template <class T>
void forward(Context& context, const Forward& a) {
  const Shape& map = a.x.shape;
  const T* x = a.x.as<T>();
  T* y = a.y.as<T>();
  auto* tables = static_cast<float*>(context.workspace(cpu::workspace_bytes(map)));
  parallel_for(context.threads(), map[0] * runs_of(map), [&](std::int64_t task) HWY_ATTR {
    const Run run = run_of(map, task);
    const float* bias = a.bias.as<float>() + run.image * map[3];
    float* const table = tables + task * table_entries(map);
    for (std::int64_t i = 0; i < table_entries(map); ++i) table[i] = bias[i % map[3]];
    for_each_vector(run, map[3], [&](std::int64_t element, std::size_t entry, std::size_t count) HWY_ATTR {
      store_first(hn::Add(load_first(x + element, count), load(table + entry)), y + element, count);
    });
  });
}

// Passes dy on and sums it: a channel's sum lies in every channels-th entry of the table.
template <class T>
HWY_INLINE void backward_run(const Backward& a, const Run& run, std::int64_t channels, float* table) {
  const T* dy = a.dy.as<T>();
  T* dx = a.dx_mode == GradientMode::ignore ? nullptr : a.dx.as<T>();
  const bool adds = a.dx_mode == GradientMode::accumulate;
  std::fill_n(table, channels * most_lanes, 0.0f);
  for_each_vector(run, channels, [&](std::int64_t element, std::size_t entry, std::size_t count) HWY_ATTR {
    const V32 gradient = load_first(dy + element, count);
    store(hn::Add(load(table + entry), gradient), table + entry);
    if (dx)
      store_first(adds ? hn::Add(load_first(dx + element, count), gradient) : gradient, dx + element, count);
  });
}

// `tables` of all tasks, one after the other.
void merge_tables(const Backward& a, const float* tables) {
  const Shape& map = a.dy.shape;
  const std::int64_t channels = map[3], entries = runs_of(map) * table_entries(map);
  float* dbias = a.dbias.as<float>();
  for (std::int64_t n = 0; n < map[0]; ++n)
    for (std::int64_t c = 0; c < channels; ++c) {
      float& to = dbias[n * channels + c];
      double sum = a.dbias_mode == GradientMode::accumulate ? static_cast<double>(to) : 0.0;
      for (std::int64_t entry = c; entry < entries; entry += channels)
        sum += static_cast<double>(tables[n * entries + entry]);
      to = static_cast<float>(sum);
    }
}

template <class T>
void backward(Context& context, const Backward& a) {
  const Shape& map = a.dy.shape;
  auto* tables = static_cast<float*>(context.workspace(cpu::workspace_bytes(map)));
  parallel_for(context.threads(), map[0] * runs_of(map), [&](std::int64_t task) HWY_ATTR {
    backward_run<T>(a, run_of(map, task), map[3], tables + task * table_entries(map));
  });
  if (a.dbias_mode != GradientMode::ignore) merge_tables(a, tables);
}

void forward_any(Context& context, const Forward& a) {
  a.x.dtype == DType::f32 ? forward<float>(context, a) : forward<bfloat16>(context, a);
}
void backward_any(Context& context, const Backward& a) {
  a.dy.dtype == DType::f32 ? backward<float>(context, a) : backward<bfloat16>(context, a);
}

}  // namespace attune::image_bias::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::image_bias::cpu {

HWY_EXPORT(forward_any);
HWY_EXPORT(backward_any);

void forward(Context& context, const Forward& a) {
  require(a.x.dtype != DType::f64, ErrorKind::unsupported, "image_bias computes in f32, not f64");
  if (a.x.elements() == 0) return;
  HWY_DYNAMIC_DISPATCH(forward_any)(context, a);
}

void backward(Context& context, const Backward& a) {
  require(a.dy.dtype != DType::f64, ErrorKind::unsupported, "image_bias computes in f32, not f64");
  if (a.dy.shape[0] == 0 || a.dy.shape[3] == 0) return;
  HWY_DYNAMIC_DISPATCH(backward_any)(context, a);
}

std::int64_t workspace_bytes(const Shape& x) {
  return x[0] * runs_of(x) * table_entries(x) * static_cast<std::int64_t>(sizeof(float));
}

}  // namespace attune::image_bias::cpu
#endif
