// Pictures in memory, and reading and writing them as files.
//
// JPEG and PNG are read and written by libjpeg-turbo and libpng; BMP and TGA (and those two, where their libraries are
// absent) are read by stb_image, binary PGM and PPM by image_pnm.cpp. The format is known by the file's first bytes,
// never by its name. EXIF orientation is applied when a picture is read; colours are taken as they are stored (sRGB),
// CMYK is converted to RGB without its profile. Profile and EXIF pass through as opaque blocks where a writer is given them.
// Errors: ErrorKind::input where a file is missing, is no picture, is cut short or damaged, or is too large to hold
// (dimensions are checked before anything is decoded); ErrorKind::output where a file can't be written. A file is
// written beside its place and renamed, so that no half-written one stays behind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
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

inline constexpr std::int64_t longest_image_side = 65535;
inline constexpr std::int64_t most_image_pixels = 400'000'000;

// What a file says beside its pixels.
struct ImageMetadata {
  std::vector<std::uint8_t> color_profile;  // of the ICC; a file's that is malformed is left out
  // A TIFF structure. Its orientation is 1, since pixels are turned as they are read; an old thumbnail is left out of it.
  std::vector<std::uint8_t> exif;
};
// The profile's name for itself ("sRGB IEC61966-2.1"), in ASCII; empty where it has none.
std::string color_profile_name(const std::vector<std::uint8_t>& profile);

// As stored: 16 bits for a PNG, PGM or PPM that has them, 8 bits otherwise. Transparency makes an alpha channel.
AnyImage read_any_image(const std::filesystem::path& path, ImageMetadata* metadata = nullptr);
// The same from memory; `name` stands for the file in messages.
AnyImage decode_image(const void* data, std::size_t size, const std::string& name,
                      ImageMetadata* metadata = nullptr);

// Converted to 8 bits and to `channels` (1, 3 or 4; 0 keeps them). Grey to RGB repeats; RGB to grey is BT.601
// luma; alpha is dropped or set to 255.
Image read_image(const std::filesystem::path& path, int channels = 3);

struct ImageSize {
  std::int64_t width = 0, height = 0;
};
// From the header alone, with EXIF orientation applied.
ImageSize read_image_size(const std::filesystem::path& path);
ImageSize decode_image_size(const void* data, std::size_t size, const std::string& name);

// As read_image converts: to 1 (grey), 2 (grey and alpha), 3 or 4 channels, and to 8 bits, rounded to the nearest.
Image convert_channels(Image image, int channels);
Image16 convert_channels(Image16 image, int channels);
Image to_8_bits(const Image16& image);
Image16 to_16_bits(const Image& image);  // 255 becomes 65535

// The picture as it is meant to be seen, where it was stored with this EXIF orientation (1 to 8).
Image apply_orientation(Image image, int orientation);
Image16 apply_orientation(Image16 image, int orientation);

// Whether a file is a picture by its name's extension, in any case; not whether it can be read, or such a one written.
bool is_picture_name(const std::filesystem::path& path);

// The format follows the name's extension (.png, .jpg, .jpeg in any case; anything else is
// ErrorKind::output).
void require_writable_name(const std::filesystem::path& path);
bool is_png_name(const std::filesystem::path& path);
struct WriteOptions {
  int jpeg_quality = 95;  // 1 to 100; 4:4:4, without alpha
  // Left out: a profile of other colours than the picture's (of grey ones, of inks), an EXIF block too long for a JPEG.
  ImageMetadata metadata = {};
};
void write_image(const std::filesystem::path& path, const Image& image, const WriteOptions& options = {});
void write_image(const std::filesystem::path& path, const Image16& image,
                 const WriteOptions& options = {});  // PNG only

// A file's bytes, for reports that embed pictures.
std::vector<std::uint8_t> encode_png(const Image& image, const WriteOptions& options = {});
std::vector<std::uint8_t> encode_jpeg(const Image& image, const WriteOptions& options = {});

}  // namespace attune
