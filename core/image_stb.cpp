// The formats that stb_image reads: BMP and TGA, and JPEG and PNG where their own libraries are absent. Its GIF, PSD,
// HDR and PIC readers are left out: nobody needs them here, and they hold most of its known faults.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include "core/image_codec.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_NO_GIF
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_NO_PIC
#define STBI_NO_PNM
#define STBI_NO_PSD
#ifdef ATTUNE_WITH_JPEG
#define STBI_NO_JPEG
#endif
#ifdef ATTUNE_WITH_PNG
#define STBI_NO_PNG
#endif
#define STBI_MAX_DIMENSIONS 65535
// A library must not abort; and what stb does not fill in must not be old memory.
#define STBI_ASSERT(condition) static_cast<void>(0)
#define STBI_MALLOC(size) std::calloc(1, size)
#define STBI_REALLOC(data, size) std::realloc(data, size)
#define STBI_FREE(data) std::free(data)
#if !defined(ATTUNE_WITH_JPEG) || !defined(ATTUNE_WITH_PNG)
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(condition) static_cast<void>(0)
#endif

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image.h>
#ifdef STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>
#endif
#pragma GCC diagnostic pop

namespace attune::codec {

namespace {

// A run-length packet of TGA makes 128 pixels of 2 bytes. Bounds the others too, deflate aside.
constexpr std::int64_t most_pixels_per_byte = 128;

// Hands stb a file piece by piece, and notices what stb does not report: that it asked for bytes behind the end.
class Source {
 public:
  explicit Source(Bytes rest) : rest_(rest) {}

  bool ran_out() const { return ran_out_; }

  static constexpr stbi_io_callbacks callbacks() { return {read, skip, at_end}; }

 private:
  static int read(void* user, char* target, int size) {
    auto* source = static_cast<Source*>(user);
    // stb's first read fills the buffer inside its context, and so do all others to the same address: these take what
    // there is. The others go straight to pixels or chunks, and need all that they ask for.
    if (source->buffer_ == nullptr) source->buffer_ = target;
    const std::size_t count = std::min(source->rest_.size(), static_cast<std::size_t>(size));
    source->ran_out_ |= count == 0 || (target != source->buffer_ && count < static_cast<std::size_t>(size));
    if (count > 0) std::memcpy(target, source->rest_.data(), count);
    source->rest_ = source->rest_.subspan(count);
    return static_cast<int>(count);
  }

  static void skip(void* user, int size) {
    auto* source = static_cast<Source*>(user);
    const std::size_t count = std::min(source->rest_.size(), static_cast<std::size_t>(std::max(size, 0)));
    source->rest_ = source->rest_.subspan(count);
  }

  static int at_end(void* user) { return static_cast<Source*>(user)->rest_.empty(); }

  Bytes rest_;
  const char* buffer_ = nullptr;
  bool ran_out_ = false;
};

int file_length(Bytes file, const std::string& name) {
  require(file.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()), ErrorKind::input, name,
          ": is too large a file for this format");
  return static_cast<int>(file.size());
}

template <class T>
BasicImage<T> copied(const T* pixels, int width, int height, int channels) {
  BasicImage<T> image(width, height, channels);
  std::copy_n(pixels, image.pixels.size(), image.pixels.begin());
  return image;
}

struct Free {
  void operator()(void* data) const { stbi_image_free(data); }
};

template <class T, class Load>
BasicImage<T> decode(Bytes file, const std::string& name, const Load& load) {
  const ImageSize size = stb_size(file, name);
  const bool is_png = file[0] == 0x89;
  check_expansion(name, size.width * size.height, file.size(), is_png ? 8 * 1032 : most_pixels_per_byte);
  Source source(file);
  const stbi_io_callbacks callbacks = Source::callbacks();
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<T, Free> pixels(load(&callbacks, &source, &width, &height, &channels, 0));
  require(!source.ran_out(), ErrorKind::input, name, ": is cut short");
  require(pixels != nullptr, ErrorKind::input, name,
          ": is no picture that can be read: ", stbi_failure_reason());
  return copied(pixels.get(), width, height, channels);
}

}  // namespace

