#include "embed/output.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/parallel.h"
#include "core/transfer.h"

namespace attune {

namespace {

// The picture as if its rows before `band` were not there.
Picture cut_to(const Range& band, Picture picture) {
  picture.image.data = picture.image.row(band.begin);
  picture.mask.data = picture.mask.row(band.begin);
  picture.output = picture.output_row(band.begin);
  return picture;
}

void apply_transform(Context& context, const Picture& band_picture, const Range& band, const Output& output) {
  color_transform::Rows rows;
  rows.transform = output.result;
  rows.height = band_picture.size.height;
  rows.width = band_picture.size.width;
  rows.row_begin = band.begin;
  rows.row_end = band.end;
  rows.sample = band_picture.sample;
  rows.channels = band_picture.channels;
  rows.reversed = band_picture.reversed;
  rows.linear = band_picture.linear;
  rows.in = band_picture.image.data;
  rows.in_stride = band_picture.image.stride;
  rows.out = band_picture.output;
  rows.out_stride = band_picture.output_stride;
  rows.mask_type = band_picture.mask_sample == Sample::f32 ? color_transform::Rows::MaskType::f32
                                                           : color_transform::Rows::MaskType::u8;
  rows.inverted = output.inverted;
  rows.mask = band_picture.mask.data;
  rows.mask_stride = band_picture.mask.stride;
  rows.strength = output.strength;
  rows.enabled = output.enabled;
  color_transform::apply_rows(context, rows, output.scale);
}

// Whether pixel x of the mask's row is recoloured at all.
class MaskRow {
 public:
  MaskRow(const Picture& picture, std::int64_t y, bool inverted)
      : row_(picture.mask.row(y)), is_float_(picture.mask_sample == Sample::f32), inverted_(inverted) {}

  bool operator()(std::int64_t x) const {
    if (is_float_) return static_cast<const float*>(row_)[x] != (inverted_ ? 1.0f : 0.0f);
    return static_cast<const std::uint8_t*>(row_)[x] != (inverted_ ? 255 : 0);
  }

 private:
  const void* row_;
  bool is_float_, inverted_;
};

// std::lerp is exact at both ends, and a greater strength never takes a step back.
template <class T>
T mixed(T before, float colour, const Output& output, bool linear) {
  constexpr float peak = peak_of<T>;
  const auto sample = static_cast<float>(before);
  const float from = linear ? srgb_from_linear(sample) : sample;
  const float to = std::clamp(colour * peak, std::min(0.0f, from), std::max(peak, from));
  const float result = std::lerp(from, to, output.strength);
  if constexpr (std::is_same_v<T, float>) return linear ? linear_from_srgb(result) : result;
  return static_cast<T>(std::lround(result));
}

// The blend head's colours, rounded to samples; alpha and everything outside the mask exactly as it is.
template <class T>
void store_row(const Picture& picture, std::int64_t y, const float* colours, const Output& output) {
  const auto* in = static_cast<const T*>(picture.image.row(y));
  auto* out = static_cast<T*>(picture.output_row(y));
  const MaskRow is_masked(picture, y, output.inverted);
  for (std::int64_t x = 0; x < picture.size.width;
       ++x, in += picture.channels, out += picture.channels, colours += 3) {
    const bool masked = is_masked(x);
    for (int c = 0; c < picture.channels; ++c)
      out[c] = c == 3 || !masked
                   ? in[c]
                   : mixed(in[c], colours[picture.reversed ? 2 - c : c], output, picture.linear);
  }
}

void store_blended(Context& context, const Picture& band_picture, const Range& band, const Output& output) {
  const float* colours = output.result.as<float>();
  const auto store = band_picture.sample == Sample::u8    ? store_row<std::uint8_t>
                     : band_picture.sample == Sample::u16 ? store_row<std::uint16_t>
                                                          : store_row<float>;
  parallel_for(context.threads(), band.end - band.begin, [&](std::int64_t y) {
    store(band_picture, y, colours + (band.begin + y) * band_picture.size.width * 3, output);
  });
}

void write_band(Context& context, const Picture& band_picture, const Range& band, const Output& output) {
  if (output.head == Head::affine)
    apply_transform(context, band_picture, band, output);
  else
    store_blended(context, band_picture, band, output);
}

// 4 megapixels take some 10 ms, within which a caller who cancels is heard; linear ones 4 times as long, with the blend head
// 16 times. A GPU is handed all.
std::int64_t band_rows(const Context& context, const Picture& picture, Head head) {
  if (context.device().kind != DeviceKind::cpu) return picture.size.height;
  const int shift = !picture.linear ? 22 : head == Head::affine ? 20 : 18;
  return std::clamp<std::int64_t>((std::int64_t{1} << shift) / picture.size.width, 1, picture.size.height);
}

}  // namespace

void write_output(Context& context, const Picture& picture, const Output& output, Monitor& monitor,
                  double share) {
  const std::int64_t height = picture.size.height, rows = band_rows(context, picture, output.head);
  for (std::int64_t begin = 0; begin < height; begin += rows) {
    const Range band{begin, std::min(begin + rows, height)};
    monitor.ask();
    write_band(context, cut_to(band, picture), band, output);
    monitor.advance(share * static_cast<double>(band.end - band.begin) / static_cast<double>(height));
  }
}

}  // namespace attune
