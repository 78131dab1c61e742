// What counts as foreground and background, and what does not.
#include <catch2/catch.hpp>
#include <limits>

#include "tests/embed/sessions.h"

namespace attune::test {

TEST_CASE("What is ignored has no influence, and what it leaves has") {
  const Session session;
  for (const attune_pixel_format format : {ATTUNE_RGB8, ATTUNE_RGB32F}) {
    EmbeddedPicture clean(format), spoilt(format);
    std::vector<std::uint8_t> ignored(clean.mask.size(), 0);
    // A frame, as a scan has it, and what is outside a circle.
    for (std::int64_t y = 0; y < clean.height; ++y)
      for (std::int64_t x = 0; x < clean.width; ++x) {
        if (x >= 5 && x < 35 && y >= 3 && y < 21) continue;
        ignored[static_cast<std::size_t>(y * clean.width + x)] = 255;
        const double junk = format == ATTUNE_RGB8 ? 0 : std::numeric_limits<double>::quiet_NaN();
        for (int c = 0; c < 3; ++c) spoilt.set_sample(x, y, c, junk);
      }
    const auto run = [&](EmbeddedPicture& picture, const std::vector<std::uint8_t>* mask) {
      attune_picture description = picture.description();
      description.ignored = mask ? mask->data() : nullptr;
      CHECK(session.run(description) == ATTUNE_OK);
    };
    run(clean, &ignored);
    run(spoilt, &ignored);
    int different = 0;
    for (std::int64_t y = 0; y < clean.height; ++y)
      for (std::int64_t x = 0; x < clean.width; ++x)
        for (int c = 0; c < 3; ++c)
          different += ignored[static_cast<std::size_t>(y * clean.width + x)] == 0 &&
                       spoilt.sample(spoilt.output, x, y, c) != clean.sample(clean.output, x, y, c);
    CHECK(different == 0);
    if (format != ATTUNE_RGB8) continue;
    // Close to what the clean picture gives, whereas the spoilt one is led astray.
    EmbeddedPicture plain(format), astray = spoilt;
    run(plain, nullptr);
    run(astray, nullptr);
    CHECK(foreground_difference(clean, plain) < 3);
    CHECK(foreground_difference(astray, plain) > 2 * foreground_difference(spoilt, plain));
    // Nothing ignored is nothing said; everything is no background.
    EmbeddedPicture nothing(format), everything(format);
    std::fill(ignored.begin(), ignored.end(), std::uint8_t{0});
    run(nothing, &ignored);
    CHECK(largest_difference(nothing, plain) <= 1.0 / 255);
    std::fill(ignored.begin(), ignored.end(), std::uint8_t{255});
    attune_picture description = everything.description();
    description.ignored = ignored.data();
    attune_mask_kind kind = ATTUNE_MASK_BOTH;
    CHECK(session.run(description, &kind) == ATTUNE_OK);
    CHECK(kind == ATTUNE_MASK_FULL);
    CHECK(everything.output == everything.image);
  }
}

TEST_CASE("Of the foreground nothing is ignored") {
  const Session session;
  EmbeddedPicture plain, overlapping;
  harmonized(session, plain);
  // All of the foreground, and none of the background.
  std::vector<std::uint8_t> ignored = overlapping.mask;
  for (std::uint8_t& value : ignored) value = value == 255 ? 255 : 0;
  attune_picture description = overlapping.description();
  description.ignored = ignored.data();
  CHECK(session.run(description) == ATTUNE_OK);
  CHECK(largest_difference(overlapping, plain) <= 1.0 / 255);
}

TEST_CASE("Without foreground or without background the picture comes back as it was") {
  const Session session;
  for (const std::int64_t padding : {0, 6})
    for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{255}}) {
      EmbeddedPicture picture(ATTUNE_RGB8, padding);
      picture.set_mask(value);
      attune_mask_kind kind = ATTUNE_MASK_BOTH;
      CHECK(session.run(picture.description(), &kind) == ATTUNE_OK);
      CHECK(kind == (value == 0 ? ATTUNE_MASK_EMPTY : ATTUNE_MASK_FULL));
      CHECK(picture.output == picture.image);
      // One pixel of the other kind makes it an ordinary picture.
      picture.mask_at(picture.width - 1, picture.height - 1) = value == 0 ? 1 : 254;
      CHECK(session.run(picture.description(), &kind) == ATTUNE_OK);
      CHECK(kind == ATTUNE_MASK_BOTH);
    }
}

}  // namespace attune::test
