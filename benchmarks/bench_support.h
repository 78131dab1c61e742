// What every benchmark file uses to add its rows to attune-bench.
//
// A row is named OP/DIRECTION/DTYPE/SHAPE and reports, next to the time of one call (on CUDA see cuda/replay_timing.h), the
// counters
//   bytes, flops   the op's own cost(): compulsory work of one call
//   GB/s, GF/s     compulsory bytes and flops over time
//   noise          how much parts of the row's calls differ (timing.h), relative
//   ceiling        the least time that the machine needs for these bytes and flops, measured in the same run
//                  (machine.h), over the time taken; 1 where a problem that stays in cache outruns memory
//   arithmetic_ceiling  the same for the flops alone
// On CUDA that time is cold: the cache is overwritten before each call. A second row, with /hot behind its name, is of calls
// that follow one another.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/machine.h"
#include "benchmarks/sweep.h"
#include "core/context.h"
#include "core/cost.h"
#include "core/dtype.h"
#include "core/shape.h"
#include "core/tensor.h"
#include "tests/support/inputs.h"

namespace attune::bench {

// Defined once in each benchmark file: `add` is called after the flags are known and adds that file's rows.
class Rows {
 public:
  explicit Rows(void (*add)());
};

// Allocates a row's tensors and returns the call to be timed; made when the row runs and destroyed when another one does.
using Prepare = std::function<std::function<void()>(Context& context)>;

// `arithmetic` is the dtype that the op multiplies in: f32, but bf16 where a library or a GPU's tensor cores do that.
void add_row(const std::string& name, const Cost& cost, Prepare prepare, DType arithmetic = DType::f32);

// Where rows run: --device, and the CPU threads of --threads, default all cores.
Device device();
int threads();

// None on the CPU, which these would keep busy for minutes.
std::optional<GpuSizes> gpu_sizes();

// The cases, and on the CPU the sweep: what `at` makes of its maps, with rows of so many `bytes`.
template <class Case, class Bytes>
std::vector<Case> with_sweep(std::vector<Case> cases, Case (*at)(const Shape& map), const Bytes& bytes) {
  if (device().kind != DeviceKind::cpu) return cases;
  for (const Shape& map : sweep_maps([&](const Shape& sample) { return bytes(at(sample)); }))
    cases.push_back(at(map));
  return cases;
}

// The cases, and on a GPU the one of the map by which it is judged.
template <class Case>
std::vector<Case> with_gpu_map(std::vector<Case> cases, Case (*at)(const Shape& map)) {
  if (const std::optional<GpuSizes> sizes = gpu_sizes()) cases.push_back(at(sizes->map));
  return cases;
}

template <class Case, class Bytes>
std::vector<Case> with_sweep_or_gpu_map(std::vector<Case> cases, Case (*at)(const Shape& map),
                                        const Bytes& bytes) {
  return with_sweep(with_gpu_map(std::move(cases), at), at, bytes);
}

// The same tensor there.
inline Tensor on_device(Tensor tensor) {
  return device().kind == DeviceKind::cpu ? std::move(tensor) : tensor.to(device());
}

// style_fusion/backward/f32/8x192x192x32
inline std::string row_name(const char* op, const char* direction, DType dtype, const Shape& shape) {
  std::string name = text(op, '/', direction, '/', name_of(dtype), '/');
  for (int axis = 0; axis < shape.rank(); ++axis) name += text(axis ? "x" : "", shape[axis]);
  return name;
}

// The values over and over: what is there is copied behind itself, so that a GPU's tensors are made quickly.
template <class T>
void fill_repeating(T* to, std::int64_t count, const std::vector<double>& values) {
  std::int64_t filled = std::min(count, static_cast<std::int64_t>(values.size()));
  std::transform(values.begin(), values.begin() + filled, to,
                 [](double value) { return T(static_cast<float>(value)); });
  for (std::int64_t copied = 0; filled < count; filled += copied) {
    copied = std::min(filled, count - filled);
    std::copy_n(to, copied, to + filled);
  }
}

// Normally distributed values that repeat after a prime number of elements.
inline void fill_random(TensorView view, std::uint64_t seed) {
  constexpr std::int64_t period = 65537;
  const std::vector<double> values = test::make_values(test::Values::random, period, seed);
  if (view.dtype == DType::bf16)
    fill_repeating(view.as<bfloat16>(), view.elements(), values);
  else
    fill_repeating(view.as<float>(), view.elements(), values);
}

inline Tensor random_tensor(const Shape& shape, DType dtype, std::uint64_t seed) {
  Tensor tensor(shape, dtype);
  fill_random(tensor.view(), seed);
  return on_device(std::move(tensor));
}

// Masks like those of real composites: each image's foreground is one disc that covers about a fifth of it.
inline bool is_in_disc(std::int64_t pixel, std::int64_t height, std::int64_t width) {
  const std::int64_t row = pixel / width, column = pixel % width;
  const double x = (static_cast<double>(column) + 0.5) / static_cast<double>(width) - 0.5;
  const double y = (static_cast<double>(row) + 0.5) / static_cast<double>(height) - 0.5;
  return x * x + y * y < 0.0625;
}

inline Tensor disc_mask(std::int64_t images, std::int64_t height, std::int64_t width) {
  Tensor mask({images, height, width}, DType::f32);
  auto* m = mask.as<float>();
  for (std::int64_t pixel = 0; pixel < images * height * width; ++pixel)
    m[pixel] = is_in_disc(pixel % (height * width), height, width) ? 1.0f : 0.0f;
  return on_device(std::move(mask));
}

}  // namespace attune::bench
