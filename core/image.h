// Pictures in memory, and reading and writing them as files.
//
// JPEG and PNG are read and written by libjpeg-turbo and libpng, every other format (and both, where those
// libraries are absent) is read by stb_image. EXIF orientation is applied when a picture is read. Errors:
// ErrorKind::input where a file is missing, is no picture, is cut short or is too large to hold (dimensions
// are checked before anything is decoded); ErrorKind::output where a file can't be written. A file is written
// beside its place and renamed, so that no half-written one stays behind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <variant>
#include <vector>

#include "core/shape.h"

namespace attune {

// Interleaved rows without padding: 1 grey, 2 grey + alpha, 3 RGB or 4 RGBA channels.
template <class T>
struct BasicImage {
  std::int64_t width = 0, height = 0;
  int channels = 0;
  std::vector<T> pixels;

  BasicImage() = default;
  BasicImage(std::int64_t width_, std::int64_t height_, int channels_)
      : width(width_),
        height(height_),
        channels(channels_),
        pixels(static_cast<std::size_t>(Shape{height_, width_, channels_}.elements())) {}

  T* row(std::int64_t y) { return pixels.data() + y * width * channels; }
  const T* row(std::int64_t y) const { return pixels.data() + y * width * channels; }
};
using Image = BasicImage<std::uint8_t>;
using Image16 = BasicImage<std::uint16_t>;
using AnyImage = std::variant<Image, Image16>;

// As stored: 16 bits for a 16-bit PNG, 8 bits otherwise.
AnyImage read_any_image(const std::filesystem::path& path);

// Converted to 8 bits and to `channels` (1, 3 or 4; 0 keeps them). Grey to RGB repeats; RGB to grey is BT.601
// luma; alpha is dropped or set to 255.
Image read_image(const std::filesystem::path& path, int channels = 3);

struct ImageSize {
  std::int64_t width = 0, height = 0;
};
// From the header alone, with EXIF orientation applied.
ImageSize read_image_size(const std::filesystem::path& path);

// The format follows the name's extension (.png, .jpg, .jpeg in any case; anything else is
// ErrorKind::output).
struct WriteOptions {
  int jpeg_quality = 95;  // 4:4:4
};
void write_image(const std::filesystem::path& path, const Image& image, const WriteOptions& options = {});
void write_image(const std::filesystem::path& path, const Image16& image);  // PNG only

// A PNG file's bytes, for reports that embed pictures.
std::vector<std::uint8_t> encode_png(const Image& image);

}  // namespace attune
