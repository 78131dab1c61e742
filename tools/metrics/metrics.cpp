#include "tools/metrics/metrics.h"

#include <cmath>

namespace attune::tools {

namespace {

// Keeps a perfect score finite, and an empty mask's quotient 0: part of the published definitions.
constexpr double least = 1e-6;

void check_pair(const FloatImage& output, const FloatImage& target) {
  require(output.width == target.width && output.height == target.height && output.channels == 3 &&
              target.channels == 3 && output.width > 0 && output.height > 0,
          ErrorKind::argument, "cannot compare ", output.width, "x", output.height, "x", output.channels,
          " with ", target.width, "x", target.height, "x", target.channels,
          ", expected equal sizes and 3 channels");
}

double squared_difference(float a, float b) {
  const double d = static_cast<double>(a) - static_cast<double>(b);
  return d * d;
}

}  // namespace

FloatImage to_float(const Image& image) {
  FloatImage result(image.width, image.height, image.channels);
  result.pixels.assign(image.pixels.begin(), image.pixels.end());
  return result;
}

double mean_squared_error(const FloatImage& output, const FloatImage& target) {
  check_pair(output, target);
  double sum = 0;
  for (std::size_t i = 0; i < output.pixels.size(); ++i) {
    sum += squared_difference(output.pixels[i], target.pixels[i]);
  }
  return sum / static_cast<double>(output.pixels.size());
}

double foreground_squared_error(const FloatImage& output, const FloatImage& target, const FloatImage& mask) {
  check_pair(output, target);
  require(mask.width == output.width && mask.height == output.height && mask.channels == 1,
          ErrorKind::argument, "mask is ", mask.width, "x", mask.height, "x", mask.channels, ", expected ",
          output.width, "x", output.height, "x1");
  double sum = 0, weight = 0;
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
    const auto m = static_cast<double>(mask.pixels[i]);
    for (std::size_t c = 0; c < 3; ++c) {
      sum += m * squared_difference(output.pixels[3 * i + c], target.pixels[3 * i + c]);
    }
    weight += m;
  }
  return sum / (3 * weight + least);
}

double peak_signal_to_noise(double squared_error, double peak) {
  return 10 * std::log10(peak * peak / (squared_error + least));
}

Scores score(const FloatImage& output, const FloatImage& target, const FloatImage& mask, double peak) {
  Scores scores;
  scores.mse = mean_squared_error(output, target);
  scores.psnr = peak_signal_to_noise(scores.mse, peak);
  scores.fmse = foreground_squared_error(output, target, mask);
  scores.fpsnr = peak_signal_to_noise(scores.fmse, peak);
  scores.ssim = structural_similarity(output, target, peak);
  return scores;
}

}  // namespace attune::tools
