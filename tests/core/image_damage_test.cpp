// Pictures that are not as they should be: cut short, damaged, or announcing more than they hold.
#include <sys/resource.h>

#include <chrono>
#include <random>

#include "core/files.h"
#include "tests/core/picture_checks.h"
#include "tests/support/coded_pictures.h"
#include "tests/tools/temporary_folder.h"

using namespace attune;
using namespace attune::test;

namespace {

FileBytes png_of_kind(int bits, int colour_type, bool interlaced) {
  const int channels =
      (colour_type & PNG_COLOR_MASK_COLOR ? 3 : 1) + (colour_type & PNG_COLOR_MASK_ALPHA ? 1 : 0);
  PngKind kind;
  kind.bits = bits;
  kind.colour_type = colour_type;
  kind.interlaced = interlaced;
  return make_png(9, 7, sample_image(9 * channels * bits / 8, 7, 1).pixels, kind);
}

std::int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} << 10;
}

// Refused within half a second and 64 MiB.
void check_refused_cheaply(const FileBytes& file, const std::string& reason) {
  const std::int64_t memory = peak_memory();
  const auto begin = std::chrono::steady_clock::now();
  const Error error = error_of([&] { decode(file); });
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  INFO(error.what());
  CHECK(error.kind() == ErrorKind::input);
  CHECK(contains(error.what(), reason));
  CHECK(seconds.count() < 0.5);
  CHECK(peak_memory() - memory < 64 << 20);
}

FileBytes png_header(std::uint32_t width, std::uint32_t height) {
  FileBytes file = bytes_of("\x89PNG\r\n\x1a\n");
  append(file, 13, 4, false);
  FileBytes header = bytes_of("IHDR");
  append(header, width, 4, false);
  append(header, height, 4, false);
  for (const int byte : {8, 6, 0, 0, 0}) header.push_back(static_cast<std::uint8_t>(byte));
  file.insert(file.end(), header.begin(), header.end());
  append(file, png_checksum(header.data(), header.size()), 4, false);
  const FileBytes rest = encode_png(Image(1, 1, 1));
  file.insert(file.end(), rest.begin() + 33, rest.end());
  return file;
}

FileBytes jpeg_header(std::uint32_t width, std::uint32_t height, bool progressive) {
  JpegKind kind;
  kind.progressive = progressive;
  FileBytes file = make_jpeg(sample_image(16, 16, 3), kind);
  for (std::size_t i = 0; i + 9 < file.size(); ++i)
    if (file[i] == 0xff && (file[i + 1] == 0xc0 || file[i + 1] == 0xc2)) {
      FileBytes size;
      append(size, height, 2, false);
      append(size, width, 2, false);
      std::copy(size.begin(), size.end(), file.begin() + static_cast<std::ptrdiff_t>(i) + 5);
    }
  return file;
}

}  // namespace

TEST_CASE("No prefix of a JPEG is a picture") {
  for (const bool progressive : {false, true})
    for (const int restart_rows : {0, 1}) {
      JpegKind kind;
      kind.progressive = progressive;
      kind.restart_rows = restart_rows;
      CHECK(accepted_prefixes(make_jpeg(sample_image(20, 18, 3), kind)) == 0);
    }
  JpegKind cmyk;
  cmyk.input = cmyk.stored = JCS_CMYK;
  CHECK(accepted_prefixes(make_jpeg(sample_image(9, 9, 4), cmyk)) == 0);
  CHECK(accepted_prefixes(encode_jpeg(sample_image(1, 1, 1))) == 0);
  CHECK(accepted_prefixes(with_exif_in_jpeg(encode_jpeg(sample_image(9, 4, 1)), make_exif(6, true))) == 0);
}

TEST_CASE("No prefix of a PNG is a picture") {
  for (const bool interlaced : {false, true})
    for (const int bits : {8, 16})
      for (const int type :
           {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGBA})
        CHECK(accepted_prefixes(png_of_kind(bits, type, interlaced)) == 0);
  PngKind palette;
  palette.colour_type = PNG_COLOR_TYPE_PALETTE;
  palette.palette = {{1, 2, 3}, {4, 5, 6}};
  palette.palette_alpha = {0};
  CHECK(accepted_prefixes(make_png(2, 1, {0, 1}, palette)) == 0);
  CHECK(accepted_prefixes(with_chunk_in_png(encode_png(Image(3, 2, 1)), "eXIf", make_exif(8, false))) == 0);
}

TEST_CASE("No prefix of a BMP, TGA or PNM is a picture") {
  for (const auto& [width, height] : {std::pair{1, 1}, {5, 4}, {43, 6}, {128, 2}}) {
    const Image image = sample_image(width, height, 3), grey = sample_image(width, height, 1);
    CHECK(accepted_prefixes(make_bmp(image)) <= width % 4);  // the last row's padding
    CHECK(accepted_prefixes(make_tga(image)) == 0);
    CHECK(accepted_prefixes(make_tga(grey)) == 0);
    CHECK(accepted_prefixes(make_tga(image, true)) == 0);
    CHECK(accepted_prefixes(make_pnm(image)) == 0);
    CHECK(accepted_prefixes(make_pnm(grey)) == 0);
  }
}

TEST_CASE("A PNG with any damaged byte is refused, one with bytes behind its end is not") {
  const FileBytes png =
      with_chunk_in_png(encode_png(sample_image(5, 4, 3)), "tEXt", bytes_of(std::string("k\0v", 3)));
  const AnyImage whole = decode(png);
  for (std::size_t i = 0; i < png.size(); ++i)
    for (const int change : {0x01, 0x80, 0xff}) {
      INFO("byte " << i << " xor " << change);
      FileBytes damaged = png;
      damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ change);
      CHECK(kind_of([&] { decode(damaged); }) == ErrorKind::input);
    }
  FileBytes longer = png;
  longer.resize(longer.size() + 100);
  CHECK(same(decode(longer), whole));
}

