#include "embed/input.h"

#include <algorithm>
#include <cmath>

#include "kernels/fill_ignored/fill_ignored.h"
#include "kernels/resample/average_rows.h"

namespace attune {

namespace {

using resample::AverageRows;

// In bands of the output, between which the caller may cancel: 4 megapixels take some 10 ms; linear ones, or with shares, 4
// times as long.
void average_in_bands(Context& context, AverageRows arguments, Monitor& monitor, double share) {
  const std::int64_t band_pixels = std::int64_t{1} << (arguments.linear || arguments.ignored ? 20 : 22);
  const std::int64_t rows = arguments.out_height;
  const std::int64_t bands =
      context.device().kind == DeviceKind::cpu
          ? std::clamp<std::int64_t>(arguments.width * arguments.height / band_pixels, 1, rows)
          : 1;
  for (std::int64_t band = 0; band < bands; ++band) {
    monitor.ask();
    arguments.row_begin = rows * band / bands;
    arguments.row_end = rows * (band + 1) / bands;
    average_rows(context, arguments);
    monitor.advance(share / static_cast<double>(bands));
  }
}

AverageRows averages_of(const Picture& picture, const TensorView& out) {
  AverageRows arguments;
  arguments.height = picture.size.height;
  arguments.width = picture.size.width;
  arguments.out = out.as<float>();
  arguments.out_height = out.shape[0];
  arguments.out_width = out.shape[1];
  return arguments;
}

AverageRows colours_of(const Picture& picture, const TensorView& composite) {
  AverageRows colours = averages_of(picture, composite);
  colours.source = picture.image;
  colours.sample = picture.sample;
  colours.channels = picture.channels;
  colours.reversed = picture.reversed;
  colours.linear = picture.linear;
  return colours;
}

AverageRows weights_of(const Picture& picture, bool inverted, const TensorView& mask) {
  AverageRows weights = averages_of(picture, mask);
  weights.source = picture.mask;
  weights.sample = picture.mask_sample;
  weights.channels = 1;
  weights.snap = true;
  weights.inverted = inverted;
  return weights;
}

bool all_finite(const TensorView& values) {
  const float* const first = values.as<float>();
  return std::all_of(first, first + values.elements(), [](float v) { return std::isfinite(v); });
}

}  // namespace

void load_input(Context& context, const Picture& picture, bool inverted, const NetworkInput& input,
                std::int32_t* has_background, Monitor& monitor, double share) {
  AverageRows colours = colours_of(picture, input.composite),
              weights = weights_of(picture, inverted, input.mask);
  const resample::IgnoredBackground ignored{picture.ignored, picture.mask, picture.mask_sample, inverted};
  if (picture.ignored.data) {
    colours.ignored = &ignored;
    colours.shares = input.shares.as<float>();
    colours.has_background = has_background;
  } else {
    weights.has_background = has_background;
  }
  average_in_bands(context, colours, monitor, 0.75 * share);
  average_in_bands(context, weights, monitor, 0.25 * share);
  if (picture.ignored.data) fill_ignored::forward(context, {input.composite, input.mask, input.shares});
  if (context.device().kind == DeviceKind::cpu)
    require(all_finite(input.composite), ErrorKind::argument,
            "the picture has samples that are no finite numbers");
}

}  // namespace attune
