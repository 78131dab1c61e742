// What the readers and writers of picture formats share; included by core/image*.cpp only.
//
// A reader gets the whole file (or for sizes, its beginning) in memory, and a name for messages. It throws
// ErrorKind::input for bytes that are no whole picture of its format, and checks the dimensions before it allocates.
#pragma once

#include <csetjmp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/image.h"

namespace attune::codec {

using Bytes = std::span<const std::uint8_t>;

// Throws where a picture is empty, too large to hold, or so large that `file_bytes` cannot encode it (a short header
// must not make the reader allocate gigabytes). `most_bytes_per_byte` is the format's largest expansion.
void check_dimensions(const std::string& name, std::int64_t width, std::int64_t height);
void check_expansion(const std::string& name, std::int64_t decoded_bytes, std::size_t file_bytes,
                     std::int64_t most_bytes_per_byte);

// Each size is of the stored pixels, before EXIF orientation.
ImageSize jpeg_size(Bytes file, const std::string& name);
ImageSize png_size(Bytes file, const std::string& name);
ImageSize pnm_size(Bytes file, const std::string& name);
ImageSize stb_size(Bytes file, const std::string& name);

Image decode_jpeg(Bytes file, const std::string& name);
AnyImage decode_png(Bytes file, const std::string& name);
AnyImage decode_pnm(Bytes file, const std::string& name);
AnyImage decode_stb(Bytes file, const std::string& name);

// Encoders throw ErrorKind::output where the format cannot hold the picture. Without libjpeg-turbo and libpng they leave
// out the metadata.
std::vector<std::uint8_t> encode_jpeg_file(const Image& image, int quality,
                                           const ImageMetadata& metadata);  // 1 or 3 channels
std::vector<std::uint8_t> encode_png_file(const Image& image, const ImageMetadata& metadata);
std::vector<std::uint8_t> encode_png_file(const Image16& image, const ImageMetadata& metadata);

// The EXIF block of a file of this format, and its colour profile; empty where it has none or a malformed one.
Bytes jpeg_exif(Bytes file);
Bytes png_exif(Bytes file);
std::vector<std::uint8_t> jpeg_profile(Bytes file);
std::vector<std::uint8_t> png_profile(Bytes file, const std::string& name);

// What stands before the EXIF block in a JPEG's segment.
inline constexpr std::string_view exif_identifier("Exif\0\0", 6);
// The orientation (1 to 8) that it states, 1 where it states none or a malformed one; and the block with 1 in its place.
int exif_orientation(Bytes exif);
std::vector<std::uint8_t> upright_exif(Bytes exif);

// Whether a profile is for pictures of so many channels.
bool fits_channels(const std::vector<std::uint8_t>& profile, int channels);

// Runs `step`, which calls a C library whose error handler jumps to `escape`; false where it jumped.
// The jump skips destructors: neither `step` nor what it calls may own anything.
template <class Step>
[[gnu::noinline]] bool survives(std::jmp_buf& escape, const Step& step) {
  if (setjmp(escape) != 0) return false;  // NOLINT(cert-err52-cpp): libjpeg and libpng know no other way
  step();
  return true;
}

}  // namespace attune::codec
