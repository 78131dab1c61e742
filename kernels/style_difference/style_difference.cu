// A thread a channel of one map and one image: block x counts channels of all maps side by side, block y images. All of it is
// some thousand elements, so that the launch is the cost.
#include "kernels/style_difference/style_difference.h"

#include "core/cuda/element_type.h"
#include "core/cuda/launch.cuh"
#include "kernels/masked_style/masked_style.h"

namespace attune::style_difference::cuda {

namespace {

using namespace attune::cuda;

constexpr int threads = 128;

struct DeviceMap {
  const float *mean, *sd, *weight;
  float *dmean, *dsd;  // null where ignored
  int channels;
  bool accumulates;
};

struct DeviceMaps {
  DeviceMap map[max_maps];
  int channels;  // of all maps
};

// A channel of a map, and where its four columns are.
struct Place {
  int map, channel;
  int column;
};

__device__ Place place_of(const DeviceMaps& maps, int channel) {
  Place place = {0, channel, 0};
  while (place.channel >= maps.map[place.map].channels) {
    place.channel -= maps.map[place.map].channels;
    place.column += 4 * maps.map[place.map].channels;
    ++place.map;
  }
  place.column += place.channel;
  return place;
}

// Both regions' statistics of one channel in one image.
struct Styles {
  float mean_f, mean_b, sd_f, sd_b;
  bool valid;
};

__device__ Styles load_styles(const DeviceMap& map, std::int64_t images, std::int64_t image, int channel) {
  const std::int64_t foreground = image * map.channels + channel,
                     background = foreground + images * map.channels;
  const bool valid = map.weight[image] >= masked_style::minimum_weight &&
                     map.weight[images + image] >= masked_style::minimum_weight;
  return {map.mean[foreground], map.mean[background], map.sd[foreground], map.sd[background], valid};
}

__global__ void __launch_bounds__(threads)
    forward_kernel(DeviceMaps maps, std::int64_t images, float* __restrict__ y) {
  const int channel = static_cast<int>(blockIdx.x) * threads + static_cast<int>(threadIdx.x);
  if (channel >= maps.channels) return;
  const Place place = place_of(maps, channel);
  const DeviceMap& map = maps.map[place.map];
  for (std::int64_t image = blockIdx.y; image < images; image += gridDim.y) {
    const Styles styles = load_styles(map, images, image, place.channel);
    float* const row = y + image * 4 * maps.channels + place.column;
    row[0] = styles.valid ? (styles.mean_f - styles.mean_b) / (styles.sd_f + styles.sd_b) : 0.0f;
    row[map.channels] = styles.valid ? logf(styles.sd_f / styles.sd_b) : 0.0f;
    row[2 * map.channels] = styles.valid ? styles.mean_b : 0.0f;
    row[3 * map.channels] = styles.valid ? logf(styles.sd_b) : 0.0f;
  }
}

struct StyleGradient {
  float mean_f, mean_b, sd_f, sd_b;
};

// `row` is the channel's first part of dy, `step` from each to the next.
__device__ StyleGradient gradient_of(const Styles& styles, const float* row, int step) {
  if (!styles.valid) return {};
  const float of_sum = 1 / (styles.sd_f + styles.sd_b);
  const float of_mean = row[0] * of_sum, of_ratio = row[step];
  const float of_sd = of_mean * of_sum * (styles.mean_b - styles.mean_f);
  return {of_mean, row[2 * step] - of_mean, of_sd + of_ratio / styles.sd_f,
          of_sd + (row[3 * step] - of_ratio) / styles.sd_b};
}

__device__ void write(float* to, float value, bool accumulates) { *to = accumulates ? *to + value : value; }

__global__ void __launch_bounds__(threads)
    backward_kernel(DeviceMaps maps, std::int64_t images, const float* __restrict__ dy) {
  const int channel = static_cast<int>(blockIdx.x) * threads + static_cast<int>(threadIdx.x);
  if (channel >= maps.channels) return;
  const Place place = place_of(maps, channel);
  const DeviceMap& map = maps.map[place.map];
  if (map.dmean == nullptr) return;
  for (std::int64_t image = blockIdx.y; image < images; image += gridDim.y) {
    const float* const row = dy + image * 4 * maps.channels + place.column;
    const StyleGradient gradient =
        gradient_of(load_styles(map, images, image, place.channel), row, map.channels);
    const std::int64_t foreground = image * map.channels + place.channel;
    const std::int64_t background = foreground + images * map.channels;
    write(map.dmean + foreground, gradient.mean_f, map.accumulates);
    write(map.dmean + background, gradient.mean_b, map.accumulates);
    write(map.dsd + foreground, gradient.sd_f, map.accumulates);
    write(map.dsd + background, gradient.sd_b, map.accumulates);
  }
}

DeviceMaps maps_of(const std::array<Map, max_maps>& maps, int count) {
  DeviceMaps result = {};
  for (int index = 0; index < count; ++index) {
    const Map& map = maps[static_cast<std::size_t>(index)];
    DeviceMap& to = result.map[index];
    to.mean = map.mean.as<float>();
    to.sd = map.sd.as<float>();
    to.weight = map.weight.as<float>();
    to.channels = checked_cast<int>(map.mean.shape[2]);
    result.channels = checked_cast<int>(std::int64_t{result.channels} + to.channels);
  }
  return result;
}

dim3 grid_of(int channels, std::int64_t images) {
  constexpr std::int64_t most_rows = 65535;
  return dim3(static_cast<unsigned>((channels + threads - 1) / threads),
              static_cast<unsigned>(images < most_rows ? images : most_rows));
}

}  // namespace

void forward(Context& context, const Forward& a) {
  require_f32("style_difference", a.y.dtype);
  if (a.y.elements() == 0) return;
  const DeviceMaps maps = maps_of(a.maps, a.count);
  launch("style_difference: forward_kernel", stream_of(context), grid_of(maps.channels, a.y.shape[0]),
         threads, 0, forward_kernel, maps, a.y.shape[0], a.y.as<float>());
}

void backward(Context& context, const Backward& a) {
  require_f32("style_difference", a.dy.dtype);
  if (a.dy.elements() == 0) return;
  DeviceMaps maps = maps_of(a.maps, a.count);
  for (int index = 0; index < a.count; ++index) {
    const MapGradient& gradient = a.gradients[static_cast<std::size_t>(index)];
    if (gradient.mode == GradientMode::ignore) continue;
    maps.map[index].dmean = gradient.mean.as<float>();
    maps.map[index].dsd = gradient.sd.as<float>();
    maps.map[index].accumulates = gradient.mode == GradientMode::accumulate;
  }
  launch("style_difference: backward_kernel", stream_of(context), grid_of(maps.channels, a.dy.shape[0]),
         threads, 0, backward_kernel, maps, a.dy.shape[0], a.dy.as<float>());
}

}  // namespace attune::style_difference::cuda
