// Colour profiles and EXIF blocks pass through files as they are, but for the orientation; malformed ones do no harm.
#include <catch2/catch.hpp>

#include "tests/core/picture_checks.h"

namespace attune::test {

namespace {

ImageMetadata metadata_of(const FileBytes& file) {
  ImageMetadata metadata;
  decode_image(file.data(), file.size(), "picture", &metadata);
  return metadata;
}

WriteOptions with(FileBytes profile, FileBytes exif = {}) {
  WriteOptions options;
  options.metadata = {std::move(profile), std::move(exif)};
  return options;
}

FileBytes first(const FileBytes& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

TEST_CASE("Profile and EXIF come back from JPEG and PNG as they were") {
  const Image image = sample_image(19, 8, 3);
  const FileBytes small = make_profile("Test RGB"), large = make_profile("Test RGB", 4, "RGB ", 200000);
  const FileBytes exif = make_exif(1, true);
  for (const FileBytes& profile : {small, large}) {
    const FileBytes jpeg = encode_jpeg(image, with(profile, exif)),
                    png = encode_png(image, with(profile, exif));
    for (const FileBytes& file : {jpeg, png}) {
      CHECK(metadata_of(file).color_profile == profile);
      CHECK(metadata_of(file).exif == exif);
    }
    CHECK(same(decode8(png), image));
    CHECK(same(decode8(jpeg), decode8(encode_jpeg(image))));
  }
  CHECK(metadata_of(encode_png(image)).color_profile.empty());
  CHECK(metadata_of(encode_jpeg(image)).exif.empty());
}

TEST_CASE("A picture that was turned says so no more") {
  for (const bool little : {false, true})
    for (const int orientation : {1, 3, 6}) {
      const Image image = sample_image(16, 8, 3);
      const FileBytes file = with_exif_in_jpeg(encode_jpeg(image), make_exif(orientation, little));
      const ImageMetadata metadata = metadata_of(file);
      CHECK(metadata.exif == make_exif(1, little));
      const FileBytes again = encode_jpeg(decode8(file), with({}, metadata.exif));
      CHECK(decode8(again).width == (orientation == 6 ? 8 : 16));
    }
}

TEST_CASE("A thumbnail of the picture as it was is left out") {
  for (const bool little : {false, true}) {
    FileBytes linked = make_exif(3, little);
    for (std::size_t i = linked.size() - 4; i < linked.size(); ++i)
      linked[i] = 0x11;  // where a second directory would be
    const FileBytes file = with_exif_in_jpeg(encode_jpeg(sample_image(16, 8, 3)), linked);
    CHECK(metadata_of(file).exif == make_exif(1, little));
  }
}

TEST_CASE("16-bit pictures and pictures with alpha keep theirs") {
  const FileBytes profile = make_profile("Test RGB"), exif = make_exif(1, false);
  Image16 deep(2, 1, 4);
  deep.pixels = {1, 2, 3, 4, 500, 600, 700, 65535};
  const auto path = std::filesystem::temp_directory_path() / "attune_image_metadata_test.png";
  write_image(path, deep, with(profile, exif));
  ImageMetadata metadata;
  CHECK(same(read_any_image(path, &metadata), AnyImage(deep)));
  CHECK(metadata.color_profile == profile);
  CHECK(metadata.exif == exif);
  std::filesystem::remove(path);
}

TEST_CASE("A profile of other colours than the picture's is left out") {
  const FileBytes grey = make_profile("Grey", 2, "GRAY"), inks = make_profile("Inks", 2, "CMYK");
  const Image rgb = sample_image(9, 5, 3), one = sample_image(9, 5, 1);
  for (const FileBytes& profile : {grey, inks, FileBytes{1, 2, 3}}) {
    CHECK(metadata_of(encode_png(rgb, with(profile))).color_profile.empty());
    CHECK(metadata_of(encode_jpeg(rgb, with(profile))).color_profile.empty());
  }
  CHECK(metadata_of(encode_jpeg(one, with(grey))).color_profile == grey);
  CHECK(metadata_of(encode_png(one, with(grey))).color_profile == grey);
  CHECK(metadata_of(encode_jpeg(one, with(make_profile("Test RGB")))).color_profile.empty());
}

TEST_CASE("What a format cannot hold is left out") {
  const FileBytes longest(65527, 7), longer(65528, 7);
  const Image image = sample_image(9, 5, 3);
  CHECK(metadata_of(encode_jpeg(image, with({}, longest))).exif == longest);
  CHECK(metadata_of(encode_jpeg(image, with({}, longer))).exif.empty());
  FileBytes faulty = make_profile("Test RGB");
  faulty[36] = 'x';  // libpng refuses it
  CHECK(metadata_of(encode_png(image, with(faulty))).color_profile.empty());
}

TEST_CASE("Pieces of a profile may lie in any order, and none may be missing") {
  const FileBytes profile = make_profile("Test RGB", 2, "RGB ", 150000);
  FileBytes jpeg = encode_jpeg(sample_image(9, 5, 3), with(profile));
  std::vector<std::size_t> pieces;  // where their numbers stand
  const FileBytes name = bytes_of(std::string_view("ICC_PROFILE\0", 12));
  for (auto at = jpeg.begin();;) {
    at = std::search(at, jpeg.end(), name.begin(), name.end());
    if (at == jpeg.end()) break;
    at += 12;
    pieces.push_back(static_cast<std::size_t>(at - jpeg.begin()));
  }
  REQUIRE(pieces.size() == 3);
  const FileBytes whole = jpeg;
  jpeg[pieces[0]] = 2, jpeg[pieces[1]] = 1;  // of equal length
  const FileBytes swapped = metadata_of(jpeg).color_profile;
  CHECK(swapped.size() == profile.size());
  CHECK(swapped != profile);
  jpeg = whole;
  jpeg[pieces[1]] = 1;
  CHECK(metadata_of(jpeg).color_profile.empty());
  jpeg = whole;
  jpeg[pieces[2]] = 4;
  CHECK(metadata_of(jpeg).color_profile.empty());
}

TEST_CASE("A profile tells its name") {
  CHECK(color_profile_name(make_profile("sRGB IEC61966-2.1")) == "sRGB IEC61966-2.1");
  CHECK(color_profile_name(make_profile("Display P3", 4)) == "Display P3");
  CHECK(color_profile_name(make_profile("a\x01\xff")) == "a??");
  CHECK(color_profile_name({}).empty());
  for (const int version : {2, 4}) {
    const FileBytes profile = make_profile("Display P3", version);
    for (std::size_t length = 0; length < profile.size(); ++length)
      color_profile_name(first(profile, length));
    for (std::size_t at = 128; at < profile.size(); ++at) {
      FileBytes spoilt = profile;
      spoilt[at] = 0xff;
      color_profile_name(spoilt);
    }
  }
}

}  // namespace attune::test
