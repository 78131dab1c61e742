// What the kernels of style_fusion share: their inputs, the style that each region is given, and y as an affine function
// of x, whose coefficients a block makes once for its tile of channels.
#pragma once

#include <cstdint>

#include "core/cuda/row_grid.cuh"
#include "core/cuda/vector.cuh"
#include "core/parallel.h"
#include "kernels/masked_style/statistics.cuh"
#include "kernels/style_fusion/style_fusion.h"

namespace attune::style_fusion::cuda {

using namespace attune::cuda;

using masked_style::cuda::regions;

struct Size {
  std::int64_t images, pixels, channels, slabs;
};

// Index 0 is the foreground, 1 the background.
struct StyleInputs {
  std::int64_t images, channels;
  const float *mean, *sd, *weight;           // [regions, images, channels], the same, [regions, images]
  const float *external_mean, *external_sd;  // [images, channels]; not read where the gate is 0
  const float* gate;                         // [channels]: a; read with Gate::learned
  const float *gamma[regions], *beta[regions];
  Gate gate_kind;
  float slope;  // of the activation for z <= 0
};

// Null where the gate does not use the view, which may then be anything.
inline const float* floats_if(bool used, ConstTensorView view) { return used ? view.as<float>() : nullptr; }

template <class Arguments>
StyleInputs style_inputs(const Arguments& a, const Options& options) {
  return {a.x.shape[0],
          a.x.shape[3],
          a.mean.template as<float>(),
          a.sd.template as<float>(),
          a.weight.template as<float>(),
          floats_if(options.gate != Gate::internal, a.external_mean),
          floats_if(options.gate != Gate::internal, a.external_sd),
          floats_if(options.gate == Gate::learned, a.gate),
          {a.gamma_foreground.template as<float>(), a.gamma_background.template as<float>()},
          {a.beta_foreground.template as<float>(), a.beta_background.template as<float>()},
          options.gate,
          options.leaky_relu ? options.slope : 1.0f};
}

__device__ inline float gate_of(const StyleInputs& in, std::int64_t channel) {
  if (in.gate_kind == Gate::learned) return 1 / (1 + expf(-in.gate[channel]));
  return in.gate_kind == Gate::external ? 1.0f : 0.0f;
}

// x's own, of one image and channel.
struct ChannelStatistics {
  float mean[regions], sd[regions], weight[regions];
};

__device__ inline ChannelStatistics load_statistics(const StyleInputs& in, std::int64_t image,
                                                    std::int64_t channel) {
  ChannelStatistics result;
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    const std::int64_t row = region * in.images + image;
    result.mean[region] = in.mean[row * in.channels + channel];
    result.sd[region] = in.sd[row * in.channels + channel];
    result.weight[region] = in.weight[row];
  }
  return result;
}

// y_r = gamma_r (style_sd_r (x - mean_r) / sd_r + style_mean_r) + beta_r.
struct ChannelStyle {
  float mean[regions] = {0, 0}, sd[regions] = {1, 1}, weight[regions];
  float style_mean[regions] = {0, 0}, style_sd[regions] = {1, 1};

  // Without background the foreground keeps its own style: as if its mean were 0 and its deviation 1.
  __device__ ChannelStyle(const StyleInputs& in, const ChannelStatistics& x, std::int64_t image,
                          std::int64_t channel)
      : weight{x.weight[0], x.weight[1]} {
    if (!has_style(1)) return;
#pragma unroll
    for (int region = 0; region < regions; ++region) {
      mean[region] = x.mean[region];
      sd[region] = x.sd[region];
    }
    const float g = gate_of(in, channel);
    const std::int64_t at = image * in.channels + channel;
    style_mean[0] = (1 - g) * mean[1] + (g > 0 ? g * in.external_mean[at] : 0);
    style_sd[0] = (1 - g) * sd[1] + (g > 0 ? g * in.external_sd[at] : 0);
  }
  // Whether the region has a style of its own: to give, or for a gradient to flow through.
  __device__ bool has_style(int region) const { return weight[region] >= masked_style::minimum_weight; }
  // How x - mean_r becomes y_r.
  __device__ float slope(const StyleInputs& in, int region, std::int64_t channel) const {
    return in.gamma[region][channel] * style_sd[region] / sd[region];
  }
};

// y_r = slope_r (x - mean_r) + offset_r of `width` channels; the difference is never multiplied out.
template <int width>
struct Affine {
  float mean[regions][width], slope[regions][width], offset[regions][width];

  __device__ float centered(int region, int i, float x) const { return x - mean[region][i]; }
  // z, of which y is the activation.
  __device__ float blend(float mask, int i, float x) const {
    const float foreground = slope[0][i] * centered(0, i, x) + offset[0][i];
    const float background = slope[1][i] * centered(1, i, x) + offset[1][i];
    return mask * foreground + (1 - mask) * background;
  }
};

// Which part of the map a thread owns, in a grid of image x slab x tile and a block of columns x rows.
template <int width>
struct Position {
  std::int64_t image, first_channel, channel, first_element;
  bool active;
  Range run;

  __device__ explicit Position(const Size& size)
      : image(blockIdx.x),
        first_channel(std::int64_t{blockIdx.z} * blockDim.x * width),
        channel(first_channel + threadIdx.x * width),
        first_element(image * size.pixels * size.channels + channel),
        active(channel < size.channels),
        run(part_of(size.pixels, size.slabs, blockIdx.y)) {}

  // The pixel as far from the run's end as `pixel` is from its begin: a second pass walks back, so that it first meets what
  // the first one read last and L2 still holds.
  __device__ std::int64_t backwards(std::int64_t pixel) const { return run.begin + run.end - 1 - pixel; }

  // body(channel, place in the tile) for the channels of the block's tile, each by one of its threads.
  template <class Body>
  __device__ void for_each_channel(const Size& size, const Body& body) const {
    const int threads = static_cast<int>(blockDim.x * blockDim.y);
    const int thread = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
    for (int i = thread; i < static_cast<int>(blockDim.x) * width; i += threads)
      if (first_channel + i < size.channels) body(first_channel + i, i);
  }
};

// Rows of one value a channel of a block's tile, in shared memory: what one thread a channel makes and every row of
// threads reads.
template <int width, int rows, int columns = row_grid_columns>
struct Tile {
  Packed<float, width> row[rows][columns];

  __device__ float& at(int r, int place) { return row[r][place / width].element[place % width]; }
  __device__ void read(int r, float (&values)[width]) const { unpack(row[r][threadIdx.x], values); }
  __device__ void write(int r, const float (&values)[width]) {
    store<width>(values, row[r][threadIdx.x].element);
  }
};

constexpr int affine_rows = 3 * regions;

// Fills the first rows of the tile; a barrier has to follow.
template <class Tile>
__device__ void make_affine(const StyleInputs& in, const ChannelStyle& style, std::int64_t channel, int place,
                            Tile& tile) {
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    tile.at(3 * region, place) = style.mean[region];
    tile.at(3 * region + 1, place) = style.slope(in, region, channel);
    tile.at(3 * region + 2, place) =
        in.gamma[region][channel] * style.style_mean[region] + in.beta[region][channel];
  }
}

template <int width, int rows, int columns>
__device__ Affine<width> read_affine(const Tile<width, rows, columns>& tile) {
  Affine<width> affine;
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    tile.read(3 * region, affine.mean[region]);
    tile.read(3 * region + 1, affine.slope[region]);
    tile.read(3 * region + 2, affine.offset[region]);
  }
  return affine;
}

}  // namespace attune::style_fusion::cuda
