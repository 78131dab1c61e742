#include "kernels/resample/average_rows.h"

#include "core/error.h"
#include "core/shape.h"

namespace attune::resample {

namespace {

constexpr const char* op = "resample";

void check(const AverageRows& a) {
  require(a.channels == 1 || a.channels == 3 || a.channels == 4, ErrorKind::argument, op, ": ", a.channels,
          " channels, expected 1, 3 or 4");
  require(a.height > 0 && a.width > 0 && a.out_height > 0 && a.out_width > 0, ErrorKind::argument, op,
          ": rows of ", a.width, "x", a.height, " averaged to ", a.out_width, "x", a.out_height);
  require(0 <= a.row_begin && a.row_begin <= a.row_end && a.row_end <= a.out_height, ErrorKind::argument, op,
          ": rows [", a.row_begin, ", ", a.row_end, ") of ", a.out_height);
  // The boxes' borders are computed in units of both sizes.
  checked_multiply(checked_multiply(a.height, a.out_height), 2);
  checked_multiply(checked_multiply(a.width, a.out_width), 2);
  checked_multiply(checked_multiply(a.width, a.channels), 4);
  checked_multiply(checked_multiply(a.out_height, a.out_width), 4 * a.out_channels());
  check_rows(op, "source", a.source, bytes_of(a.sample));
  require(a.out != nullptr && (!a.ignored || a.shares), ErrorKind::argument, op,
          ": output or shares are null");
  require(!a.linear || (a.sample == Sample::f32 && a.channels > 1), ErrorKind::argument, op,
          ": only colours in floats can be linear");
  if (!a.ignored) return;
  check_rows(op, "ignored rows", a.ignored->rows, 1);
  check_rows(op, "their mask", a.ignored->mask, bytes_of(a.ignored->mask_sample));
}

}  // namespace

void average_rows(Context& context, const AverageRows& a) {
  check(a);
  if (context.device().kind == DeviceKind::cpu) return cpu::average_rows(context, a);
  if constexpr (built_with_cuda) cuda::average_rows(context, a);
}

Cost average_rows_cost(std::int64_t pixels, int channels, Sample sample, std::int64_t out_pixels) {
  const std::int64_t samples = pixels * channels;
  return {samples * bytes_of(sample) + out_pixels * (channels == 1 ? 1 : 3) * 4, 2 * samples};
}

}  // namespace attune::resample
