// Pictures in a build without libjpeg-turbo and libpng: stb_image reads every format, stb_image_write writes.
#include "core/image.h"
#include "tests/core/picture_checks.h"
#include "tests/tools/temporary_folder.h"

#if defined(ATTUNE_WITH_JPEG) || defined(ATTUNE_WITH_PNG)
#error this test is for the core that knows neither library
#endif

using namespace attune;
using namespace attune::test;

TEST_CASE("PNG and JPEG are written and read without their libraries") {
  const tools::TemporaryFolder folder;
  for (int channels = 1; channels <= 4; ++channels) {
    const Image image = sample_image(33, 17, channels);
    write_image(folder.path() / "a.png", image);
    CHECK(same(read_image(folder.path() / "a.png", 0), image));
    write_image(folder.path() / "a.jpg", image);
    const Image jpeg = read_image(folder.path() / "a.jpg", channels <= 2 ? 1 : 3);
    CHECK(largest_difference(jpeg, convert_channels(image, jpeg.channels)) < 40);
    CHECK(read_image_size(folder.path() / "a.jpg").width == 33);
  }
}

TEST_CASE("EXIF orientation is applied without libjpeg-turbo and libpng too") {
  const Image image = sample_image(24, 16, 1);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const FileBytes exif = make_exif(orientation, true);
    CHECK(same(decode8(with_chunk_in_png(encode_png(image), "eXIf", exif)),
               apply_orientation(image, orientation)));
    const FileBytes jpeg = encode_jpeg(image);
    CHECK(same(decode8(with_exif_in_jpeg(jpeg, exif)), apply_orientation(decode8(jpeg), orientation)));
  }
}

TEST_CASE("No prefix is a picture without libjpeg-turbo and libpng either") {
  const Image image = sample_image(20, 13, 3);
  CHECK(accepted_prefixes(encode_png(image)) == 0);
  CHECK(accepted_prefixes(encode_jpeg(image)) == 0);
  CHECK(accepted_prefixes(make_bmp(image)) == 0);
  CHECK(accepted_prefixes(make_tga(image)) == 0);
  CHECK(accepted_prefixes(make_pnm(image)) == 0);
}

TEST_CASE("16-bit PNG is read, but not written, without libpng") {
  // One grey pixel 0x0102, in a stored (uncompressed) deflate block: filter 0, then the sample.
  FileBytes data = {0x78, 0x01, 0x01, 0x03, 0x00, 0xfc, 0xff, 0x00, 0x01, 0x02, 0x00, 0x07, 0x00, 0x04};
  FileBytes header;
  append(header, 1, 4, false);
  append(header, 1, 4, false);
  for (const int byte : {16, 0, 0, 0, 0}) header.push_back(static_cast<std::uint8_t>(byte));
  FileBytes png = bytes_of("\x89PNG\r\n\x1a\n");
  const auto add_chunk = [&](std::string_view type, const FileBytes& content) {
    append(png, content.size(), 4, false);
    png.insert(png.end(), type.begin(), type.end());
    png.insert(png.end(), content.begin(), content.end());
    append(png, png_checksum(png.data() + png.size() - content.size() - 4, content.size() + 4), 4, false);
  };
  add_chunk("IHDR", header);
  add_chunk("IDAT", data);
  add_chunk("IEND", {});
  CHECK(decode16(png).pixels == std::vector<std::uint16_t>{0x102});

  const tools::TemporaryFolder folder;
  const Error error = error_of([&] { write_image(folder.path() / "a.png", Image16(1, 1, 1)); });
  CHECK(error.kind() == ErrorKind::unsupported);
  CHECK(std::filesystem::is_empty(folder.path()));
}
