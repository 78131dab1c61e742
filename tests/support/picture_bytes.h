// Picture files made byte by byte: formats that attune reads and never writes, and EXIF blocks to put into others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/image.h"

namespace attune::test {

using FileBytes = std::vector<std::uint8_t>;

// A picture with gradients and an edge, so that an exchange of axes, rows or channels shows.
template <class T = std::uint8_t>
BasicImage<T> sample_image(std::int64_t width, std::int64_t height, int channels) {
  BasicImage<T> image(width, height, channels);
  const std::int64_t scale = sizeof(T) == 2 ? 257 : 1;
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c)
        image.row(y)[x * channels + c] = static_cast<T>(
            scale * ((40 + 9 * x + 5 * y + 50 * c + (x > width / 2 ? 60 : 0)) % 256) + (scale > 1 ? x : 0));
  return image;
}

inline FileBytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

inline void append(FileBytes& bytes, std::uint64_t value, int count, bool little) {
  for (int i = 0; i < count; ++i)
    bytes.push_back(static_cast<std::uint8_t>(value >> 8 * (little ? i : count - 1 - i)));
}

// A TIFF structure whose first directory holds a width and the orientation.
inline FileBytes make_exif(int orientation, bool little) {
  FileBytes tiff = bytes_of(little ? "II" : "MM");
  append(tiff, 42, 2, little);
  append(tiff, 8, 4, little);
  append(tiff, 2, 2, little);  // entries
  for (const int tag : {0x100, 0x112}) {
    append(tiff, static_cast<std::uint64_t>(tag), 2, little);
    append(tiff, 3, 2, little);  // SHORT
    append(tiff, 1, 4, little);
    append(tiff, tag == 0x112 ? static_cast<std::uint64_t>(orientation) : 640, 2, little);
    append(tiff, 0, 2, little);
  }
  append(tiff, 0, 4, little);  // no further directory
  return tiff;
}

// A colour profile with nothing but its name (version 2's ASCII or version 4's UTF-16) and some noise: libpng's reader takes
// those that deflate to under 81 bytes for too short.
inline FileBytes make_profile(std::string_view name, int version = 2, std::string_view space = "RGB ",
                              std::size_t noise = 300) {
  FileBytes tag = bytes_of(version == 2 ? "desc" : "mluc");
  append(tag, 0, 4, false);
  if (version == 2) {
    append(tag, name.size() + 1, 4, false);
    tag.insert(tag.end(), name.begin(), name.end());
  } else {
    for (const std::uint64_t number : {std::uint64_t{1}, std::uint64_t{12}}) append(tag, number, 4, false);
    for (const char c : std::string_view("enUS")) tag.push_back(static_cast<std::uint8_t>(c));
    append(tag, 2 * name.size(), 4, false);
    append(tag, 28, 4, false);
    for (const char c : name) append(tag, static_cast<std::uint8_t>(c), 2, false);
  }
  tag.push_back(0);
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < noise || tag.size() % 4 != 0; ++i)
    tag.push_back(static_cast<std::uint8_t>((state = state * 1664525u + 1013904223u) >> 24));

  FileBytes profile;
  append(profile, 128 + 4 + 12 + tag.size(), 4, false);
  append(profile, 0, 4, false);
  append(profile, static_cast<std::uint64_t>(version) << 24, 4, false);
  const auto put = [&](std::string_view text) { profile.insert(profile.end(), text.begin(), text.end()); };
  put("mntr");
  put(space);
  put("XYZ ");
  profile.resize(36);
  put("acsp");
  profile.resize(68);
  for (const std::uint64_t d50 : {0xf6d6u, 0x10000u, 0xd32du}) append(profile, d50, 4, false);
  profile.resize(128);
  append(profile, 1, 4, false);
  put("desc");
  append(profile, 144, 4, false);
  append(profile, tag.size(), 4, false);
  profile.insert(profile.end(), tag.begin(), tag.end());
  return profile;
}

