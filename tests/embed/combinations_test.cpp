// Every format in every way of being handed over, with either head and in tiles, gives what the plain picture gives.
#include <catch2/catch.hpp>
#include <cmath>

#include "attune/harmonizer.h"
#include "tests/embed/blend_models.h"
#include "tests/embed/embedded_pictures.h"

namespace attune::test {

namespace {

struct Way {
  attune_pixel_format format;
  attune_transfer transfer;
  bool upwards, inverted, float_mask, ignored, in_place;
};

std::vector<Way> ways() {
  std::vector<Way> all;
  for (const attune_pixel_format format : all_formats)
    for (const attune_transfer transfer : {ATTUNE_SRGB, ATTUNE_LINEAR}) {
      if (transfer == ATTUNE_LINEAR && format != ATTUNE_RGB32F && format != ATTUNE_RGBA32F) continue;
      for (int bits = 0; bits < 32; bits += format == ATTUNE_RGB8 ? 1 : 5)
        all.push_back({format, transfer, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0,
                       (bits & 16) != 0});
    }
  return all;
}

// Rows in the other order.
template <class T>
std::vector<T> turned(const std::vector<T>& rows, std::int64_t height) {
  std::vector<T> result;
  const auto row = static_cast<std::ptrdiff_t>(rows.size()) / height;
  for (std::int64_t y = height - 1; y >= 0; --y)
    result.insert(result.end(), rows.begin() + y * row, rows.begin() + (y + 1) * row);
  return result;
}

// The picture's description pointing to its last row.
template <class T>
T* last_row(std::vector<T>& rows, std::int64_t height) {
  return rows.data() + static_cast<std::ptrdiff_t>(rows.size()) / height * (height - 1);
}

struct Masks {
  std::vector<std::uint8_t> bytes, ignored;
  std::vector<float> floats;
};

Masks masks_of(const EmbeddedPicture& picture, const Way& way) {
  Masks masks;
  for (std::size_t i = 0; i < picture.mask.size(); ++i) {
    const auto m = static_cast<std::uint8_t>(way.inverted ? 255 - picture.mask[i] : picture.mask[i]);
    masks.bytes.push_back(m);
    masks.floats.push_back(static_cast<float>(m) / 255);
    masks.ignored.push_back(static_cast<std::int64_t>(i) % picture.width < 4 ? 255 : 0);
  }
  return masks;
}

// What the way gives, as shares of white in sRGB.
std::vector<double> result_of(api::Harmonizer& harmonizer, const Way& way, std::int64_t width,
                              std::int64_t height) {
  EmbeddedPicture picture(way.format, 0, width, height, way.transfer);
  Masks masks = masks_of(picture, way);
  if (way.upwards) {
    picture.image = turned(picture.image, height);
    masks = {turned(masks.bytes, height), turned(masks.ignored, height), turned(masks.floats, height)};
  }
  attune_picture description = picture.description();
  const auto place = [&](auto& rows) { return way.upwards ? last_row(rows, height) : rows.data(); };
  const std::int64_t sign = way.upwards ? -1 : 1;
  std::vector<std::uint8_t>& output = way.in_place ? picture.image : picture.output;
  description.image = place(picture.image);
  description.output = place(output);
  description.image_stride = description.output_stride = sign * picture.stride();
  description.mask = way.float_mask ? static_cast<const void*>(place(masks.floats)) : place(masks.bytes);
  description.mask_format = way.float_mask ? ATTUNE_MASK32F : ATTUNE_MASK8;
  description.mask_stride = sign * width * (way.float_mask ? 4 : 1);
  description.ignored = way.ignored ? place(masks.ignored) : nullptr;
  description.ignored_stride = sign * width;
  attune_harmonize_options options = ATTUNE_HARMONIZE_OPTIONS_INIT;
  options.invert = way.inverted;
  harmonizer.run(description, options);
  picture.output = way.upwards ? turned(output, height) : output;

  std::vector<double> result;
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const double value = picture.sample(picture.output, x, y, c) / picture.peak();
        const bool linear = way.transfer == ATTUNE_LINEAR;
        result.push_back(!linear              ? value
                         : value <= 0.0031308 ? 12.92 * value
                                              : 1.055 * std::pow(value, 1 / 2.4) - 0.055);
      }
  return result;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::fabs(a[i] - b[i]));
  return largest;
}

void check_ways(api::Harmonizer& harmonizer, std::int64_t width, std::int64_t height, std::size_t step) {
  const Way plain{ATTUNE_RGB32F, ATTUNE_SRGB, false, false, false, false, false};
  Way plain_ignoring = plain;
  plain_ignoring.ignored = true;
  const std::vector<double> expected = result_of(harmonizer, plain, width, height);
  const std::vector<double> expected_ignoring = result_of(harmonizer, plain_ignoring, width, height);
  CHECK(largest_difference(expected, expected_ignoring) > 1e-4);
  const std::vector<Way> all = ways();
  for (std::size_t i = 0; i < all.size(); i += step) {
    const Way& way = all[i];
    INFO("format " << way.format << ", transfer " << way.transfer << ", upwards " << way.upwards
                   << ", inverted " << way.inverted << ", float mask " << way.float_mask << ", ignored "
                   << way.ignored << ", in place " << way.in_place);
    const bool is_byte = EmbeddedPicture(way.format, 0, 1, 1).peak() == 255;
    CHECK(largest_difference(result_of(harmonizer, way, width, height),
                             way.ignored ? expected_ignoring : expected) <
          (is_byte ? 0.51 / 255 + 2e-5 : 2e-5));
  }
}

}  // namespace

TEST_CASE("However it is handed over, a picture is harmonized alike: the affine head") {
  api::Harmonizer harmonizer(api::Model(model_path()), -1, 1);
  check_ways(harmonizer, 40, 24, 1);
}

TEST_CASE("However it is handed over, a picture is harmonized alike: the blend head") {
  api::Harmonizer harmonizer = blend_harmonizer(false);
  check_ways(harmonizer, 40, 24, 1);
}

TEST_CASE("However it is handed over, a picture is harmonized alike: in tiles") {
  api::Harmonizer harmonizer = blend_harmonizer(false);
  check_ways(harmonizer, 1030, 520, 7);
}

}  // namespace attune::test
