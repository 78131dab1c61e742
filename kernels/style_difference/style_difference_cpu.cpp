// Some thousand elements a batch: plain loops on one thread; a parallel region would cost more than it saves.
#include <cmath>

#include "kernels/masked_style/masked_style.h"
#include "kernels/style_difference/style_difference.h"

namespace attune::style_difference::cpu {

namespace {

// One channel of a map in one image; `row` is the first of its four columns, `channels` apart.
struct Place {
  std::int64_t foreground, background;  // in mean and sd
  std::int64_t row;
  std::int64_t channels;
  bool valid;  // both regions have weight
};

template <class Body>
void for_each_place(const Map& map, std::int64_t first_column, std::int64_t width, const Body& body) {
  const std::int64_t images = map.mean.shape[1], channels = map.mean.shape[2];
  const float* weight = map.weight.as<float>();
  for (std::int64_t n = 0; n < images; ++n) {
    const bool valid =
        weight[n] >= masked_style::minimum_weight && weight[images + n] >= masked_style::minimum_weight;
    for (std::int64_t c = 0; c < channels; ++c)
      body(Place{n * channels + c, (images + n) * channels + c, n * width + first_column + c, channels,
                 valid});
  }
}

void write(float& to, float value, GradientMode mode) {
  to = mode == GradientMode::accumulate ? to + value : value;
}

void require_f32(DType dtype) {
  require(dtype == DType::f32, ErrorKind::unsupported, "style_difference computes in f32, not ",
          name_of(dtype));
}

}  // namespace

void forward(Context&, const Forward& a) {
  require_f32(a.y.dtype);
  std::int64_t column = 0;
  for (int index = 0; index < a.count; ++index) {
    const Map& map = a.maps[static_cast<std::size_t>(index)];
    const float *mean = map.mean.as<float>(), *sd = map.sd.as<float>();
    for_each_place(map, column, a.y.shape[2], [&](const Place& place) {
      float* y = a.y.as<float>() + place.row;
      const float mean_f = mean[place.foreground], mean_b = mean[place.background];
      const float sd_f = sd[place.foreground], sd_b = sd[place.background];
      y[0] = place.valid ? (mean_f - mean_b) / (sd_f + sd_b) : 0;
      y[place.channels] = place.valid ? std::log(sd_f / sd_b) : 0;
      y[2 * place.channels] = place.valid ? mean_b : 0;
      y[3 * place.channels] = place.valid ? std::log(sd_b) : 0;
    });
    column += 4 * map.mean.shape[2];
  }
}

void backward(Context&, const Backward& a) {
  require_f32(a.dy.dtype);
  std::int64_t column = 0;
  for (int index = 0; index < a.count; ++index) {
    const Map& map = a.maps[static_cast<std::size_t>(index)];
    const MapGradient& gradient = a.gradients[static_cast<std::size_t>(index)];
    const std::int64_t first_column = column;
    column += 4 * map.mean.shape[2];
    if (gradient.mode == GradientMode::ignore) continue;
    const float *mean = map.mean.as<float>(), *sd = map.sd.as<float>();
    float *dmean = gradient.mean.as<float>(), *dsd = gradient.sd.as<float>();
    for_each_place(map, first_column, a.dy.shape[2], [&](const Place& place) {
      const float* dy = a.dy.as<float>() + place.row;
      float dmean_f = 0, dmean_b = 0, dsd_f = 0, dsd_b = 0;
      if (place.valid) {
        const float sd_f = sd[place.foreground], sd_b = sd[place.background], sum = sd_f + sd_b;
        const float of_mean = dy[0] / sum, of_ratio = dy[place.channels];
        const float of_sum = -of_mean * (mean[place.foreground] - mean[place.background]) / sum;
        dmean_f = of_mean;
        dmean_b = dy[2 * place.channels] - of_mean;
        dsd_f = of_sum + of_ratio / sd_f;
        dsd_b = of_sum + (dy[3 * place.channels] - of_ratio) / sd_b;
      }
      write(dmean[place.foreground], dmean_f, gradient.mode);
      write(dmean[place.background], dmean_b, gradient.mode);
      write(dsd[place.foreground], dsd_f, gradient.mode);
      write(dsd[place.background], dsd_b, gradient.mode);
    });
  }
}

}  // namespace attune::style_difference::cpu
