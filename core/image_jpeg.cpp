// JPEG by libjpeg-turbo: baseline and progressive; grey, YCbCr, RGB, and CMYK converted to RGB.
#ifdef ATTUNE_WITH_JPEG

// In this order: jpeglib.h needs FILE, and jerror.h numbers its codes by what jpeglib.h defines.
#include <cstdio>

#include <jpeglib.h>

#include <jerror.h>

#include <algorithm>
#include <new>
#include <utility>

#include "core/image_codec.h"

namespace attune::codec {

namespace {

// A progressive file may repeat its scans without end, each costing a pass over the picture; encoders write about ten.
constexpr int most_scans = 100;
// Huffman codes have at least one bit, so that each block of 8x8 samples of each component takes a bit; the largest
// component has at least a quarter of the pixels.
constexpr std::int64_t most_pixels_per_byte = 64 * 8 * 4;

// Decoding goes on after these, with made-up pixels.
bool is_damage(int warning) {
  return warning == JWRN_JPEG_EOF || warning == JWRN_HIT_MARKER || warning == JWRN_HUFF_BAD_CODE ||
         warning == JWRN_ARITH_BAD_CODE || warning == JWRN_MUST_RESYNC;
}

struct Escape {
  jpeg_error_mgr manager{};  // first, so that libjpeg's pointer to it is one to the Escape
  std::jmp_buf target{};
  char message[JMSG_LENGTH_MAX] = {};
  int code = 0;
};

[[noreturn]] void escape_with(j_common_ptr info) {
  auto* escape = reinterpret_cast<Escape*>(info->err);
  escape->code = escape->manager.msg_code;
  escape->manager.format_message(info, escape->message);
  std::longjmp(escape->target, 1);  // NOLINT(cert-err52-cpp)
}

void on_message(j_common_ptr info, int level) {
  if (level < 0 && is_damage(info->err->msg_code)) escape_with(info);
}

jpeg_error_mgr* prepare(Escape& escape) {
  jpeg_std_error(&escape.manager);
  escape.manager.error_exit = escape_with;
  escape.manager.emit_message = on_message;
  escape.manager.output_message = [](j_common_ptr) {};
  return &escape.manager;
}

void limit_scans(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= most_scans) return;
  auto* escape = reinterpret_cast<Escape*>(info->err);
  escape->code = JERR_BAD_PROGRESSION;
  std::snprintf(escape->message, sizeof escape->message, "it has more than %d scans", most_scans);
  std::longjmp(escape->target, 1);  // NOLINT(cert-err52-cpp)
}

// Adobe's files store ink coverage inverted: 255 is none.
void cmyk_to_rgb(const JSAMPLE* cmyk, bool inverted, std::int64_t width, std::uint8_t* rgb) {
  for (std::int64_t x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int black = inverted ? cmyk[3] : 255 - cmyk[3];
    for (int c = 0; c < 3; ++c) {
      const int light = inverted ? cmyk[c] : 255 - cmyk[c];
      rgb[c] = static_cast<std::uint8_t>((light * black + 127) / 255);
    }
  }
}

// An object of its own, so that it is released where the Reader's constructor throws.
struct Decompressor : jpeg_decompress_struct {
  Decompressor() : jpeg_decompress_struct{} {}
  ~Decompressor() { jpeg_destroy_decompress(this); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
};

class Reader {
 public:
  // Reads the header.
  Reader(Bytes file, const std::string& name) : name_(name), file_bytes_(file.size()) {
    info_.err = prepare(escape_);
    progress_.progress_monitor = limit_scans;
    run([&] {
      jpeg_create_decompress(&info_);
      jpeg_mem_src(&info_, file.data(), static_cast<unsigned long>(file.size()));
      jpeg_read_header(&info_, TRUE);
    });
    // Nobody writes arithmetic codes, few programs read them, and a byte may stand for any number of pixels.
    require(!info_.arith_code, ErrorKind::input, name_,
            ": is a JPEG with arithmetic coding, which is not supported");
    check_dimensions(name_, info_.image_width, info_.image_height);
  }
  ImageSize size() const { return {info_.image_width, info_.image_height}; }

  Image decode() {
    const bool grey = info_.jpeg_color_space == JCS_GRAYSCALE;
    const bool cmyk = info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
    info_.out_color_space = grey ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
    check_expansion(name_, size().width * size().height, file_bytes_, most_pixels_per_byte);
    info_.progress = &progress_;
    Image image(size().width, size().height, grey ? 1 : 3);
    run([&] {
      jpeg_start_decompress(&info_);
      JSAMPROW buffer = nullptr;
      if (cmyk)
        buffer = *info_.mem->alloc_sarray(reinterpret_cast<j_common_ptr>(&info_), JPOOL_IMAGE,
                                          info_.output_width * 4, 1);
      while (info_.output_scanline < info_.output_height) {
        std::uint8_t* row = image.row(info_.output_scanline);
        JSAMPROW target = cmyk ? buffer : row;
        jpeg_read_scanlines(&info_, &target, 1);
        if (cmyk) cmyk_to_rgb(buffer, info_.saw_Adobe_marker, image.width, row);
      }
      jpeg_finish_decompress(&info_);  // needs the end of the image to be there
    });
    return image;
  }

