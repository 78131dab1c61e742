#include "tools/harmonize/paste.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <system_error>
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

// The part of the scaled cut-out that the background shows, as floats.
struct Shown {
  std::int64_t left = 0, top = 0;  // on the background
  Window part;                     // of the scaled cut-out
  std::vector<float> values;       // [part.height, part.width, 4], premultiplied

  const float* at(std::int64_t x, std::int64_t y) const { return values.data() + 4 * (y * part.width + x); }
};

Shown shown(const AnyImage& cutout, const Placement& placement, std::int64_t width, std::int64_t height) {
  const Image16 source = premultiplied(cutout);
  const auto side = [&](std::int64_t pixels) {
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(pixels) * placement.scale));
  };
  const std::int64_t scaled_width = side(source.width), scaled_height = side(source.height);
  Shown result;
  result.left = std::max<std::int64_t>(0, placement.x);
  result.top = std::max<std::int64_t>(0, placement.y);
  result.part = {result.left - placement.x, result.top - placement.y,
                 std::min(width, placement.x + scaled_width) - result.left,
                 std::min(height, placement.y + scaled_height) - result.top};
  if (result.part.width <= 0 || result.part.height <= 0) return {};
  result.values.resize(static_cast<std::size_t>(4 * result.part.width * result.part.height));
  resample_part(source, scaled_width, scaled_height, result.part, result.values.data());
  return result;
}

// f over a background of alpha b: (a f + (1 - a) b x) / (a + (1 - a) b); `over` is premultiplied.
template <class T>
void blend_pixel(const float* over, int channels, T* pixel) {
  constexpr auto peak = static_cast<float>(std::numeric_limits<T>::max());
  const float below = (1 - over[3]) * (channels == 4 ? static_cast<float>(pixel[3]) / peak : 1);
  const float alpha = over[3] + below;
  if (alpha == 0) return;
  for (int c = 0; c < 3; ++c) {
    const float value = (peak * over[c] + below * static_cast<float>(pixel[c])) / alpha;
    pixel[c] = static_cast<T>(std::lround(std::min(peak, value)));
  }
  if (channels == 4) pixel[3] = static_cast<T>(std::lround(std::min(peak, peak * alpha)));
}

template <class T>
void blend(BasicImage<T>& composite, Image& mask, const Shown& cutout) {
  for (std::int64_t y = 0; y < cutout.part.height; ++y)
    for (std::int64_t x = 0; x < cutout.part.width; ++x) {
      const float* const over = cutout.at(x, y);
      const std::int64_t column = cutout.left + x, row = cutout.top + y;
      blend_pixel(over, composite.channels, composite.row(row) + column * composite.channels);
      mask.row(row)[column] = static_cast<std::uint8_t>(std::lround(255 * over[3]));
    }
}

// "x,y" or "x,y,scale" in pieces.
std::vector<std::string> pieces_of(const std::string& text) {
  std::vector<std::string> pieces(1);
  for (const char c : text)
    if (c == ',')
      pieces.emplace_back();
    else
      pieces.back() += c;
  return pieces;
}

template <class Number>
bool is_number(const std::string& text, Number& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

}  // namespace

Placement parse_placement(const std::string& text) {
  constexpr std::int64_t farthest = std::int64_t{1} << 24;
  constexpr double largest_scale = 1000;
  const std::vector<std::string> pieces = pieces_of(text);
  Placement placement;
  require((pieces.size() == 2 || pieces.size() == 3) && is_number(pieces[0], placement.x) &&
              is_number(pieces[1], placement.y) &&
              (pieces.size() == 2 || is_number(pieces[2], placement.scale)),
          ErrorKind::configuration, "--at: got \"", text, "\", expected x,y or x,y,scale");
  require(placement.scale > 0 && placement.scale <= largest_scale, ErrorKind::configuration,
          "--at: the scale is ", placement.scale, ", expected above 0 to ", largest_scale);
  for (const std::int64_t place : {placement.x, placement.y})
    require(place >= -farthest && place <= farthest, ErrorKind::configuration, "--at: got \"", text,
            "\", which is outside of any picture");
  return placement;
}

Pasted paste(AnyImage background, const AnyImage& cutout, const Placement& placement,
             const std::string& name) {
  Pasted pasted;
  pasted.composite = std::move(background);
  if (std::holds_alternative<Image16>(cutout) && std::holds_alternative<Image>(pasted.composite))
    pasted.composite = to_16_bits(std::get<Image>(pasted.composite));
  std::visit(
      [&](auto& composite) {
        pasted.mask = Image(composite.width, composite.height, 1);
        blend(composite, pasted.mask, shown(cutout, placement, composite.width, composite.height));
        const auto& pixels = pasted.mask.pixels;
        require(std::any_of(pixels.begin(), pixels.end(), [](std::uint8_t m) { return m > 0; }),
                ErrorKind::input, name, ": nothing of it lies on the background of ", composite.width, "x",
                composite.height);
      },
      pasted.composite);
  return pasted;
}

}  // namespace attune::tools
