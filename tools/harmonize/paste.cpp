#include "tools/harmonize/paste.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <utility>
#include <vector>

#include "tools/data/resample.h"

namespace attune::tools {

namespace {

// f a and a in 16 bits: averaged with its weights, a transparent pixel's colour has no part in its neighbours'.
Image16 premultiplied(const AnyImage& cutout) {
  Image16 result = std::holds_alternative<Image16>(cutout) ? std::get<Image16>(cutout)
                                                           : to_16_bits(std::get<Image>(cutout));
  result = convert_channels(std::move(result), 4);
  for (std::size_t i = 0; i < result.pixels.size(); i += 4)
    for (std::size_t c = 0; c < 3; ++c)
      result.pixels[i + c] = static_cast<std::uint16_t>(
          (std::uint32_t{result.pixels[i + c]} * result.pixels[i + 3] + 32767u) / 65535u);
  return result;
}

// The cut-out at its size on the background, as floats, and the part of it that the background shows.
struct Scaled {
  std::int64_t width, height;
  std::vector<float> values;  // [height, width, 4], premultiplied

  const float* at(std::int64_t x, std::int64_t y) const { return values.data() + 4 * (y * width + x); }
};

Scaled scaled(const AnyImage& cutout, double scale, const std::string& name) {
  const Image16 source = premultiplied(cutout);
  const auto side = [&](std::int64_t pixels) {
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(pixels) * scale));
  };
  Scaled result{side(source.width), side(source.height), {}};
  require(result.width <= longest_image_side && result.height <= longest_image_side &&
              result.width * result.height <= most_image_pixels,
          ErrorKind::input, name, ": scaled to ", result.width, "x", result.height, " it is too large");
  result.values.resize(static_cast<std::size_t>(4 * result.width * result.height));
  resample(source, {0, 0, source.width, source.height}, result.width, result.height, false,
           result.values.data());
  return result;
}

template <class T>
void blend(BasicImage<T>& composite, Image& mask, const Scaled& cutout, const Placement& placement) {
  constexpr auto peak = static_cast<float>(std::numeric_limits<T>::max());
  const std::int64_t left = std::max<std::int64_t>(0, placement.x),
                     right = std::min(composite.width, placement.x + cutout.width);
  const std::int64_t top = std::max<std::int64_t>(0, placement.y),
                     bottom = std::min(composite.height, placement.y + cutout.height);
  for (std::int64_t y = top; y < bottom; ++y)
    for (std::int64_t x = left; x < right; ++x) {
      const float* const over = cutout.at(x - placement.x, y - placement.y);
      T* const pixel = composite.row(y) + x * composite.channels;
      for (int c = 0; c < 3; ++c)
        pixel[c] = static_cast<T>(
            std::lround(std::min(peak, peak * over[c] + (1 - over[3]) * static_cast<float>(pixel[c]))));
      if (composite.channels == 4)
        pixel[3] = static_cast<T>(std::lround(peak * over[3] + (1 - over[3]) * static_cast<float>(pixel[3])));
      mask.row(y)[x] = static_cast<std::uint8_t>(std::lround(255 * over[3]));
    }
}

}  // namespace

Placement parse_placement(const std::string& text) {
  Placement placement;
  long long x = 0, y = 0;
  int end = -1;
  const auto size = static_cast<int>(text.size());
  if (std::sscanf(text.c_str(), "%lld,%lld%n", &x, &y, &end) != 2 || end != size) {
    end = -1;
    const int found = std::sscanf(text.c_str(), "%lld,%lld,%lf%n", &x, &y, &placement.scale, &end);
    require(found == 3 && end == size, ErrorKind::configuration, "--at: got \"", text,
            "\", expected x,y or x,y,scale");
  }
  require(placement.scale > 0 && placement.scale <= 1000, ErrorKind::configuration, "--at: the scale is ",
          placement.scale, ", expected above 0 to 1000");
  constexpr long long farthest = 1 << 24;
  require(std::max(std::llabs(x), std::llabs(y)) <= farthest, ErrorKind::configuration, "--at: got \"", text,
          "\", which is outside of any picture");
  placement.x = x;
  placement.y = y;
  return placement;
}

Pasted paste(AnyImage background, const AnyImage& cutout, const Placement& placement,
             const std::string& name) {
  const Scaled over = scaled(cutout, placement.scale, name);
  Pasted pasted;
  pasted.composite = std::move(background);
  if (std::holds_alternative<Image16>(cutout) && std::holds_alternative<Image>(pasted.composite))
    pasted.composite = to_16_bits(std::get<Image>(pasted.composite));
  std::visit(
      [&](auto& composite) {
        pasted.mask = Image(composite.width, composite.height, 1);
        blend(composite, pasted.mask, over, placement);
        const auto& pixels = pasted.mask.pixels;
        require(std::any_of(pixels.begin(), pixels.end(), [](std::uint8_t m) { return m > 0; }),
                ErrorKind::input, name, ": nothing of it lies on the background of ", composite.width, "x",
                composite.height);
      },
      pasted.composite);
  return pasted;
}

}  // namespace attune::tools
