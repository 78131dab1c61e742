#include "core/image.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "core/files.h"
#include "core/image_codec.h"

namespace attune {

namespace codec {

void check_dimensions(const std::string& name, std::int64_t width, std::int64_t height) {
  require(width > 0 && height > 0, ErrorKind::input, name, ": the picture is empty (", width, "x", height,
          ")");
  require(width <= longest_image_side && height <= longest_image_side && width * height <= most_image_pixels,
          ErrorKind::input, name, ": the picture is too large: ", width, "x", height, ", at most ",
          longest_image_side, " a side and ", most_image_pixels, " pixels are read");
}

void check_expansion(const std::string& name, std::int64_t decoded_bytes, std::size_t file_bytes,
                     std::int64_t most_bytes_per_byte) {
  require(decoded_bytes / most_bytes_per_byte <= static_cast<std::int64_t>(file_bytes), ErrorKind::input,
          name, ": is cut short: ", file_bytes, " bytes cannot hold the picture that its header announces");
}

}  // namespace codec

namespace {

using codec::Bytes;

enum class Format { jpeg, png, pnm, other };

struct Signature {
  std::string_view bytes;
  Format format;
};
constexpr Signature signatures[] = {{"\xff\xd8\xff", Format::jpeg},
                                    {"\x89PNG\r\n\x1a\n", Format::png},
                                    {"P5", Format::pnm},
                                    {"P6", Format::pnm}};

// What begins otherwise is offered to stb_image. (TGA has no signature; its reader checks the header's fields.)
Format format_of(Bytes file) {
  for (const Signature& signature : signatures)
    if (std::equal(signature.bytes.begin(), signature.bytes.end(), file.begin(),
                   file.begin() + static_cast<std::ptrdiff_t>(std::min(file.size(), signature.bytes.size())),
                   [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }))
      return signature.format;
  return Format::other;
}

Bytes bytes_of(const void* data, std::size_t size) { return {static_cast<const std::uint8_t*>(data), size}; }

ImageSize stored_size(Bytes file, const std::string& name) {
  switch (format_of(file)) {
    case Format::jpeg:
      return codec::jpeg_size(file, name);
    case Format::png:
      return codec::png_size(file, name);
    case Format::pnm:
      return codec::pnm_size(file, name);
    case Format::other:
      break;
  }
  return codec::stb_size(file, name);
}

AnyImage decode_stored(Bytes file, const std::string& name) {
  switch (format_of(file)) {
    case Format::jpeg:
      return codec::decode_jpeg(file, name);
    case Format::png:
      return codec::decode_png(file, name);
    case Format::pnm:
      return codec::decode_pnm(file, name);
    case Format::other:
      break;
  }
  return codec::decode_stb(file, name);
}

Bytes exif_of(Bytes file) {
  switch (format_of(file)) {
    case Format::jpeg:
      return codec::jpeg_exif(file);
    case Format::png:
      return codec::png_exif(file);
    case Format::pnm:
    case Format::other:
      break;
  }
  return {};
}

std::vector<std::uint8_t> profile_of(Bytes file, const std::string& name) {
  switch (format_of(file)) {
    case Format::jpeg:
      return codec::jpeg_profile(file);
    case Format::png:
      return codec::png_profile(file, name);
    case Format::pnm:
    case Format::other:
      break;
  }
  return {};
}

// In small letters.
std::string extension_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return extension;
}

template <class T>
void check_image(const BasicImage<T>& image) {
  require(image.width > 0 && image.height > 0 && image.channels >= 1 && image.channels <= 4,
          ErrorKind::argument, "a picture of ", image.width, "x", image.height, " with ", image.channels,
          " channels cannot be encoded");
  require(static_cast<std::int64_t>(image.pixels.size()) == image.width * image.height * image.channels,
          ErrorKind::argument, "a picture of ", image.width, "x", image.height, " with ", image.channels,
          " channels cannot have ", image.pixels.size(), " samples");
}

// What of the metadata a picture of so many channels may keep.
ImageMetadata fitting(const ImageMetadata& metadata, int channels) {
  ImageMetadata kept = metadata;
  if (!codec::fits_channels(kept.color_profile, channels)) kept.color_profile.clear();
  return kept;
}

// The message of an encoder knows no path.
template <class Encode>
std::vector<std::uint8_t> encoded_for(const std::filesystem::path& path, const Encode& encode) {
  try {
    return encode();
  } catch (const Error& error) {
    fail(error.kind(), path.string(), ": cannot be written: ", error.what());
  }
}

}  // namespace

