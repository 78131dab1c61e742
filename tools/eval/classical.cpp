#include "tools/eval/classical.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "tools/data/transfer.h"

namespace attune::tools {

namespace {

constexpr std::size_t levels = 256;
using Counts = std::array<std::int64_t, levels>;

bool is_foreground(std::uint8_t mask) { return mask > 127; }

// The picture's pixels in or outside of the foreground, from 0 to 1.
Pixels pixels_of(const Image& composite, const Image& mask, bool foreground) {
  Pixels pixels;
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
    if (is_foreground(mask.pixels[i]) != foreground) continue;
    const std::uint8_t* p = composite.pixels.data() + 3 * i;
    pixels.push_back(
        {static_cast<float>(p[0]) / 255, static_cast<float>(p[1]) / 255, static_cast<float>(p[2]) / 255});
  }
  return pixels;
}

Pixels reinhard(const Image& composite, const Image& mask) {
  return transfer(Transfer::reinhard_lab, pixels_of(composite, mask, true), pixels_of(composite, mask, false),
                  TransferLimits::none());
}

Counts histogram_of(const Image& composite, const Image& mask, std::size_t channel, bool foreground) {
  Counts counts{};
  for (std::size_t i = 0; i < mask.pixels.size(); ++i)
    if (is_foreground(mask.pixels[i]) == foreground) ++counts[composite.pixels[3 * i + channel]];
  return counts;
}

// Where each level of the foreground goes: between the two levels of the background whose shares of pixels at or below them its
// own share lies between.
std::array<float, levels> matched_levels(const Counts& foreground, const Counts& background) {
  const auto total = [](const Counts& counts) {
    return static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  };
  std::vector<std::pair<double, double>> reached;  // share at or below, level
  std::int64_t below = 0;
  for (std::size_t level = 0; level < levels; ++level)
    if (background[level] > 0) {
      below += background[level];
      reached.emplace_back(static_cast<double>(below) / total(background), static_cast<double>(level));
    }
  std::array<float, levels> matched{};
  below = 0;
  for (std::size_t level = 0; level < levels; ++level) {
    below += foreground[level];
    const double share = std::min(static_cast<double>(below) / total(foreground), reached.back().first);
    const auto upper = std::lower_bound(reached.begin(), reached.end(), std::make_pair(share, 0.0));
    const auto lower = upper == reached.begin() ? upper : upper - 1;
    const double part = upper == lower ? 1 : (share - lower->first) / (upper->first - lower->first);
    matched[level] = static_cast<float>(lower->second + part * (upper->second - lower->second));
  }
  return matched;
}

Pixels histogram(const Image& composite, const Image& mask) {
  Pixels changed = pixels_of(composite, mask, true);
  for (std::size_t c = 0; c < 3; ++c) {
    const std::array<float, levels> matched =
        matched_levels(histogram_of(composite, mask, c, true), histogram_of(composite, mask, c, false));
    for (Color& pixel : changed)
      pixel[c] = matched[static_cast<std::size_t>(std::lround(pixel[c] * 255))] / 255;
  }
  return changed;
}

using Change = Pixels (*)(const Image& composite,
                          const Image& mask);  // of the foreground's pixels, in their order

FloatImage harmonize(const Image& composite, const Image& mask, Change change) {
  FloatImage result = to_float(composite);
  const auto foreground = std::count_if(mask.pixels.begin(), mask.pixels.end(), is_foreground);
  if (foreground == 0 || foreground == static_cast<std::ptrdiff_t>(mask.pixels.size())) return result;
  const Pixels changed = change(composite, mask);
  std::size_t next = 0;
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
    if (!is_foreground(mask.pixels[i])) continue;
    const Color& pixel = changed[next++];
    const float blend = static_cast<float>(mask.pixels[i]) / 255;
    for (std::size_t c = 0; c < 3; ++c) {
      float& value = result.pixels[3 * i + c];
      value += blend * (255 * std::clamp(pixel[c], 0.0f, 1.0f) - value);
    }
  }
  return result;
}

}  // namespace

const std::vector<std::string>& classical_methods() {
  static const std::vector<std::string> names = {"reinhard", "histogram"};
  return names;
}

Method classical_method(const std::string& name) {
  require(name == "reinhard" || name == "histogram", ErrorKind::argument, "no classical method is called '",
          name, "'");
  const Change change = name == "reinhard" ? reinhard : histogram;
  return [change](const Image& composite, const Image& mask) { return harmonize(composite, mask, change); };
}

}  // namespace attune::tools