 private:
  template <class Step>
  void run(const Step& step) {
    if (survives(escape_.target, step)) return;
    require(escape_.code != JERR_OUT_OF_MEMORY, ErrorKind::out_of_memory, name_,
            ": no memory to read this JPEG");
    fail(ErrorKind::input, name_, ": is no JPEG that can be read, or cut short: ", escape_.message);
  }

  const std::string& name_;
  std::size_t file_bytes_;
  Escape escape_;
  jpeg_progress_mgr progress_{};
  Decompressor info_;
};

// Collects what libjpeg writes in a vector. Its own memory destination loses its buffer in an error.
struct VectorDestination {
  jpeg_destination_mgr manager{};  // first, so that libjpeg's pointer to it is one to the VectorDestination
  std::vector<std::uint8_t> bytes;

  // Doubles the vector and lets libjpeg write to the new half. Returns false where there is no memory: an exception
  // must not pass through libjpeg.
  bool grow() {
    const std::size_t used = bytes.size();
    try {
      bytes.resize(std::max<std::size_t>(2 * used, 1 << 16));
    } catch (const std::bad_alloc&) {
      return false;
    }
    manager.next_output_byte = bytes.data() + used;
    manager.free_in_buffer = bytes.size() - used;
    return true;
  }
};

void require_growth(j_compress_ptr info) {
  if (reinterpret_cast<VectorDestination*>(info->dest)->grow()) return;
  info->err->msg_code = JERR_OUT_OF_MEMORY;
  escape_with(reinterpret_cast<j_common_ptr>(info));
}

// A segment's content; empty where there is none, or more than a segment holds.
std::vector<std::uint8_t> exif_segment(const std::vector<std::uint8_t>& exif) {
  constexpr std::size_t most_bytes = 65533;
  if (exif.empty() || exif_identifier.size() + exif.size() > most_bytes) return {};
  std::vector<std::uint8_t> segment(exif_identifier.size() + exif.size());
  std::copy(exif.begin(), exif.end(),
            std::copy(exif_identifier.begin(), exif_identifier.end(), segment.begin()));
  return segment;
}

class Writer {
 public:
  Writer() {
    info_.err = prepare(escape_);
    destination_.manager.init_destination = require_growth;
    destination_.manager.empty_output_buffer = [](j_compress_ptr info) -> boolean {
      require_growth(info);
      return TRUE;
    };
    destination_.manager.term_destination = [](j_compress_ptr) {};
  }
  ~Writer() { jpeg_destroy_compress(&info_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  std::vector<std::uint8_t> encode(const Image& image, int quality, const ImageMetadata& metadata) {
    require(std::max(image.width, image.height) <= JPEG_MAX_DIMENSION, ErrorKind::output,
            "a JPEG has at most ", JPEG_MAX_DIMENSION, " pixels a side, not ", image.width, "x",
            image.height);
    const std::vector<std::uint8_t> exif = exif_segment(metadata.exif);
    const std::vector<std::uint8_t>& profile = metadata.color_profile;
    const bool done = survives(escape_.target, [&] {
      jpeg_create_compress(&info_);
      info_.dest = &destination_.manager;
      info_.image_width = static_cast<JDIMENSION>(image.width);
      info_.image_height = static_cast<JDIMENSION>(image.height);
      info_.input_components = image.channels;
      info_.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
      jpeg_set_defaults(&info_);
      jpeg_set_quality(&info_, quality, TRUE);
      for (int c = 0; c < info_.num_components; ++c)  // 4:4:4
        info_.comp_info[c].h_samp_factor = info_.comp_info[c].v_samp_factor = 1;
      jpeg_start_compress(&info_, TRUE);
      if (!exif.empty())
        jpeg_write_marker(&info_, JPEG_APP0 + 1, exif.data(), static_cast<unsigned>(exif.size()));
      if (!profile.empty())
        jpeg_write_icc_profile(&info_, profile.data(), static_cast<unsigned>(profile.size()));
      while (info_.next_scanline < info_.image_height) {
        JSAMPROW row = const_cast<JSAMPROW>(image.row(info_.next_scanline));
        jpeg_write_scanlines(&info_, &row, 1);
      }
      jpeg_finish_compress(&info_);
    });
    require(done, escape_.code == JERR_OUT_OF_MEMORY ? ErrorKind::out_of_memory : ErrorKind::output,
            "this picture cannot be a JPEG: ", escape_.message);
    destination_.bytes.resize(destination_.bytes.size() - destination_.manager.free_in_buffer);
    return std::move(destination_.bytes);
  }

 private:
  Escape escape_;
  VectorDestination destination_;
  jpeg_compress_struct info_{};
};

}  // namespace

ImageSize jpeg_size(Bytes file, const std::string& name) { return Reader(file, name).size(); }

Image decode_jpeg(Bytes file, const std::string& name) { return Reader(file, name).decode(); }

std::vector<std::uint8_t> encode_jpeg_file(const Image& image, int quality, const ImageMetadata& metadata) {
  return Writer().encode(image, quality, metadata);
}

}  // namespace attune::codec

#endif