TEST_CASE("Damaged bytes make an error or a picture, and nothing else") {
  std::mt19937 generator(7);
  JpegKind progressive;
  progressive.progressive = true;
  const Image image = sample_image(19, 11, 3);
  for (const FileBytes& file : {make_jpeg(image), make_jpeg(image, progressive), make_bmp(image),
                                make_tga(image), make_tga(image, true), make_pnm(image)})
    for (int trial = 0; trial < 400; ++trial) {
      FileBytes damaged = file;
      for (int i = 0; i < 3; ++i)
        damaged[generator() % damaged.size()] = static_cast<std::uint8_t>(generator());
      try {
        decode(damaged);
      } catch (const Error& error) {
        REQUIRE(error.kind() == ErrorKind::input);
      }
    }
}

TEST_CASE("Headers that announce more than the file can hold are refused before memory is taken") {
  check_refused_cheaply(png_header(20000, 20000), "cannot hold");
  check_refused_cheaply(png_header(65535, 65535), "too large");
  check_refused_cheaply(png_header(70000, 10), "too large");
  check_refused_cheaply(png_header(0x7fffffff, 0x7fffffff), "");
  for (const bool progressive : {false, true}) {
    check_refused_cheaply(jpeg_header(20000, 20000, progressive), "cannot hold");
    check_refused_cheaply(jpeg_header(65500, 65500, progressive), "too large");
  }
  for (const std::uint32_t side : {20000u, 65535u}) {
    FileBytes bmp = make_bmp(sample_image(4, 4, 3));
    FileBytes size;
    append(size, side, 4, true);
    append(size, side, 4, true);
    std::copy(size.begin(), size.end(), bmp.begin() + 18);
    check_refused_cheaply(bmp, side == 20000 ? "cannot hold" : "too large");
    FileBytes tga = make_tga(sample_image(4, 4, 3));
    size.clear();
    append(size, side, 2, true);
    append(size, side, 2, true);
    std::copy(size.begin(), size.end(), tga.begin() + 12);
    check_refused_cheaply(tga, side == 20000 ? "cannot hold" : "too large");
    check_refused_cheaply(bytes_of(text("P6 ", side, " ", side, " 255\n")),
                          side == 20000 ? "cut short" : "too large");
  }
  check_refused_cheaply(bytes_of("P5 0 4 255\n"), "empty");
  check_refused_cheaply(bytes_of("P5 4 4 70000\n"), "maximum");
  check_refused_cheaply(bytes_of("P5 99999999999 4 255\n"), "too large");
}

TEST_CASE("A progressive JPEG that repeats a scan without end is refused") {
  JpegKind kind;
  kind.progressive = true;
  const FileBytes jpeg = make_jpeg(sample_image(16, 16, 3), kind);
  const auto marker = [&](std::size_t i) { return jpeg[i] == 0xff && jpeg[i + 1] != 0; };
  std::size_t begin = 0;
  while (!(marker(begin) && jpeg[begin + 1] == 0xda)) ++begin;  // the first scan
  std::size_t end = begin + 2;
  while (!marker(end)) ++end;
  const auto at = [&](std::size_t i) { return jpeg.begin() + static_cast<std::ptrdiff_t>(i); };
  FileBytes bomb(jpeg.begin(), at(end));
  for (int i = 0; i < 200; ++i) bomb.insert(bomb.end(), at(begin), at(end));
  bomb.insert(bomb.end(), at(end), jpeg.end());
  const std::string message = error_of([&] { decode(bomb); }).what();
  CHECK_THAT(message, Catch::Matchers::Contains("scans"));
}

TEST_CASE("What is no picture says so in one line that names the file") {
  const tools::TemporaryFolder folder;
  folder.write("text.jpg", "This is a letter.\nIt has two lines.\n");
  folder.write("empty.png", "");
  folder.write("gif.png", "GIF89a" + std::string(40, '\0'));
  for (const char* name : {"text.jpg", "empty.png", "gif.png", "missing.png", "."}) {
    INFO(name);
    const Error error = error_of([&] { read_image(folder.path() / name); });
    CHECK(error.kind() == ErrorKind::input);
    CHECK(contains(error.what(), (folder.path() / name).string()));
    CHECK_FALSE(contains(error.what(), "\n"));
    if (std::string(name) == "text.jpg" || std::string(name) == "gif.png")
      CHECK_THAT(error.what(), Catch::Matchers::Matches(".*or a broken one \\([^()]+\\)"));
    CHECK(kind_of([&] { read_image_size(folder.path() / name); }) == ErrorKind::input);
  }
}

TEST_CASE("The size of a picture is found behind a long header") {
  const tools::TemporaryFolder folder;
  FileBytes jpeg = make_jpeg(sample_image(30, 20, 3));
  for (int i = 0; i < 5; ++i) {  // 320 KiB of application data
    FileBytes segment = {0xff, 0xed, 0xff, 0xff};
    segment.resize(2 + 0xffff, 1);
    jpeg.insert(jpeg.begin() + 2, segment.begin(), segment.end());
  }
  write_file_atomically(folder.path() / "long.jpg", jpeg);
  CHECK(read_image_size(folder.path() / "long.jpg").width == 30);
  CHECK(read_image(folder.path() / "long.jpg").height == 20);
}
