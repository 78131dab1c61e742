// PNG by libpng: every bit depth, palette, transparency and interlacing; 16 bits stay 16 bits.
#ifdef ATTUNE_WITH_PNG

#include <png.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>

#include "core/image_codec.h"

namespace attune::codec {

namespace {

constexpr std::int64_t deflate_expansion = 1032;  // a match of 258 bytes may take 2 bits
// Level 2 with the difference to the row above: a photograph of 12 megapixels takes 1.2 s and 14.2 MB, with zlib's usual
// level 6 and a filter chosen for each row 10.3 s and 13.0 MB.
constexpr int compression_level = 2;
constexpr int row_filter = PNG_FILTER_UP;

struct Escape {
  std::jmp_buf target{};
  char message[128] = {};
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* escape = static_cast<Escape*>(png_get_error_ptr(png));
  std::snprintf(escape->message, sizeof escape->message, "%s", message);
  std::longjmp(escape->target, 1);  // NOLINT(cert-err52-cpp)
}

void on_warning(png_structp, png_const_charp) {}

// The rest of the file that libpng has not read.
void read_bytes(png_structp png, png_bytep target, std::size_t size) {
  auto* rest = static_cast<Bytes*>(png_get_io_ptr(png));
  if (rest->size() < size) png_error(png, "the file ends too early");
  std::memcpy(target, rest->data(), size);
  *rest = rest->subspan(size);
}

// libpng's two structures, released where the Reader's constructor throws.
struct ReadHandles {
  png_structp png = nullptr;
  png_infop info = nullptr;

  ReadHandles() = default;
  ~ReadHandles() { png_destroy_read_struct(&png, &info, nullptr); }
  ReadHandles(const ReadHandles&) = delete;
  ReadHandles& operator=(const ReadHandles&) = delete;
};

enum class Profile { left_out, kept };

class Reader {
 public:
  // Reads up to the picture data.
  Reader(Bytes file, const std::string& name, Profile profile = Profile::left_out)
      : name_(name), file_bytes_(file.size()), rest_(file) {
    run([&] {
      handles_.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &escape_, on_error, on_warning);
      if (handles_.png != nullptr) handles_.info = png_create_info_struct(handles_.png);
    });
    require(handles_.info != nullptr, ErrorKind::out_of_memory, name_, ": no memory to read this PNG");
    run([&] {
      // Colour profiles, texts and times are decompressed and parsed by nobody; their checksums count all the same.
      png_set_keep_unknown_chunks(handles_.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
      if (profile == Profile::kept)
        png_set_keep_unknown_chunks(handles_.png, PNG_HANDLE_CHUNK_AS_DEFAULT,
                                    reinterpret_cast<png_const_bytep>("iCCP"), 1);
      png_set_crc_action(handles_.png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
      png_set_read_fn(handles_.png, &rest_, read_bytes);
      png_read_info(handles_.png, handles_.info);
    });
    check_dimensions(name_, size().width, size().height);
  }

  ImageSize size() const {
    return {png_get_image_width(handles_.png, handles_.info),
            png_get_image_height(handles_.png, handles_.info)};
  }

  // As libpng has uncompressed and checked it; empty without one.
  std::vector<std::uint8_t> profile() const {
    png_charp profile_name = nullptr;
    png_bytep data = nullptr;
    png_uint_32 bytes = 0;
    int compression = 0;
    if (png_get_iCCP(handles_.png, handles_.info, &profile_name, &compression, &data, &bytes) == 0) return {};
    return {data, data + bytes};
  }

  AnyImage decode() {
    const auto stored_row = static_cast<std::int64_t>(png_get_rowbytes(handles_.png, handles_.info));
    check_expansion(name_, stored_row * size().height, file_bytes_, deflate_expansion);
    run([&] {
      png_set_expand(handles_.png);  // palette to RGB, fewer bits to 8, transparency to alpha
      png_set_swap(handles_.png);    // 16 bits in this machine's (little-endian) order
      passes_ = png_set_interlace_handling(handles_.png);
      png_read_update_info(handles_.png, handles_.info);
    });
    if (png_get_bit_depth(handles_.png, handles_.info) == 16) return read_pixels<std::uint16_t>();
    return read_pixels<std::uint8_t>();
  }

 private:
  template <class T>
  BasicImage<T> read_pixels() {
    BasicImage<T> image(size().width, size().height, png_get_channels(handles_.png, handles_.info));
    require(png_get_rowbytes(handles_.png, handles_.info) ==
                sizeof(T) * static_cast<std::size_t>(image.width * image.channels),
            ErrorKind::internal, name_, ": libpng's rows have an unexpected length");
    run([&] {
      for (int pass = 0; pass < passes_; ++pass)
        for (std::int64_t y = 0; y < image.height; ++y)
          png_read_row(handles_.png, reinterpret_cast<png_bytep>(image.row(y)), nullptr);
      png_read_end(handles_.png, nullptr);  // needs the end of the file to be there
    });
    return image;
  }

  template <class Step>
  void run(const Step& step) {
    if (survives(escape_.target, step)) return;
    fail(ErrorKind::input, name_, ": is no PNG that can be read, or cut short: ", escape_.message);
  }

  const std::string& name_;
  std::size_t file_bytes_;
  Bytes rest_;
  Escape escape_;
  ReadHandles handles_;
  int passes_ = 1;
};

// Appends to the vector that libpng's pointer names. An exception must not pass through libpng.
void append_bytes(png_structp png, png_bytep data, std::size_t size) {
  auto* bytes = static_cast<std::vector<std::uint8_t>*>(png_get_io_ptr(png));
  bool appended = true;
  try {
    bytes->insert(bytes->end(), data, data + size);
  } catch (const std::bad_alloc&) {
    appended = false;
  }
  if (!appended) png_error(png, "out of memory");
}

struct WriteHandles {
  png_structp png = nullptr;
  png_infop info = nullptr;

