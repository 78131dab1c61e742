// Area averaging of a picture's packed rows, straight from their samples: a large photograph is read once and never stored as
// floats. What a network sees of it comes from here.
//
//     y(o) = 1 / area  integral of x over the box under o         along both axes as resample's area, x in units of its peak
//
// With pixels that do not count, share(p) = 1 - ignored(p) (1 - m(p)), where m is the foreground's mask:
//
//     y(o) = sum_p weight(p, o) share(p) x(p) / shares(o)         shares(o) = sum_p weight(p, o) share(p)
//
// A pixel without a share has no influence, whatever it holds; where shares is 0 so is y.
//
// Numbers: 8 and 16 bits are divided by their peak; weights and sums in f32. Output rows are independent and sums in a fixed
// order: the same bits for any number of threads and any bands, on each device.
// Errors: ErrorKind::argument on sizes, rows or channels that the struct's comments forbid; nothing is written then.
// Thread-safe for distinct contexts.
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/pixel_rows.h"
#include "kernels/resample/ignored_background.h"

namespace attune::resample {

struct AverageRows {
  PixelRows source;  // on the context's device
  std::int64_t height = 0, width = 0;
  Sample sample = Sample::u8;
  int channels = 3;       // samples a pixel: 1, 3, or 4, of which the fourth has no part
  bool reversed = false;  // blue first; the output is red first
  bool linear = false;  // proportional to light, encoded as sRGB before they are averaged; 3 or 4 floats only
  bool snap = false;    // as Options::snap: for masks
  bool inverted = false;                       // 1 - y in y's place, after it was snapped
  const IgnoredBackground* ignored = nullptr;  // its rows on the device

  float* out = nullptr;  // [out_height, out_width, 1 or 3], on the device, apart from the source; overwritten
  std::int64_t out_height = 0, out_width = 0;
  std::int64_t row_begin = 0, row_end = 0;  // which of its rows to write
  float* shares = nullptr;                  // [out_height, out_width], with `ignored` only
  // On the device: set to 1 where any output is below 1, as of a mask that has background; with `ignored` where any pixel is
  // background that counts. Else left as it is. May be null.
  std::int32_t* has_background = nullptr;

  std::int64_t out_channels() const { return channels == 1 ? 1 : 3; }
};

void average_rows(Context& context, const AverageRows& arguments);

// Of all rows: so many pixels of so many samples, averaged to so many.
Cost average_rows_cost(std::int64_t pixels, int channels, Sample sample, std::int64_t out_pixels);

// The bodies that are dispatched to after the checks.
namespace cpu {
void average_rows(Context& context, const AverageRows& arguments);
}
namespace cuda {
void average_rows(Context& context, const AverageRows& arguments);
}

}  // namespace attune::resample
