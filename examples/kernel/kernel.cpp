// One op on raw pointers, without a network, a model or a tensor that owns anything: the style of a picture's foreground
// and of its background. On a GPU the pointers would be the device's, and the context Context({DeviceKind::cuda, 0}).
#include <cstdio>
#include <vector>

#include "kernels/masked_style/masked_style.h"

int main() {
  // A picture of 4x6 pixels and 2 channels: its left half is the foreground, brighter by 10 than the rest.
  constexpr std::int64_t height = 4, width = 6, channels = 2;
  std::vector<float> x, mask;
  for (int pixel = 0; pixel < height * width; ++pixel) {
    const std::int64_t row = pixel / width, column = pixel % width;
    const bool is_foreground = column < width / 2;
    mask.push_back(is_foreground ? 1.0f : 0.0f);
    for (int channel = 0; channel < channels; ++channel)
      x.push_back(static_cast<float>((is_foreground ? 10 : 0) + 100 * channel + row));
  }
  std::vector<float> mean(2 * channels), sd(2 * channels), weight(2);

  attune::masked_style::Forward arguments;
  arguments.x = {x.data(), {1, height, width, channels}};
  arguments.mask = {mask.data(), {1, height, width}};
  arguments.mean = {mean.data(), {2, 1, channels}};
  arguments.sd = {sd.data(), {2, 1, channels}};
  arguments.weight = {weight.data(), {2, 1}};
  attune::Context context({}, 1);
  attune::masked_style::forward(context, arguments);

  for (std::size_t region = 0; region < 2; ++region) {
    std::printf("%s: %g pixels", region == 0 ? "foreground" : "background",
                static_cast<double>(weight[region]));
    for (std::size_t channel = 0; channel < channels; ++channel)
      std::printf(", channel %zu mean %g sd %.4f", channel,
                  static_cast<double>(mean[region * channels + channel]),
                  static_cast<double>(sd[region * channels + channel]));
    std::printf("\n");
  }
}
