// Memory-bound passes: each element is read and written once, in tasks of consecutive elements.
#include "kernels/convolution/elementwise.h"

#include <algorithm>

#include "core/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/convolution/elementwise_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h

#include "core/simd_flat-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::convolution::elementwise::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using namespace attune::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace): core/simd_flat-inl.h

template <class T, class Wide>
void gradient_of(const T* y, const T* dy, float slope, Wide* dz, std::size_t count) {
  const V32 zero = hn::Zero(F32()), factor = hn::Set(F32(), slope);
  for_each_run_of_lanes(count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const V32 upstream = load_first(dy + i, n);
    const auto positive = hn::Gt(load_first(y + i, n), zero);
    store_first(hn::IfThenElse(positive, upstream, hn::Mul(factor, upstream)), dz + i, n);
  });
}

template <class From, class To>
void converted(const From* from, To* to, std::size_t count) {
  for_each_run_of_lanes(
      count, [&](std::size_t i, std::size_t n) HWY_ATTR { store_first(load_first(from + i, n), to + i, n); });
}

template <class From, class To>
void added(const From* from, To* to, std::size_t count) {
  for_each_run_of_lanes(count, [&](std::size_t i, std::size_t n) HWY_ATTR {
    store_first(hn::Add(load_first(to + i, n), load_first(from + i, n)), to + i, n);
  });
}

void gradient_f32(const float* y, const float* dy, float slope, float* dz, std::size_t count) {
  gradient_of(y, dy, slope, dz, count);
}
void gradient_bf16(const bfloat16* y, const bfloat16* dy, float slope, bfloat16* dz, std::size_t count) {
  gradient_of(y, dy, slope, dz, count);
}
void gradient_widened(const bfloat16* y, const bfloat16* dy, float slope, float* dz, std::size_t count) {
  gradient_of(y, dy, slope, dz, count);
}
void widened(const bfloat16* from, float* to, std::size_t count) { converted(from, to, count); }
void narrowed(const float* from, bfloat16* to, std::size_t count) { converted(from, to, count); }
void added_f32(const float* from, float* to, std::size_t count) { added(from, to, count); }
void added_bf16(const bfloat16* from, bfloat16* to, std::size_t count) { added(from, to, count); }
void added_narrowing(const float* from, bfloat16* to, std::size_t count) { added(from, to, count); }

}  // namespace attune::convolution::elementwise::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::convolution::elementwise {

namespace {

HWY_EXPORT(gradient_f32);
HWY_EXPORT(gradient_bf16);
HWY_EXPORT(gradient_widened);
HWY_EXPORT(widened);
HWY_EXPORT(narrowed);
HWY_EXPORT(added_f32);
HWY_EXPORT(added_bf16);
HWY_EXPORT(added_narrowing);

// 64 KiB of f32: long enough for the prefetchers and to hide a task's start.
constexpr std::int64_t task_elements = 16384;

// body(begin, count) for every task's elements.
template <class Body>
void for_each_task(int threads, std::int64_t elements, const Body& body) {
  parallel_for(threads, (elements + task_elements - 1) / task_elements, [&](std::int64_t task) {
    const std::int64_t begin = task * task_elements;
    body(begin, static_cast<std::size_t>(std::min(task_elements, elements - begin)));
  });
}

}  // namespace

void activation_gradient(int threads, ConstTensorView y, ConstTensorView dy, float slope, TensorView dz) {
  const auto run = [&](auto body, auto* y_data, auto* dy_data, auto* dz_data) {
    for_each_task(threads, y.elements(), [&](std::int64_t begin, std::size_t count) {
      body(y_data + begin, dy_data + begin, slope, dz_data + begin, count);
    });
  };
  if (y.dtype == DType::f32)
    return run(HWY_DYNAMIC_DISPATCH(gradient_f32), y.as<float>(), dy.as<float>(), dz.as<float>());
  if (dz.dtype == DType::bf16)
    return run(HWY_DYNAMIC_DISPATCH(gradient_bf16), y.as<bfloat16>(), dy.as<bfloat16>(), dz.as<bfloat16>());
  run(HWY_DYNAMIC_DISPATCH(gradient_widened), y.as<bfloat16>(), dy.as<bfloat16>(), dz.as<float>());
}

namespace {

// body(from, to, count) over the tasks.
template <class Body, class From, class To>
void run_pair(int threads, const Body& body, const From* from, To* to, std::int64_t elements) {
  for_each_task(threads, elements,
                [&](std::int64_t begin, std::size_t count) { body(from + begin, to + begin, count); });
}

}  // namespace

void convert(int threads, ConstTensorView from, TensorView to) {
  const std::int64_t elements = from.elements();
  if (from.dtype == DType::bf16)
    return run_pair(threads, HWY_DYNAMIC_DISPATCH(widened), from.as<bfloat16>(), to.as<float>(), elements);
  run_pair(threads, HWY_DYNAMIC_DISPATCH(narrowed), from.as<float>(), to.as<bfloat16>(), elements);
}

void add(int threads, ConstTensorView from, TensorView to) {
  const std::int64_t elements = from.elements();
  if (to.dtype == DType::f32)
    return run_pair(threads, HWY_DYNAMIC_DISPATCH(added_f32), from.as<float>(), to.as<float>(), elements);
  if (from.dtype == DType::bf16)
    return run_pair(threads, HWY_DYNAMIC_DISPATCH(added_bf16), from.as<bfloat16>(), to.as<bfloat16>(),
                    elements);
  run_pair(threads, HWY_DYNAMIC_DISPATCH(added_narrowing), from.as<float>(), to.as<bfloat16>(), elements);
}

}  // namespace attune::convolution::elementwise
#endif  // HWY_ONCE
