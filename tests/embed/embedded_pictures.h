// A picture in memory as a caller of the C API has it, with its mask, in any format and with padded rows.
#pragma once

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "attune/attune.h"

namespace attune::test {

inline const std::string& model_path() {
  static const std::string path = ATTUNE_SOURCE_DIR "/models/small.safetensors";
  return path;
}

// Rows of noise around a colour of their own for foreground and background, an ellipse of a mask with a soft edge.
// What lies between a row's end and the next row's start is `gap`.
struct EmbeddedPicture {
  static constexpr std::uint8_t gap = 0xa5;

  std::int64_t width, height;
  attune_pixel_format format;
  std::int64_t padding;  // bytes behind each row, of image, output and mask alike
  std::vector<std::uint8_t> image, mask, output;

  explicit EmbeddedPicture(attune_pixel_format format_ = ATTUNE_RGB8, std::int64_t padding_ = 0,
                           std::int64_t width_ = 40, std::int64_t height_ = 24)
      : width(width_), height(height_), format(format_), padding(padding_) {
    image.assign(static_cast<std::size_t>(height * stride()), gap);
    output = image;
    mask.assign(static_cast<std::size_t>(height * (width + padding)), gap);
    std::mt19937 generator(5);
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) fill_pixel(x, y, generator);
  }

  int channels() const { return format == ATTUNE_RGBA8 || format == ATTUNE_RGBA16 ? 4 : 3; }
  int sample_bytes() const { return format == ATTUNE_RGB16 || format == ATTUNE_RGBA16 ? 2 : 1; }
  std::int64_t row_bytes() const { return width * channels() * sample_bytes(); }
  std::int64_t stride() const { return row_bytes() + padding; }
  std::uint8_t& mask_at(std::int64_t x, std::int64_t y) {
    return mask[static_cast<std::size_t>(y * (width + padding) + x)];
  }
  void set_mask(std::uint8_t value) {
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) mask_at(x, y) = value;
  }
  // A sample of `rows` (image or output), 0..255 or 0..65535.
  int sample(const std::vector<std::uint8_t>& rows, std::int64_t x, std::int64_t y, int c) const {
    const std::uint8_t* at = rows.data() + y * stride() + (x * channels() + c) * sample_bytes();
    if (sample_bytes() == 1) return *at;
    std::uint16_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }

  // What the API is handed. Strides are 0 where there is no padding.
  attune_picture description() {
    attune_picture picture{};
    picture.struct_size = sizeof picture;
    picture.width = width;
    picture.height = height;
    picture.format = format;
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
  void fill_pixel(std::int64_t x, std::int64_t y, std::mt19937& generator) {
    const double dx = 2.0 * static_cast<double>(x) / static_cast<double>(width) - 1;
    const double dy = 2.0 * static_cast<double>(y) / static_cast<double>(height) - 1;
    const double distance = dx * dx + dy * dy;
    mask_at(x, y) = distance < 0.4 ? 255 : distance < 0.5 ? 128 : 0;
    for (int c = 0; c < channels(); ++c) {
      const int base = mask_at(x, y) > 0 ? 60 + 30 * c : 190 - 40 * c;
      const int value = base + static_cast<int>(generator() % 40);
      std::uint8_t* at = image.data() + y * stride() + (x * channels() + c) * sample_bytes();
      const auto wide = static_cast<std::uint16_t>(value * 257);
      if (sample_bytes() == 1)
        *at = static_cast<std::uint8_t>(value);
      else
        std::memcpy(at, &wide, sizeof wide);
    }
  }
};

}  // namespace attune::test
