#include "embed/output.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/parallel.h"
#include "embed/transfer.h"

namespace attune {

namespace {

// The picture as if its rows before `band` were not there.
Picture cut_to(const Range& band, Picture picture) {
  picture.image.data = picture.image.row(band.begin);
  picture.mask.data = picture.mask.row(band.begin);
  picture.output = picture.output_row(band.begin);
  return picture;
}

// Turns the entries of each cell's A and b around: blue first.
template <class T>
void reverse_channels(T* cells, std::int64_t count) {
  for (T* const end = cells + count; cells != end; cells += 12) {
    std::reverse(cells, cells + 9);
    std::swap(cells[9], cells[11]);
  }
}

void reverse_channels(const TensorView& map) {
  if (map.dtype == DType::bf16)
    reverse_channels(map.as<bfloat16>(), map.elements());
  else
    reverse_channels(map.as<float>(), map.elements());
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
T mixed(T before, float colour, float strength) {
  constexpr float peak = std::is_same_v<T, float> ? 1 : static_cast<float>(std::numeric_limits<T>::max());
  const auto from = static_cast<float>(before);
  const float to = std::clamp(colour * peak, std::min(0.0f, from), std::max(peak, from));
  const float result = std::lerp(from, to, strength);
  if constexpr (std::is_same_v<T, float>) return result;
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
      out[c] =
          c == 3 || !masked ? in[c] : mixed(in[c], colours[picture.reversed ? 2 - c : c], output.strength);
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

// A band of a linear picture: in sRGB in `encoded`, and back where the mask is.
class LinearBand {
 public:
  LinearBand(const Picture& picture, std::int64_t rows, bool inverted)
      : row_(picture.size.width * picture.channels),
        inverted_(inverted),
        encoded_(static_cast<std::size_t>(rows * row_)) {}

  void write(Context& context, const Picture& band_picture, const Range& band, const Output& output) {
    Picture srgb = band_picture;
    srgb.image = {encoded_.data(), row_ * 4};
    srgb.output = encoded_.data();
    srgb.output_stride = row_ * 4;
    const std::int64_t rows = band.end - band.begin;
    parallel_for(context.threads(), rows, [&](std::int64_t y) {
      const Range part = masked_samples(band_picture, y);
      const auto* in = static_cast<const float*>(band_picture.image.row(y));
      srgb_from_linear(in + part.begin, encoded_row(y) + part.begin, part.end - part.begin);
    });
    write_band(context, srgb, band, output);
    parallel_for(context.threads(), rows, [&](std::int64_t y) {
      const Range part = masked_samples(band_picture, y);
      linear_from_srgb(encoded_row(y) + part.begin, encoded_row(y) + part.begin, part.end - part.begin);
      store(band_picture, y);
    });
  }

 private:
  float* encoded_row(std::int64_t y) { return encoded_.data() + y * row_; }
  // From the first to behind the last pixel with any mask.
  Range masked_samples(const Picture& band_picture, std::int64_t y) const {
    const MaskRow is_masked(band_picture, y, inverted_);
    Range pixels{0, band_picture.size.width};
    while (pixels.begin < pixels.end && !is_masked(pixels.begin)) ++pixels.begin;
    while (pixels.begin < pixels.end && !is_masked(pixels.end - 1)) --pixels.end;
    return {pixels.begin * band_picture.channels, pixels.end * band_picture.channels};
  }
  void store(const Picture& band_picture, std::int64_t y) {
    const auto* in = static_cast<const float*>(band_picture.image.row(y));
    auto* out = static_cast<float*>(band_picture.output_row(y));
    if (in != out) std::memcpy(out, in, static_cast<std::size_t>(row_) * sizeof(float));
    const MaskRow is_masked(band_picture, y, inverted_);
    const float* colours = encoded_row(y);
    for (std::int64_t x = 0; x < band_picture.size.width; ++x)
      if (is_masked(x)) std::copy_n(colours + x * band_picture.channels, 3, out + x * band_picture.channels);
  }

  std::int64_t row_;  // floats
  bool inverted_;
  std::vector<float> encoded_;
};

// 8 megapixels take some 20 ms, within which a caller who cancels is heard; of a linear picture 1 megapixel, which is kept.
std::int64_t band_rows(const Picture& picture) {
  const std::int64_t pixels = std::int64_t{picture.linear ? 1 : 8} << 20;
  return std::clamp<std::int64_t>(pixels / picture.size.width, 1, picture.size.height);
}

}  // namespace

void write_output(Context& context, const Picture& picture, const Output& output, Monitor& monitor,
                  double share) {
  if (picture.reversed && output.head == Head::affine) reverse_channels(output.result);
  const std::int64_t height = picture.size.height, rows = band_rows(picture);
  LinearBand linear(picture, picture.linear ? rows : 0, output.inverted);
  for (std::int64_t begin = 0; begin < height; begin += rows) {
    const Range band{begin, std::min(begin + rows, height)};
    monitor.ask();
    const Picture band_picture = cut_to(band, picture);
    if (picture.linear)
      linear.write(context, band_picture, band, output);
    else
      write_band(context, band_picture, band, output);
    monitor.advance(share * static_cast<double>(band.end - band.begin) / static_cast<double>(height));
  }
}

}  // namespace attune
