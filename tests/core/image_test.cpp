// Pictures that are as they should be: every kind of file, conversions, and writing.
#include "core/image.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "core/files.h"
#include "tests/core/picture_checks.h"
#include "tests/support/coded_pictures.h"
#include "tests/tools/temporary_folder.h"

using namespace attune;
using namespace attune::test;
using attune::tools::TemporaryFolder;

namespace {

// Quality 95 and 4:4:4 keep the sample picture this close, but for its hard edge.
constexpr int jpeg_difference = 40;

std::size_t files_in(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

}  // namespace

TEST_CASE("PNG gives back what was written, 8 and 16 bits, every number of channels") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "a.png";
  for (const auto& [width, height] : {std::pair{1, 1}, {7, 13}, {64, 3}})
    for (int channels = 1; channels <= 4; ++channels) {
      INFO(width << "x" << height << "x" << channels);
      const Image image = sample_image(width, height, channels);
      write_image(path, image);
      CHECK(same(std::get<Image>(read_any_image(path)), image));
      CHECK(same(read_image(path, 0), image));
      CHECK(same(decode8(encode_png(image)), image));
      CHECK(read_image_size(path).width == width);
      CHECK(read_image_size(path).height == height);

      const Image16 deep = sample_image<std::uint16_t>(width, height, channels);
      write_image(path, deep);
      CHECK(same(std::get<Image16>(read_any_image(path)), deep));
      CHECK(same(read_image(path, 0), to_8_bits(deep)));
    }
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("JPEG gives back nearly what was written; alpha is dropped") {
  const TemporaryFolder folder;
  for (const char* name : {"a.jpg", "b.JPEG", "c.Jpg"})
    for (int channels = 1; channels <= 4; ++channels) {
      INFO(name << " with " << channels << " channels");
      const Image image = sample_image(33, 17, channels);
      write_image(folder.path() / name, image);
      const Image read = read_image(folder.path() / name, 0);
      CHECK(read.channels == (channels <= 2 ? 1 : 3));
      CHECK(largest_difference(read, convert_channels(image, read.channels)) < jpeg_difference);
      CHECK(read_image_size(folder.path() / name).width == 33);
    }
  const Image image = sample_image(64, 64, 3);
  WriteOptions low;
  low.jpeg_quality = 20;
  CHECK(encode_jpeg(image, low).size() < encode_jpeg(image).size());
  CHECK(largest_difference(decode8(encode_jpeg(sample_image(1, 1, 3))), sample_image(1, 1, 3)) < 4);
}

TEST_CASE("JPEG kinds: progressive, subsampled, restarts, grey, RGB, CMYK and YCCK") {
  const Image image = sample_image(40, 24, 3);
  for (const bool progressive : {false, true})
    for (const int restart_rows : {0, 1}) {
      JpegKind kind;
      kind.progressive = progressive;
      kind.restart_rows = restart_rows;
      CHECK(largest_difference(decode8(make_jpeg(image, kind)), image) < jpeg_difference);
      kind.stored = JCS_RGB;
      CHECK(largest_difference(decode8(make_jpeg(image, kind)), image) < jpeg_difference);
      kind.stored = JCS_YCbCr;
      kind.subsampled = true;
      CHECK(decode8(make_jpeg(image, kind)).width == 40);
      kind.input = kind.stored = JCS_GRAYSCALE;
      const Image grey = sample_image(40, 24, 1);
      CHECK(largest_difference(decode8(make_jpeg(grey, kind)), grey) < jpeg_difference);
    }
  // Ink stored inverted, as Adobe's marker (written by libjpeg for both) says: light = ink * black.
  Image cmyk = sample_image(40, 24, 4);
  Image expected(40, 24, 3);
  for (std::size_t i = 0; i < 40 * 24; ++i) {
    cmyk.pixels[4 * i + 3] = 200;
    for (std::size_t c = 0; c < 3; ++c)
      expected.pixels[3 * i + c] = static_cast<std::uint8_t>((cmyk.pixels[4 * i + c] * 200 + 127) / 255);
  }
  JpegKind kind;
  kind.input = JCS_CMYK;
  for (const J_COLOR_SPACE stored : {JCS_CMYK, JCS_YCCK}) {
    kind.stored = stored;
    CHECK(largest_difference(decode8(make_jpeg(cmyk, kind)), expected) < jpeg_difference);
  }
}

TEST_CASE("PNG kinds: few bits, palettes, transparency, interlaced") {
  PngKind grey;
  grey.colour_type = PNG_COLOR_TYPE_GRAY;
  grey.bits = 1;
  CHECK(decode8(make_png(4, 2, {0xa0, 0x50}, grey)).pixels == FileBytes{255, 0, 255, 0, 0, 255, 0, 255});
  grey.bits = 2;
  CHECK(decode8(make_png(4, 1, {0x1b}, grey)).pixels == FileBytes{0, 85, 170, 255});
  grey.bits = 4;
  grey.transparent_zero = true;
  CHECK(decode8(make_png(2, 1, {0x0f}, grey)).pixels == FileBytes{0, 0, 255, 255});

  PngKind palette;
  palette.colour_type = PNG_COLOR_TYPE_PALETTE;
  palette.bits = 2;
  palette.palette = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
  CHECK(decode8(make_png(3, 1, {0x18}, palette)).pixels == FileBytes{1, 2, 3, 4, 5, 6, 7, 8, 9});
  palette.palette_alpha = {10};
  CHECK(decode8(make_png(3, 1, {0x18}, palette)).pixels ==
        FileBytes{1, 2, 3, 10, 4, 5, 6, 255, 7, 8, 9, 255});

  PngKind deep;
  deep.bits = 16;
  deep.transparent_zero = true;
  CHECK(decode16(make_png(2, 1, {0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6}, deep)).pixels ==
        std::vector<std::uint16_t>{0, 0, 0, 0, 0x102, 0x304, 0x506, 0xffff});

  for (const auto& [width, height] : {std::pair{1, 1}, {3, 5}, {17, 9}}) {
    const Image image = sample_image(width, height, 3);
    PngKind interlaced;
    interlaced.interlaced = true;
    CHECK(same(decode8(make_png(width, height, image.pixels, interlaced)), image));
  }
}

TEST_CASE("BMP, TGA and PNM are read, whatever their names") {
  for (const auto& [width, height] : {std::pair{1, 1}, {5, 4}, {64, 9}}) {
    const Image image = sample_image(width, height, 3), grey = sample_image(width, height, 1);
    CHECK(same(decode8(make_bmp(image)), image));
    CHECK(same(decode8(make_tga(image)), image));
    CHECK(same(decode8(make_tga(grey)), grey));
    CHECK(same(decode8(make_tga(image, true)), image));
    CHECK(same(decode8(make_pnm(image)), image));
    CHECK(same(decode8(make_pnm(grey)), grey));
    const FileBytes bmp = make_bmp(image);
    CHECK(decode_image_size(bmp.data(), bmp.size(), "").height == height);
  }
  // A maximum that is not 255 is scaled, and values above it are clamped; more than 255 takes two bytes.
  CHECK(decode8(bytes_of("P5 3 1 2\n" + std::string("\x00\x01\x07", 3))).pixels == FileBytes{0, 128, 255});
  CHECK(decode16(bytes_of("P5\t2 #c\n1 1000 " + std::string("\x03\xe8\x00\x01", 4))).pixels ==
        std::vector<std::uint16_t>{65535, 66});

  const TemporaryFolder folder;
  const Image image = sample_image(6, 5, 3);
  write_file_atomically(folder.path() / "png.jpg", encode_png(image));
  CHECK(same(read_image(folder.path() / "png.jpg"), image));
  write_file_atomically(folder.path() / "bmp", make_bmp(image));
  CHECK(same(read_image(folder.path() / "bmp"), image));
}

TEST_CASE("read_image converts channels and bits") {
  const Image rgba = [] {
    Image image(2, 1, 4);
    image.pixels = {255, 0, 0, 7, 10, 10, 10, 9};
    return image;
  }();
  CHECK(convert_channels(rgba, 3).pixels == FileBytes{255, 0, 0, 10, 10, 10});
  CHECK(convert_channels(rgba, 1).pixels == FileBytes{76, 10});  // 0.299 * 255 = 76.2
  CHECK(convert_channels(rgba, 2).pixels == FileBytes{76, 7, 10, 9});
  CHECK(convert_channels(convert_channels(rgba, 2), 4).pixels == FileBytes{76, 76, 76, 7, 10, 10, 10, 9});
  CHECK(convert_channels(convert_channels(rgba, 1), 4).pixels == FileBytes{76, 76, 76, 255, 10, 10, 10, 255});
  for (int value = 0; value < 256; ++value) {
    Image grey(1, 1, 1);
    grey.pixels = {static_cast<std::uint8_t>(value)};
    CHECK(convert_channels(convert_channels(grey, 3), 1).pixels == grey.pixels);
  }
  Image16 deep(5, 1, 1);
  deep.pixels = {0, 128, 129, 65406, 65535};  // half a step is 128.5
  CHECK(to_8_bits(deep).pixels == FileBytes{0, 0, 1, 254, 255});
  CHECK(convert_channels(deep, 4).pixels[3] == 65535);
  CHECK(kind_of([&] { convert_channels(rgba, 5); }) == ErrorKind::argument);
}

TEST_CASE("EXIF orientation is applied in JPEG and PNG, in either byte order") {
  // A 3x2 picture, and what it looks like when it is stored with each orientation.
  Image stored(3, 2, 1);
  stored.pixels = {0, 40, 80, 120, 160, 200};
  const FileBytes expected[] = {{0, 40, 80, 120, 160, 200}, {80, 40, 0, 200, 160, 120},
                                {200, 160, 120, 80, 40, 0}, {120, 160, 200, 0, 40, 80},
                                {0, 120, 40, 160, 80, 200}, {120, 0, 160, 40, 200, 80},
                                {200, 80, 160, 40, 120, 0}, {80, 200, 40, 160, 0, 120}};
  // 8x8 blocks of one value each survive JPEG.
  Image blocks(24, 16, 1);
  for (std::int64_t y = 0; y < 16; ++y)
    for (std::int64_t x = 0; x < 24; ++x) blocks.row(y)[x] = stored.row(y / 8)[x / 8];
  for (int orientation = 1; orientation <= 8; ++orientation)
    for (const bool little : {false, true}) {
      INFO("orientation " << orientation << ", little-endian " << little);
      const FileBytes exif = make_exif(orientation, little);
      const FileBytes png = with_chunk_in_png(encode_png(stored), "eXIf", exif);
      const Image upright = decode8(png);
      CHECK(upright.pixels == expected[orientation - 1]);
      CHECK(upright.width == (orientation >= 5 ? 2 : 3));
      CHECK(decode_image_size(png.data(), png.size(), "").width == upright.width);

      const FileBytes jpeg = with_exif_in_jpeg(encode_jpeg(blocks), exif);
      const Image large = decode8(jpeg);
      REQUIRE(large.width == 8 * upright.width);
      CHECK(decode_image_size(jpeg.data(), jpeg.size(), "").width == large.width);
      for (std::int64_t y = 0; y < upright.height; ++y)
        for (std::int64_t x = 0; x < upright.width; ++x)
          CHECK(std::abs(large.row(8 * y + 4)[8 * x + 4] - upright.row(y)[x]) <= 1);
    }
  Image16 deep(2, 1, 3);
  deep.pixels = {1, 2, 3, 4, 5, 6};
  CHECK(apply_orientation(deep, 2).pixels == std::vector<std::uint16_t>{4, 5, 6, 1, 2, 3});
  CHECK(kind_of([&] { apply_orientation(deep, 9); }) == ErrorKind::argument);
}

TEST_CASE("A malformed EXIF block leaves the picture as it is") {
  const Image image = sample_image(3, 2, 1);
  const FileBytes png = encode_png(image);
  for (const bool little : {false, true}) {
    const FileBytes exif = make_exif(6, little);
    for (std::size_t length = 0; length < exif.size(); ++length) {
      const FileBytes cut(exif.begin(), exif.begin() + static_cast<std::ptrdiff_t>(length));
      const Image read = decode8(with_chunk_in_png(png, "eXIf", cut));
      CHECK((same(read, image) || same(read, apply_orientation(image, 6))));
    }
    for (const int value : {0, 9, 65535})
      CHECK(same(decode8(with_chunk_in_png(png, "eXIf", make_exif(value, little))), image));
    FileBytes far = exif;  // the directory lies behind the end
    for (std::size_t i = 4; i < 8; ++i) far[i] = 0xff;
    CHECK(same(decode8(with_chunk_in_png(png, "eXIf", far)), image));
  }
}

TEST_CASE("What cannot be written says so, and leaves nothing behind") {
  const TemporaryFolder folder;
  const Image image = sample_image(4, 4, 3);
  for (const char* name : {"a.bmp", "a", "a.png.txt", ".png"}) {
    const Error error = error_of([&] { write_image(folder.path() / name, image); });
    CHECK(error.kind() == ErrorKind::output);
    CHECK(contains(error.what(), name));
    CHECK(contains(error.what(), ".png, .jpg or .jpeg"));
  }
  CHECK(error_of([&] {
          write_image(folder.path() / "a.jpg", sample_image<std::uint16_t>(2, 2, 3));
        }).kind() == ErrorKind::output);
  CHECK(kind_of([&] { write_image(folder.path() / "missing" / "a.png", image); }) == ErrorKind::output);
  CHECK(kind_of([&] { write_image(folder.path() / "a.jpg", Image(65501, 1, 1)); }) == ErrorKind::output);
  Image wrong = image;
  wrong.pixels.pop_back();
  CHECK(kind_of([&] { write_image(folder.path() / "a.png", wrong); }) == ErrorKind::argument);
  CHECK(kind_of([&] { encode_png(Image()); }) == ErrorKind::argument);
  CHECK(kind_of([&] { encode_jpeg(image, {0}); }) == ErrorKind::argument);
  CHECK(files_in(folder.path()) == 0);
}

TEST_CASE("Equal pictures make equal files") {
  const Image image = sample_image(40, 30, 3);
  CHECK(encode_png(image) == encode_png(image));
  CHECK(encode_jpeg(image) == encode_jpeg(image));
}
