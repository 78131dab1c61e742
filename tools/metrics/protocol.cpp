#include "tools/metrics/protocol.h"

#include <algorithm>
#include <cmath>

#include "tools/metrics/resize.h"

namespace attune::tools {

namespace {

constexpr std::int64_t scaled_side = 256;
constexpr std::uint8_t foreground_above = 127;

FloatImage mask_weights(const Image& mask) {
  FloatImage weights = to_float(mask);
  for (float& weight : weights.pixels) weight /= 255;
  return weights;
}

Image binarized(Image mask) {
  for (std::uint8_t& value : mask.pixels) value = value > foreground_above ? 255 : 0;
  return mask;
}

double foreground_ratio(const Image& mask) {
  const auto count = std::count_if(mask.pixels.begin(), mask.pixels.end(),
                                   [](std::uint8_t value) { return value > foreground_above; });
  return static_cast<double>(count) / static_cast<double>(mask.pixels.size());
}

double largest(const Image& image) {
  return std::max<double>(1, *std::max_element(image.pixels.begin(), image.pixels.end()));
}

void paste_background(const FloatImage& real, const FloatImage& mask, FloatImage& output) {
  for (std::size_t i = 0; i < output.pixels.size(); ++i) {
    output.pixels[i] = real.pixels[i] + mask.pixels[i / 3] * (output.pixels[i] - real.pixels[i]);
  }
}

}  // namespace

const char* name_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::idih:
      return "idih";
    case Protocol::gtbg:
      return "gtbg";
    case Protocol::full:
      return "full";
  }
  return "?";
}

std::optional<Protocol> protocol_of(const std::string& name) {
  for (const Protocol protocol : {Protocol::idih, Protocol::gtbg, Protocol::full}) {
    if (name == name_of(protocol)) return protocol;
  }
  return std::nullopt;
}

ProtocolPictures prepare(Protocol protocol, const Image& composite, const Image& real, const Image& mask) {
  require(composite.channels == 3 && real.channels == 3 && mask.channels == 1, ErrorKind::argument,
          "pictures have ", composite.channels, ", ", real.channels, " and ", mask.channels,
          " channels, expected 3, 3 and 1");
  require(real.width > 0 && real.height > 0 && composite.width == real.width &&
              composite.height == real.height && mask.width == real.width && mask.height == real.height,
          ErrorKind::argument, "composite ", composite.width, "x", composite.height, ", real ", real.width,
          "x", real.height, " and mask ", mask.width, "x", mask.height, " differ in size");
  const double ratio = foreground_ratio(mask);
  if (protocol == Protocol::full) return {composite, real, binarized(mask), ratio};
  return {resize_bilinear(composite, scaled_side, scaled_side),
          resize_bilinear(real, scaled_side, scaled_side), resize_bilinear(mask, scaled_side, scaled_side),
          ratio};
}

Scores score(Protocol protocol, const ProtocolPictures& pictures, const FloatImage& output) {
  require(
      output.width == pictures.real.width && output.height == pictures.real.height && output.channels == 3,
      ErrorKind::argument, "output is ", output.width, "x", output.height, "x", output.channels,
      ", expected ", pictures.real.width, "x", pictures.real.height, "x3");
  const FloatImage real = to_float(pictures.real), mask = mask_weights(pictures.mask);
  FloatImage result = output;
  for (float& value : result.pixels) {
    value = std::clamp(value, 0.0f, 255.0f);
    if (protocol == Protocol::full) value = std::round(value);
  }
  if (protocol == Protocol::gtbg) paste_background(real, mask, result);
  return score(result, real, mask, protocol == Protocol::idih ? largest(pictures.real) : 255.0);
}

}  // namespace attune::tools
