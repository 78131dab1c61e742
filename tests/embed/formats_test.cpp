// One picture in every way that memory may hold it.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tests/embed/sessions.h"

namespace attune::test {

TEST_CASE("The foreground changes; the background, alpha and what lies between rows do not") {
  const Session session;
  for (const attune_pixel_format format : all_formats)
    for (const std::int64_t padding : {0, 8}) {
      INFO("format " << format << ", padding " << padding);
      EmbeddedPicture picture(format, padding);
      const std::vector<std::uint8_t> image = picture.image;
      harmonized(session, picture);
      CHECK(picture.image == image);
      int changed = 0, wrong = 0;
      for (std::int64_t y = 0; y < picture.height; ++y) {
        for (std::int64_t x = 0; x < picture.width; ++x)
          for (int c = 0; c < picture.channels(); ++c) {
            const bool same =
                picture.sample(picture.output, x, y, c) == picture.sample(picture.image, x, y, c);
            if (picture.mask_at(x, y) == 0 || c == 3)
              wrong += !same;
            else
              changed += !same;
          }
        for (std::int64_t byte = picture.row_bytes(); byte < picture.stride(); ++byte)
          wrong +=
              picture.output[static_cast<std::size_t>(y * picture.stride() + byte)] != EmbeddedPicture::gap;
      }
      CHECK(wrong == 0);
      CHECK(changed > 300);
    }
}

TEST_CASE("All formats give the colours of plain rows") {
  const Session session;
  EmbeddedPicture plain;
  harmonized(session, plain);
  for (const attune_pixel_format format : {ATTUNE_RGB8, ATTUNE_RGB16, ATTUNE_BGR8, ATTUNE_RGB32F}) {
    EmbeddedPicture padded(format, 12);
    harmonized(session, padded);
    // 8 bits round to within half a step of what the others hold.
    const double most = padded.peak() == 255 ? 0 : 0.51 / 255;
    CHECK(largest_difference(padded, plain) <= most);
  }
}

TEST_CASE("Linear light gives the colours of sRGB") {
  const Session session;
  EmbeddedPicture srgb(ATTUNE_RGBA32F), linear(ATTUNE_RGBA32F, 0, 40, 24, ATTUNE_LINEAR), in_place = linear;
  harmonized(session, srgb);
  harmonized(session, linear);
  double largest = 0;
  for (std::int64_t y = 0; y < srgb.height; ++y)
    for (std::int64_t x = 0; x < srgb.width; ++x)
      for (int c = 0; c < 3; ++c)
        largest = std::max(largest, std::fabs(reference::encoded(linear.sample(linear.output, x, y, c)) -
                                              srgb.sample(srgb.output, x, y, c)));
  CHECK(largest <= 1e-5);
  attune_picture description = in_place.description();
  description.output = in_place.image.data();
  CHECK(session.run(description) == ATTUNE_OK);
  CHECK(in_place.image == linear.output);
}

TEST_CASE("A mask of floats is one of bytes divided by 255") {
  const Session session;
  for (const attune_pixel_format format : {ATTUNE_RGB8, ATTUNE_RGBA32F}) {
    EmbeddedPicture bytes(format), floats(format);
    harmonized(session, bytes);
    std::vector<float> mask;
    for (const std::uint8_t m : floats.mask) mask.push_back(static_cast<float>(m) / 255);
    attune_picture description = floats.description();
    description.mask = mask.data();
    description.mask_format = ATTUNE_MASK32F;
    CHECK(session.run(description) == ATTUNE_OK);
    CHECK(largest_difference(floats, bytes) <= (format == ATTUNE_RGB8 ? 1.0 / 255 : 1e-6));
    for (const float wrong : {-0.01f, 1.01f, std::numeric_limits<float>::quiet_NaN()}) {
      mask.back() = wrong;
      CHECK(session.run(description) == ATTUNE_INVALID_ARGUMENT);
      CHECK(contains(session.message(), "the mask's value at (39, 23) is "));
    }
  }
}

TEST_CASE("Rows that go up are the picture that was meant") {
  const Session session;
  EmbeddedPicture down, up;
  harmonized(session, down);
  attune_picture description = up.description();
  const std::int64_t last = (up.height - 1) * up.stride();
  std::vector<std::uint8_t> image(up.image.size()), mask(up.mask.size());
  for (std::int64_t y = 0; y < up.height; ++y) {
    std::copy_n(up.image.data() + y * up.stride(), up.stride(), image.data() + last - y * up.stride());
    std::copy_n(up.mask.data() + y * up.width, up.width, mask.data() + (up.height - 1 - y) * up.width);
  }
  description.image = image.data() + last;
  description.mask = mask.data() + (up.height - 1) * up.width;
  description.image_stride = -up.stride();
  description.mask_stride = -up.width;
  CHECK(session.run(description) == ATTUNE_OK);
  CHECK(up.output == down.output);
}

TEST_CASE("Inverted, a mask of bytes or floats is that of the background") {
  const Session session;
  attune_harmonize_options invert = ATTUNE_HARMONIZE_OPTIONS_INIT;
  invert.invert = 1;
  EmbeddedPicture plain, inverted, floats;
  harmonized(session, plain);
  attune_mask_kind kind = ATTUNE_MASK_EMPTY;
  std::vector<float> mask;
  for (std::uint8_t& m : inverted.mask) m = static_cast<std::uint8_t>(255 - m);
  for (const std::uint8_t m : inverted.mask) mask.push_back(static_cast<float>(m) / 255);
  CHECK(session.run(inverted.description(), &kind, &invert) == ATTUNE_OK);
  CHECK(kind == ATTUNE_MASK_BOTH);
  CHECK(largest_difference(inverted, plain) <= 1.0 / 255);
  attune_picture description = floats.description();
  description.mask = mask.data();
  description.mask_format = ATTUNE_MASK32F;
  CHECK(session.run(description, &kind, &invert) == ATTUNE_OK);
  CHECK(largest_difference(floats, plain) <= 1.0 / 255);
  for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{255}}) {
    inverted.set_mask(value);
    CHECK(session.run(inverted.description(), &kind, &invert) == ATTUNE_OK);
    CHECK(kind == (value == 0 ? ATTUNE_MASK_FULL : ATTUNE_MASK_EMPTY));
  }
}

TEST_CASE("Alpha has no part in the colours") {
  const Session session;
  EmbeddedPicture picture(ATTUNE_RGBA8), other(ATTUNE_RGBA8);
  for (std::size_t i = 3; i < other.image.size(); i += 4) other.image[i] = static_cast<std::uint8_t>(i);
  harmonized(session, picture);
  harmonized(session, other);
  for (std::size_t i = 0; i < other.output.size(); ++i)
    REQUIRE(other.output[i] == (i % 4 == 3 ? other.image[i] : picture.output[i]));
}

TEST_CASE("In place gives the same bits") {
  const Session session;
  for (const std::int64_t padding : {0, 6}) {
    EmbeddedPicture apart(ATTUNE_RGB8, padding), inside(ATTUNE_RGB8, padding);
    harmonized(session, apart);
    attune_picture description = inside.description();
    description.output = inside.image.data();
    CHECK(session.run(description) == ATTUNE_OK);
    CHECK(inside.image == apart.output);
  }
}

}  // namespace attune::test
