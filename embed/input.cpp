#include "embed/input.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "embed/downscale.h"
#include "embed/ignored.h"

namespace attune {

namespace {

// In bands of the output, between which the caller may cancel: 4 megapixels take some 10 ms.
void downscale_in_bands(const Context& context, const Downscale& arguments, Monitor& monitor, double share) {
  constexpr std::int64_t band_pixels = std::int64_t{4} << 20;
  const std::int64_t rows = arguments.out_size.height;
  const std::int64_t bands =
      std::clamp<std::int64_t>(arguments.size.width * arguments.size.height / band_pixels, 1, rows);
  for (std::int64_t band = 0; band < bands; ++band) {
    monitor.ask();
    downscale(arguments, rows * band / bands, rows * (band + 1) / bands, context.threads());
    monitor.advance(share / static_cast<double>(bands));
  }
}

}  // namespace

void load_input(const Context& context, const Picture& picture, bool inverted, const TensorView& composite,
                const TensorView& mask, Monitor& monitor, double share) {
  Downscale colours;
  colours.source = picture.image;
  colours.size = picture.size;
  colours.out_size = {composite.shape[0], composite.shape[1]};
  colours.sample = picture.sample;
  colours.pixel = picture.channels;
  colours.reversed = picture.reversed;
  colours.linear = picture.linear;
  colours.out = composite.as<float>();
  const IgnoredBackground ignored{picture.ignored, picture.mask, picture.mask_sample, inverted};
  std::vector<float> shares(picture.ignored.data ? static_cast<std::size_t>(mask.elements()) : 0);
  if (picture.ignored.data) colours.ignored = &ignored;
  colours.shares = shares.data();
  downscale_in_bands(context, colours, monitor, 0.75 * share);

  Downscale weights;
  weights.source = picture.mask;
  weights.size = picture.size;
  weights.out_size = colours.out_size;
  weights.sample = picture.mask_sample;
  weights.pixel = weights.channels = 1;
  weights.snap = true;
  weights.out = mask.as<float>();
  downscale_in_bands(context, weights, monitor, 0.25 * share);
  float* const values = mask.as<float>();
  if (inverted) std::transform(values, values + mask.elements(), values, [](float m) { return 1 - m; });

  if (!shares.empty()) fill_ignored(colours.out, values, shares.data(), colours.out_size);
  require(
      std::all_of(colours.out, colours.out + composite.elements(), [](float v) { return std::isfinite(v); }),
      ErrorKind::argument, "the picture has samples that are no finite numbers");
}

}  // namespace attune
