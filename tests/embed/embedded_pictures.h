// A picture in memory as a caller of the C API has it, with its mask, in any format and with padded rows;
// and how far two of them are apart.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "attune/attune.h"
#include "tests/reference/transfer_reference.h"

namespace attune::test {

inline const std::string& model_path() {
  static const std::string path = ATTUNE_SOURCE_DIR "/models/small.safetensors";
  return path;
}

inline attune_session_options session_options(std::int32_t device, std::int32_t threads) {
  attune_session_options options = ATTUNE_SESSION_OPTIONS_INIT;
  options.device = device;
  options.threads = threads;
  return options;
}

inline constexpr attune_pixel_format all_formats[] = {ATTUNE_RGB8,   ATTUNE_RGBA8,  ATTUNE_RGB16,
                                                      ATTUNE_RGBA16, ATTUNE_BGR8,   ATTUNE_BGRA8,
                                                      ATTUNE_RGB32F, ATTUNE_RGBA32F};

// Rows of noise around a colour of their own for foreground and background, an ellipse of a mask with a soft edge.
// What lies between a row's end and the next row's start is `gap`.
struct EmbeddedPicture {
  static constexpr std::uint8_t gap = 0xa5;

  std::int64_t width, height;
  attune_pixel_format format;
  std::int64_t padding;  // bytes behind each row, of image, output and mask alike
  attune_transfer transfer = ATTUNE_SRGB;
  std::vector<std::uint8_t> image, mask, output;

  explicit EmbeddedPicture(attune_pixel_format format_ = ATTUNE_RGB8, std::int64_t padding_ = 0,
                           std::int64_t width_ = 40, std::int64_t height_ = 24,
                           attune_transfer transfer_ = ATTUNE_SRGB)
      : width(width_), height(height_), format(format_), padding(padding_), transfer(transfer_) {
    image.assign(static_cast<std::size_t>(height * stride()), gap);
    output = image;
    mask.assign(static_cast<std::size_t>(height * (width + padding)), gap);
    std::mt19937 generator(5);
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) fill_pixel(x, y, generator);
  }

  int channels() const {
    return format == ATTUNE_RGB8 || format == ATTUNE_RGB16 || format == ATTUNE_BGR8 || format == ATTUNE_RGB32F
               ? 3
               : 4;
  }
  int sample_bytes() const {
    if (format == ATTUNE_RGB32F || format == ATTUNE_RGBA32F) return 4;
    return format == ATTUNE_RGB16 || format == ATTUNE_RGBA16 ? 2 : 1;
  }
  // White.
  double peak() const { return sample_bytes() == 4 ? 1 : sample_bytes() == 2 ? 65535 : 255; }
  std::int64_t row_bytes() const { return width * channels() * sample_bytes(); }
  std::int64_t stride() const { return row_bytes() + padding; }
  std::uint8_t& mask_at(std::int64_t x, std::int64_t y) {
    return mask[static_cast<std::size_t>(y * (width + padding) + x)];
  }
  void set_mask(std::uint8_t value) {
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) mask_at(x, y) = value;
  }
  // Red, green, blue or alpha (c = 0 to 3) of `rows` (image or output), 0 to peak().
  double sample(const std::vector<std::uint8_t>& rows, std::int64_t x, std::int64_t y, int c) const {
    const std::uint8_t* at = rows.data() + offset(x, y, c);
    if (sample_bytes() == 1) return *at;
    if (sample_bytes() == 2) return read<std::uint16_t>(at);
    return static_cast<double>(read<float>(at));
  }
  void set_sample(std::int64_t x, std::int64_t y, int c, double value) {
    std::uint8_t* at = image.data() + offset(x, y, c);
    if (sample_bytes() == 1) *at = static_cast<std::uint8_t>(std::lround(value));
    if (sample_bytes() == 2) write(at, static_cast<std::uint16_t>(std::lround(value)));
    if (sample_bytes() == 4) write(at, static_cast<float>(value));
  }

  // What the API is handed. Strides are 0 where there is no padding.
  attune_picture description() {
    attune_picture picture{};
    picture.struct_size = sizeof picture;
    picture.width = width;
    picture.height = height;
    picture.format = format;
    picture.transfer = transfer;
    picture.image = image.data();
    picture.mask = mask.data();
    picture.output = output.data();
    if (padding != 0) {
      picture.image_stride = picture.output_stride = stride();
      picture.mask_stride = width + padding;
    }
    return picture;
  }

 private:
  std::int64_t offset(std::int64_t x, std::int64_t y, int c) const {
    const bool reversed = format == ATTUNE_BGR8 || format == ATTUNE_BGRA8;
    return y * stride() + (x * channels() + (reversed && c < 3 ? 2 - c : c)) * sample_bytes();
  }
  template <class T>
  static T read(const std::uint8_t* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  template <class T>
  static void write(std::uint8_t* at, T value) {
    std::memcpy(at, &value, sizeof value);
  }

  // The same picture in every format, but for rounding.
  void fill_pixel(std::int64_t x, std::int64_t y, std::mt19937& generator) {
    const double dx = 2.0 * static_cast<double>(x) / static_cast<double>(width) - 1;
    const double dy = 2.0 * static_cast<double>(y) / static_cast<double>(height) - 1;
    const double distance = dx * dx + dy * dy;
    mask_at(x, y) = distance < 0.4 ? 255 : distance < 0.5 ? 128 : 0;
    for (int c = 0; c < 4; ++c) {
      const int base = mask_at(x, y) > 0 ? 60 + 30 * c : 190 - 40 * c;
      const double value = (base + static_cast<int>(generator() % 40)) / 255.0;
      if (c >= channels()) continue;
      set_sample(x, y, c, peak() * (transfer == ATTUNE_LINEAR && c < 3 ? reference::decoded(value) : value));
    }
  }
};

// Of the samples that both formats have, as shares of white.
inline double largest_difference(const EmbeddedPicture& a, const std::vector<std::uint8_t>& rows_of_a,
                                 const EmbeddedPicture& b, const std::vector<std::uint8_t>& rows_of_b) {
  double largest = 0;
  for (std::int64_t y = 0; y < a.height; ++y)
    for (std::int64_t x = 0; x < a.width; ++x)
      for (int c = 0; c < std::min(a.channels(), b.channels()); ++c)
        largest = std::max(largest, std::fabs(a.sample(rows_of_a, x, y, c) / a.peak() -
                                              b.sample(rows_of_b, x, y, c) / b.peak()));
  return largest;
}
inline double largest_difference(const EmbeddedPicture& a, const EmbeddedPicture& b) {
  return largest_difference(a, a.output, b, b.output);
}

}  // namespace attune::test
