// AdamW in one launch over all parameters: clipping, decay, update and average of an element in registers. 36 bytes an
// element are read and written, five loads of 16 bytes a thread in flight; the root and the quotient hide behind them.
#include "kernels/adamw/adamw.h"

#include "core/cuda/element_type.h"
#include "core/cuda/flat_grid.cuh"
#include "core/cuda/launch.cuh"
#include "core/cuda/vector.cuh"

namespace attune::adamw::cuda {

namespace {

using namespace attune::cuda;

struct Arrays {
  float* parameters;
  const float* gradients;
  float *first_moment, *second_moment;
  float* average;  // null where none is kept
};

struct Size {
  std::int64_t elements, decayed;
};

// The norm of all gradients, on the device, and what it is clipped to; null and 0 where there is no clipping.
struct Clipping {
  const float* gradient_norm;
  float max_norm;
};

__device__ float towards(float mean, float value, float rate) { return mean + rate * (value - mean); }

// The elements from `first` on.
template <int width, bool averaged>
__device__ void update(const Arrays& a, std::int64_t first, std::int64_t decayed, const Factors& f,
                       float gradient_scale) {
  float p[width], g[width], m[width], v[width], average[width];
  load<width>(a.parameters + first, p);
  load<width>(a.gradients + first, g);
  load<width>(a.first_moment + first, m);
  load<width>(a.second_moment + first, v);
  if constexpr (averaged) load<width>(a.average + first, average);
#pragma unroll
  for (int i = 0; i < width; ++i) {
    g[i] *= gradient_scale;
    m[i] = towards(m[i], g[i], f.first_rate);
    v[i] = towards(v[i], g[i] * g[i], f.second_rate);
    const float root = sqrtf(v[i]) * f.inverse_root_correction + f.eps;
    p[i] = p[i] * (first + i < decayed ? f.kept : 1.0f) - f.step_size * m[i] / root;
    if constexpr (averaged) average[i] = towards(average[i], p[i], f.average_rate);
  }
  store<width>(p, a.parameters + first);
  store<width>(m, a.first_moment + first);
  store<width>(v, a.second_moment + first);
  if constexpr (averaged) store<width>(average, a.average + first);
}

// `width` > 1 needs aligned arrays.
template <int width, bool averaged>
__global__ void __launch_bounds__(flat_grid_threads)
    step_kernel(Arrays a, Size size, Factors factors, Clipping clipping) {
  float gradient_scale = 1;
  if (clipping.gradient_norm) {
    const float norm = *clipping.gradient_norm;
    if (!isfinite(norm)) return;
    if (clipping.max_norm > 0) gradient_scale = fminf(1.0f, clipping.max_norm / norm);
  }
  const std::int64_t vectors = size.elements / width, rest = size.elements % width;
  for (std::int64_t vector = flat_grid_first(); vector < vectors; vector += flat_grid_step())
    update<width, averaged>(a, vector * width, size.decayed, factors, gradient_scale);
  if (flat_grid_first() < rest)
    update<1, averaged>(a, vectors * width + flat_grid_first(), size.decayed, factors, gradient_scale);
}

template <int width>
void step_as(Context& context, const Arrays& arrays, const Size& size, const Factors& factors,
             const Clipping& clipping) {
  const unsigned blocks = flat_grid_blocks(size.elements / width, multiprocessor_count());
  launch("adamw: step_kernel", stream_of(context), dim3(blocks), dim3(flat_grid_threads), 0,
         arrays.average ? step_kernel<width, true> : step_kernel<width, false>, arrays, size, factors,
         clipping);
}

}  // namespace

void step(Context& context, const Step& a, const Options& options) {
  require_f32("adamw", a.parameters.dtype);
  if (a.parameters.elements() == 0) return;
  const Arrays arrays = {a.parameters.as<float>(), a.gradients.as<float>(), a.first_moment.as<float>(),
                         a.second_moment.as<float>(), a.average.empty() ? nullptr : a.average.as<float>()};
  const Size size = {a.parameters.elements(), options.decayed};
  const Clipping clipping = {a.gradient_norm.empty() ? nullptr : a.gradient_norm.as<float>(),
                             static_cast<float>(options.max_norm)};
  const bool aligned = aligned_to_vector(arrays.parameters, arrays.gradients, arrays.first_moment,
                                         arrays.second_moment, arrays.average);
  aligned ? step_as<vector_width<float>>(context, arrays, size, factors(options), clipping)
          : step_as<1>(context, arrays, size, factors(options), clipping);
}

}  // namespace attune::adamw::cuda