  WriteHandles() = default;
  ~WriteHandles() { png_destroy_write_struct(&png, &info); }
  WriteHandles(const WriteHandles&) = delete;
  WriteHandles& operator=(const WriteHandles&) = delete;
};

int colour_type(int channels) {
  switch (channels) {
    case 1:
      return PNG_COLOR_TYPE_GRAY;
    case 2:
      return PNG_COLOR_TYPE_GRAY_ALPHA;
    case 3:
      return PNG_COLOR_TYPE_RGB;
    default:
      return PNG_COLOR_TYPE_RGB_ALPHA;
  }
}

// A profile that libpng finds fault with is left out, as a benign error.
void set_metadata(png_structp png, png_infop info, const ImageMetadata& metadata) {
  png_set_benign_errors(png, 1);
  if (!metadata.color_profile.empty())
    png_set_iCCP(png, info, "ICC profile", PNG_COMPRESSION_TYPE_BASE, metadata.color_profile.data(),
                 static_cast<png_uint_32>(metadata.color_profile.size()));
  if (!metadata.exif.empty())
    png_set_eXIf_1(png, info, static_cast<png_uint_32>(metadata.exif.size()),
                   const_cast<png_bytep>(metadata.exif.data()));
}

template <class T>
std::vector<std::uint8_t> encode(const BasicImage<T>& image, const ImageMetadata& metadata) {
  std::vector<std::uint8_t> bytes;
  Escape escape;
  WriteHandles handles;
  const bool done = survives(escape.target, [&] {
    handles.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &escape, on_error, on_warning);
    if (handles.png != nullptr) handles.info = png_create_info_struct(handles.png);
    if (handles.info == nullptr) return;
    png_set_write_fn(handles.png, &bytes, append_bytes, nullptr);
    png_set_IHDR(handles.png, handles.info, static_cast<png_uint_32>(image.width),
                 static_cast<png_uint_32>(image.height), 8 * sizeof(T), colour_type(image.channels),
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    set_metadata(handles.png, handles.info, metadata);
    png_set_compression_level(handles.png, compression_level);
    png_set_filter(handles.png, PNG_FILTER_TYPE_BASE, row_filter);
    png_write_info(handles.png, handles.info);
    png_set_swap(handles.png);
    for (std::int64_t y = 0; y < image.height; ++y)
      png_write_row(handles.png, reinterpret_cast<png_const_bytep>(image.row(y)));
    png_write_end(handles.png, nullptr);
  });
  require(handles.info != nullptr, ErrorKind::out_of_memory, "no memory to write a PNG");
  require(done, ErrorKind::output, "this picture cannot be a PNG: ", escape.message);
  return bytes;
}

}  // namespace

ImageSize png_size(Bytes file, const std::string& name) { return Reader(file, name).size(); }

AnyImage decode_png(Bytes file, const std::string& name) { return Reader(file, name).decode(); }

std::vector<std::uint8_t> png_profile(Bytes file, const std::string& name) {
  try {
    return Reader(file, name, Profile::kept).profile();
  } catch (const Error&) {
    return {};  // what is wrong with the picture itself its decoding tells
  }
}

std::vector<std::uint8_t> encode_png_file(const Image& image, const ImageMetadata& metadata) {
  return encode(image, metadata);
}

std::vector<std::uint8_t> encode_png_file(const Image16& image, const ImageMetadata& metadata) {
  return encode(image, metadata);
}

}  // namespace attune::codec

#endif