ImageSize stb_size(Bytes file, const std::string& name) {
  int width = 0, height = 0, channels = 0;
  const bool known =
      stbi_info_from_memory(file.data(), file_length(file, name), &width, &height, &channels) != 0;
  // Asked for before the call, as one of the message's arguments, it would be the last failure's, or null.
  const char* const reason = known ? "" : stbi_failure_reason();
  require(known, ErrorKind::input, name,
          ": is no JPEG, PNG, BMP, TGA, binary PGM or PPM picture, or a broken one (", reason, ")");
  check_dimensions(name, width, height);
  return {width, height};
}

AnyImage decode_stb(Bytes file, const std::string& name) {
  if (stbi_is_16_bit_from_memory(file.data(), file_length(file, name)) != 0)
    return decode<std::uint16_t>(file, name, stbi_load_16_from_callbacks);
  return decode<std::uint8_t>(file, name, stbi_load_from_callbacks);
}

#ifdef STB_IMAGE_WRITE_IMPLEMENTATION

namespace {

struct Sink {
  std::vector<std::uint8_t> bytes;
  bool complete = true;

  static void append(void* user, void* data, int size) noexcept {
    auto* sink = static_cast<Sink*>(user);
    const auto* begin = static_cast<const std::uint8_t*>(data);
    try {
      sink->bytes.insert(sink->bytes.end(), begin, begin + size);
    } catch (const std::bad_alloc&) {
      sink->complete = false;
    }
  }
};

// stb_image_write computes sizes in int.
void require_int_size(const Image& image) {
  constexpr std::size_t most_bytes = std::size_t{1} << 30;
  require(image.pixels.size() <= most_bytes, ErrorKind::output, "a picture of ", image.width, "x",
          image.height, " is too large to be written without libjpeg-turbo and libpng");
}

std::vector<std::uint8_t> finished(Sink& sink, int ok) {
  require(ok != 0 && sink.complete, ErrorKind::out_of_memory, "no memory to encode a picture");
  return std::move(sink.bytes);
}

}  // namespace

#endif

#ifndef ATTUNE_WITH_JPEG

ImageSize jpeg_size(Bytes file, const std::string& name) { return stb_size(file, name); }

Image decode_jpeg(Bytes file, const std::string& name) {
  return decode<std::uint8_t>(file, name, stbi_load_from_callbacks);
}

std::vector<std::uint8_t> encode_jpeg_file(const Image& image, int quality, const ImageMetadata&) {
  require_int_size(image);
  Sink sink;
  const int ok =
      stbi_write_jpg_to_func(Sink::append, &sink, static_cast<int>(image.width),
                             static_cast<int>(image.height), image.channels, image.pixels.data(), quality);
  return finished(sink, ok);
}

#endif

#ifndef ATTUNE_WITH_PNG

ImageSize png_size(Bytes file, const std::string& name) { return stb_size(file, name); }

AnyImage decode_png(Bytes file, const std::string& name) { return decode_stb(file, name); }

std::vector<std::uint8_t> png_profile(Bytes, const std::string&) { return {}; }

std::vector<std::uint8_t> encode_png_file(const Image& image, const ImageMetadata&) {
  require_int_size(image);
  Sink sink;
  const int stride = static_cast<int>(image.width * image.channels);
  const int ok =
      stbi_write_png_to_func(Sink::append, &sink, static_cast<int>(image.width),
                             static_cast<int>(image.height), image.channels, image.pixels.data(), stride);
  return finished(sink, ok);
}

std::vector<std::uint8_t> encode_png_file(const Image16&, const ImageMetadata&) {
  fail(ErrorKind::unsupported, "this build of attune has no libpng, which 16-bit PNG files need");
}

#endif

}  // namespace attune::codec
