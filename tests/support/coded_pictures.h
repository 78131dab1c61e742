// JPEG and PNG files of kinds that attune reads and never writes: progressive, CMYK, palettes, few bits, interlaced.
// Made by libjpeg-turbo and libpng; an error of theirs ends the program.
#pragma once

#include <cstdint>
#include <cstdio>

#include <jpeglib.h>
#include <png.h>

#include <cstdlib>
#include <vector>

#include "tests/support/picture_bytes.h"

namespace attune::test {

struct JpegKind {
  bool progressive = false;
  J_COLOR_SPACE input = JCS_RGB;  // of the samples given
  J_COLOR_SPACE stored = JCS_YCbCr;
  bool subsampled = false;
  int restart_rows = 0;
};

// `image` has the channels of kind.input.
inline FileBytes make_jpeg(const Image& image, const JpegKind& kind = {}) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = image.channels;
  info.in_color_space = kind.input;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, kind.stored);
  jpeg_set_quality(&info, 95, TRUE);
  if (!kind.subsampled)
    for (int c = 0; c < info.num_components; ++c)
      info.comp_info[c].h_samp_factor = info.comp_info[c].v_samp_factor = 1;
  info.restart_in_rows = kind.restart_rows;
  if (kind.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(image.row(info.next_scanline));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  FileBytes bytes(buffer, buffer + size);
  std::free(buffer);
  jpeg_destroy_compress(&info);
  return bytes;
}

struct PngKind {
  int bits = 8;
  int colour_type = PNG_COLOR_TYPE_RGB;
  bool interlaced = false;
  std::vector<png_color> palette;
  FileBytes palette_alpha;        // tRNS of a palette
  bool transparent_zero = false;  // tRNS of grey or RGB: the sample(s) 0
};

// `rows`: height rows as PNG stores them (packed bits, big-endian 16 bits).
inline FileBytes make_png(std::int64_t width, std::int64_t height, const FileBytes& rows,
                          const PngKind& kind) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  FileBytes bytes;
  png_set_write_fn(
      png, &bytes,
      [](png_structp p, png_bytep data, std::size_t size) {
        auto* target = static_cast<FileBytes*>(png_get_io_ptr(p));
        target->insert(target->end(), data, data + size);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), kind.bits,
               kind.colour_type, kind.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
  if (!kind.palette.empty())
    png_set_PLTE(png, info, kind.palette.data(), static_cast<int>(kind.palette.size()));
  png_color_16 zero{};
  if (!kind.palette_alpha.empty())
    png_set_tRNS(png, info, kind.palette_alpha.data(), static_cast<int>(kind.palette_alpha.size()), nullptr);
  if (kind.transparent_zero) png_set_tRNS(png, info, nullptr, 0, &zero);
  png_write_info(png, info);
  const std::size_t stride = rows.size() / static_cast<std::size_t>(height);
  std::vector<png_bytep> pointers;
  for (std::int64_t y = 0; y < height; ++y)
    pointers.push_back(const_cast<png_bytep>(rows.data()) + static_cast<std::size_t>(y) * stride);
  png_write_image(png, pointers.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

}  // namespace attune::test