bool is_picture_name(const std::filesystem::path& path) {
  constexpr const char* extensions[] = {".jpg", ".jpeg", ".png", ".bmp", ".tga",
                                        ".ppm", ".pgm",  ".psd", ".gif"};
  const std::string extension = extension_of(path);
  return std::any_of(std::begin(extensions), std::end(extensions),
                     [&](const char* known) { return extension == known; });
}

void require_writable_name(const std::filesystem::path& path) {
  const std::string extension = extension_of(path);
  require(extension == ".png" || extension == ".jpg" || extension == ".jpeg", ErrorKind::output,
          path.string(), ": cannot be written: the name must end in .png, .jpg or .jpeg");
}

bool is_png_name(const std::filesystem::path& path) { return extension_of(path) == ".png"; }

AnyImage decode_image(const void* data, std::size_t size, const std::string& name, ImageMetadata* metadata) {
  const Bytes file = bytes_of(data, size), exif = exif_of(file);
  const int orientation = codec::exif_orientation(exif);
  if (metadata) *metadata = {profile_of(file, name), codec::upright_exif(exif)};
  return std::visit([&](auto image) -> AnyImage { return apply_orientation(std::move(image), orientation); },
                    decode_stored(file, name));
}

ImageSize decode_image_size(const void* data, std::size_t size, const std::string& name) {
  const Bytes file = bytes_of(data, size);
  const ImageSize stored = stored_size(file, name);
  if (codec::exif_orientation(exif_of(file)) >= 5) return {stored.height, stored.width};
  return stored;
}

AnyImage read_any_image(const std::filesystem::path& path, ImageMetadata* metadata) {
  const std::vector<std::uint8_t> file = read_file(path);
  return decode_image(file.data(), file.size(), path.string(), metadata);
}

Image read_image(const std::filesystem::path& path, int channels) {
  AnyImage any = read_any_image(path);
  Image image = std::holds_alternative<Image16>(any) ? to_8_bits(std::get<Image16>(any))
                                                     : std::move(std::get<Image>(any));
  return channels == 0 ? image : convert_channels(std::move(image), channels);
}

ImageSize read_image_size(const std::filesystem::path& path) {
  // Headers end within this, but for files with long colour profiles and previews.
  constexpr std::size_t usual_header = std::size_t{1} << 17;
  InputFile input(path);
  std::vector<std::uint8_t> file(usual_header);
  file.resize(input.read(file.data(), file.size()));
  try {
    return decode_image_size(file.data(), file.size(), path.string());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input || file.size() < usual_header) throw;
  }
  file = read_file(path);
  return decode_image_size(file.data(), file.size(), path.string());
}

std::vector<std::uint8_t> encode_png(const Image& image, const WriteOptions& options) {
  check_image(image);
  return codec::encode_png_file(image, fitting(options.metadata, image.channels));
}

std::vector<std::uint8_t> encode_jpeg(const Image& image, const WriteOptions& options) {
  check_image(image);
  require(options.jpeg_quality >= 1 && options.jpeg_quality <= 100, ErrorKind::argument, "jpeg_quality is ",
          options.jpeg_quality, ", expected 1 to 100");
  // JPEG has no transparency.
  const int channels = image.channels <= 2 ? 1 : 3;
  const ImageMetadata metadata = fitting(options.metadata, channels);
  return channels == image.channels
             ? codec::encode_jpeg_file(image, options.jpeg_quality, metadata)
             : codec::encode_jpeg_file(convert_channels(image, channels), options.jpeg_quality, metadata);
}

void write_image(const std::filesystem::path& path, const Image& image, const WriteOptions& options) {
  require_writable_name(path);
  write_file_atomically(path, encoded_for(path, [&] {
                          return is_png_name(path) ? encode_png(image, options) : encode_jpeg(image, options);
                        }));
}

void write_image(const std::filesystem::path& path, const Image16& image, const WriteOptions& options) {
  require_writable_name(path);
  require(is_png_name(path), ErrorKind::output, path.string(),
          ": cannot be written: 16-bit pictures need a name that ends in .png");
  write_file_atomically(path, encoded_for(path, [&] {
                          check_image(image);
                          return codec::encode_png_file(image, fitting(options.metadata, image.channels));
                        }));
}

}  // namespace attune
