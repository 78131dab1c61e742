// The small kernels between the two passes of style_fusion's backward: per image and channel, what the four sums become.
#pragma once

#include "core/cuda/reduce.cuh"
#include "kernels/style_fusion/style.cuh"

namespace attune::style_fusion::cuda {

// As in masked_style.cu: a warp reads 32 neighbouring channels, 32 rows share the slabs.
constexpr int finish_columns = 32, finish_rows = 32;
// One thread a channel; small blocks spread a few hundred of them over many multiprocessors.
constexpr int parameter_threads = 32;
// Of one image and channel: D_r and M_r of either region.
constexpr int sums = 2 * regions;

// The workspace. M_r = sum_p w_r d (x - mean_r), so that H_r = M_r / sd_r. The coefficients, with y's slope and mean, are
// those of dx = sum_r w_r ( slope_r d + constant_r + linear_r (x - mean_r) ).
struct Scratch {
  float* partials;      // [slabs, images, sums, channels], from the first pass
  float* totals;        // [images, sums, channels]
  float* coefficients;  // [images, sums, channels]: constant_r and linear_r
};

struct ExternalGradients {
  float *mean, *sd;  // null where they are not wanted
  bool accumulate;
};

struct ParameterGradients {
  float *gate, *gamma[regions], *beta[regions];
  bool accumulate;
};

__device__ inline void write(float* target, float value, bool accumulate) {
  *target = accumulate ? *target + value : value;
}

struct ChannelSums {
  float d[regions] = {0, 0}, m[regions] = {0, 0};

  __device__ void merge(const ChannelSums& other) {
#pragma unroll
    for (int region = 0; region < regions; ++region) {
      d[region] += other.d[region];
      m[region] += other.m[region];
    }
  }
};

// `p` is the first of four values, `stride` apart.
__device__ inline ChannelSums load_sums(const float* p, std::int64_t stride) {
  ChannelSums result;
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    result.d[region] = p[2 * region * stride];
    result.m[region] = p[(2 * region + 1) * stride];
  }
  return result;
}
__device__ inline void store_sums(const ChannelSums& values, float* p, std::int64_t stride) {
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    p[2 * region * stride] = values.d[region];
    p[(2 * region + 1) * stride] = values.m[region];
  }
}

// constant_r and linear_r, as d and m.
__device__ inline ChannelSums gradient_coefficients(const StyleInputs& in, const ChannelStyle& style,
                                                    const ChannelSums& total, std::int64_t channel) {
  // The background's mean and deviation are also, in part, the style that the foreground is given.
  const float taken = (1 - gate_of(in, channel)) * in.gamma[0][channel];
  ChannelSums result;
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    if (!style.has_style(1) || !style.has_style(region)) continue;
    const float slope = style.slope(in, region, channel);
    float to_mean = -slope * total.d[region], to_sd = -slope * total.m[region] / style.sd[region];
    if (region == 1) {
      to_mean += taken * total.d[0];
      to_sd += taken * total.m[0] / style.sd[0];
    }
    result.d[region] = to_mean / style.weight[region];
    result.m[region] = to_sd / (style.sd[region] * style.weight[region]);
  }
  return result;
}

__device__ inline void write_external(const StyleInputs& in, const ChannelStyle& style,
                                      const ChannelSums& total, std::int64_t image, std::int64_t channel,
                                      const ExternalGradients& out) {
  if (out.mean == nullptr) return;
  const float taken = style.has_style(1) ? gate_of(in, channel) * in.gamma[0][channel] : 0;
  const std::int64_t at = image * in.channels + channel;
  write(out.mean + at, taken * total.d[0], out.accumulate);
  write(out.sd + at, taken * total.m[0] / style.sd[0], out.accumulate);
}

// Grid: image x tile of channels; block: finish_columns x (up to finish_rows). Merges the slabs.
__global__ void __launch_bounds__(finish_columns* finish_rows)
    finish_kernel(StyleInputs in, Size size, Scratch scratch, ExternalGradients external) {
  const std::int64_t image = blockIdx.x;
  const std::int64_t channel = std::int64_t{blockIdx.y} * finish_columns + threadIdx.x;
  const bool active = channel < size.channels;
  const std::int64_t at = image * sums * size.channels + channel;

  ChannelSums total;
  if (active) {
#pragma unroll 4
    for (std::int64_t slab = threadIdx.y; slab < size.slabs; slab += blockDim.y)
      total.merge(
          load_sums(scratch.partials + slab * size.images * sums * size.channels + at, size.channels));
  }
  __shared__ ChannelSums slots[finish_columns * finish_rows];
  reduce_rows(total, slots);

  if (threadIdx.y > 0 || !active) return;
  const ChannelStyle style(in, load_statistics(in, image, channel), image, channel);
  store_sums(total, scratch.totals + at, size.channels);
  store_sums(gradient_coefficients(in, style, total, channel), scratch.coefficients + at, size.channels);
  write_external(in, style, total, image, channel, external);
}

// A thread adds the images of one channel in their order.
__global__ void __launch_bounds__(parameter_threads)
    parameter_kernel(StyleInputs in, const float* __restrict__ totals, ParameterGradients out) {
  const std::int64_t channel = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (channel >= in.channels) return;
  float dgamma[regions] = {0, 0}, dbeta[regions] = {0, 0}, dgate = 0;
#pragma unroll 2
  for (std::int64_t image = 0; image < in.images; ++image) {
    const ChannelStyle style(in, load_statistics(in, image, channel), image, channel);
    const ChannelSums total = load_sums(totals + image * sums * in.channels + channel, in.channels);
#pragma unroll
    for (int region = 0; region < regions; ++region) {
      dgamma[region] += style.style_sd[region] / style.sd[region] * total.m[region] +
                        style.style_mean[region] * total.d[region];
      dbeta[region] += total.d[region];
    }
    if (in.gate_kind != Gate::learned || !style.has_style(1)) continue;
    const std::int64_t at = image * in.channels + channel;
    dgate += total.d[0] * (in.external_mean[at] - style.mean[1]) +
             total.m[0] / style.sd[0] * (in.external_sd[at] - style.sd[1]);
  }
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    write(out.gamma[region] + channel, dgamma[region], out.accumulate);
    write(out.beta[region] + channel, dbeta[region], out.accumulate);
  }
  if (in.gate_kind != Gate::learned) return;
  const float g = gate_of(in, channel);
  write(out.gate + channel, g * (1 - g) * in.gamma[0][channel] * dgate, out.accumulate);
}

}  // namespace attune::style_fusion::cuda