inline FileBytes with_exif_in_jpeg(const FileBytes& jpeg, const FileBytes& tiff) {
  FileBytes bytes(jpeg.begin(), jpeg.begin() + 2);
  append(bytes, 0xffe1, 2, false);
  append(bytes, tiff.size() + 8, 2, false);
  const FileBytes identifier = bytes_of(std::string_view("Exif\0\0", 6));
  bytes.insert(bytes.end(), identifier.begin(), identifier.end());
  bytes.insert(bytes.end(), tiff.begin(), tiff.end());
  bytes.insert(bytes.end(), jpeg.begin() + 2, jpeg.end());
  return bytes;
}

inline std::uint32_t png_checksum(const std::uint8_t* data, std::size_t size) {
  std::uint32_t sum = 0xffffffffu;
  for (std::size_t i = 0; i < size; ++i) {
    sum ^= data[i];
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) ? 0xedb88320u : 0u);
  }
  return ~sum;
}

// Puts a chunk right after the header chunk.
inline FileBytes with_chunk_in_png(const FileBytes& png, std::string_view type, const FileBytes& data) {
  constexpr std::ptrdiff_t header_end = 8 + 25;
  FileBytes bytes(png.begin(), png.begin() + header_end);
  append(bytes, data.size(), 4, false);
  const std::size_t begin = bytes.size();
  bytes.insert(bytes.end(), type.begin(), type.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  append(bytes, png_checksum(bytes.data() + begin, bytes.size() - begin), 4, false);
  bytes.insert(bytes.end(), png.begin() + header_end, png.end());
  return bytes;
}

// 24-bit BMP, bottom row first, rows padded to 4 bytes.
inline FileBytes make_bmp(const Image& rgb) {
  const std::int64_t stride = (3 * rgb.width + 3) / 4 * 4;
  FileBytes bytes = bytes_of("BM");
  append(bytes, static_cast<std::uint64_t>(54 + stride * rgb.height), 4, true);
  append(bytes, 0, 4, true);
  append(bytes, 54, 4, true);
  append(bytes, 40, 4, true);
  append(bytes, static_cast<std::uint64_t>(rgb.width), 4, true);
  append(bytes, static_cast<std::uint64_t>(rgb.height), 4, true);
  append(bytes, 1, 2, true);
  append(bytes, 24, 2, true);
  for (int i = 0; i < 6; ++i) append(bytes, 0, 4, true);
  for (std::int64_t y = rgb.height - 1; y >= 0; --y) {
    for (std::int64_t x = 0; x < rgb.width; ++x)
      for (int c = 2; c >= 0; --c) bytes.push_back(rgb.row(y)[3 * x + c]);
    for (std::int64_t i = 3 * rgb.width; i < stride; ++i) bytes.push_back(0);
  }
  return bytes;
}

// TGA of 24 or 8 bits, top row first; run-length packets of one pixel where asked.
inline FileBytes make_tga(const Image& image, bool run_length = false) {
  FileBytes bytes = {0, 0, static_cast<std::uint8_t>((image.channels == 1 ? 3 : 2) + (run_length ? 8 : 0))};
  bytes.resize(12);
  append(bytes, static_cast<std::uint64_t>(image.width), 2, true);
  append(bytes, static_cast<std::uint64_t>(image.height), 2, true);
  bytes.push_back(static_cast<std::uint8_t>(8 * image.channels));
  bytes.push_back(0x20);
  for (std::int64_t i = 0; i < image.width * image.height; ++i) {
    if (run_length) bytes.push_back(0x80);
    for (int c = image.channels - 1; c >= 0; --c)
      bytes.push_back(image.pixels[static_cast<std::size_t>(i * image.channels + c)]);
  }
  return bytes;
}

inline FileBytes make_pnm(const Image& image, int maximum = 255) {
  FileBytes bytes = bytes_of(std::string(image.channels == 1 ? "P5" : "P6") + "\n# made by a test\n" +
                             std::to_string(image.width) + " " + std::to_string(image.height) + "\n" +
                             std::to_string(maximum) + "\n");
  bytes.insert(bytes.end(), image.pixels.begin(), image.pixels.end());
  return bytes;
}

}  // namespace attune::test
