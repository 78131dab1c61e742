// What the contract forbids is refused with words, nothing is written, and the session goes on.
#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <limits>

#include "tests/embed/sessions.h"

namespace attune::test {

TEST_CASE("A picture whose samples are no numbers is refused, and nothing is written") {
  const Session session;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const attune_transfer transfer : {ATTUNE_SRGB, ATTUNE_LINEAR})
    for (const double value : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
      EmbeddedPicture picture(ATTUNE_RGB32F, 0, 40, 24, transfer);
      const std::vector<std::uint8_t> before = picture.output;
      picture.set_sample(3, 2, 1, value);
      CHECK(session.run(picture.description()) == ATTUNE_INVALID_ARGUMENT);
      CHECK(contains(session.message(), "no finite numbers"));
      CHECK(picture.output == before);
    }
}

TEST_CASE("Pictures that the contract forbids are refused, and the session goes on") {
  const Session session;
  EmbeddedPicture picture(ATTUNE_RGB16);
  const auto refusal = [&](const std::function<void(attune_picture&)>& spoil) {
    attune_picture wrong = picture.description();
    spoil(wrong);
    CHECK(session.run(wrong) == ATTUNE_INVALID_ARGUMENT);
    INFO(session.message());
    CHECK(!session.message().empty());
    return session.message();
  };
  CHECK(contains(refusal([](auto& p) { p.struct_size = 12; }), "attune_picture.struct_size is 12"));
  CHECK(contains(refusal([](auto& p) { p.width = 0; }), "picture is 0 x 24"));
  CHECK(contains(refusal([](auto& p) { p.height = -3; }), "picture is 40 x -3"));
  CHECK(contains(refusal([](auto& p) { p.width = (1 << 20) + 1; }), "expected 1 to 1048576"));
  CHECK(contains(refusal([](auto& p) { p.height = INT64_MAX; }), "expected 1 to 1048576"));
  CHECK(contains(refusal([](auto& p) { p.image = nullptr; }), "image is null"));
  CHECK(contains(refusal([](auto& p) { p.mask = nullptr; }), "mask is null"));
  CHECK(contains(refusal([](auto& p) { p.output = nullptr; }), "output is null"));
  CHECK(contains(refusal([](auto& p) { p.image_stride = 238; }),
                 "image_stride is 238, shorter than a row of 240 bytes"));
  CHECK(contains(refusal([](auto& p) { p.output_stride = 1; }), "shorter than a row"));
  for (const std::int64_t stride : {INT64_MAX - 1, INT64_MIN, INT64_MAX / 1000})
    CHECK(contains(refusal([&](auto& p) { p.mask_stride = stride; }), "either way"));
  CHECK(contains(refusal([](auto& p) { p.mask_stride = 39; }), "shorter than a row"));
  CHECK(contains(refusal([](auto& p) {
                   p.ignored = p.output ? static_cast<const std::uint8_t*>(p.output) : nullptr,
                   p.ignored_stride = 39;
                 }),
                 "ignored_stride is 39"));
  CHECK(contains(refusal([](auto& p) { p.image_stride = 241; }),
                 "image or its stride of 241 bytes is not aligned"));
  CHECK(contains(refusal([](auto& p) { p.output_stride = 243; }),
                 "output or its stride of 243 bytes is not aligned"));
  CHECK(contains(refusal([](auto& p) { p.image = static_cast<const char*>(p.image) + 1; }), "not aligned"));
  CHECK(contains(refusal([](auto& p) { p.output = static_cast<char*>(p.output) + 1; }), "not aligned"));
  CHECK(contains(refusal([](auto& p) { p.transfer = ATTUNE_LINEAR; }), "for float formats"));
  CHECK(contains(refusal([](auto& p) {
                   p.output = const_cast<void*>(p.image);
                   p.output_stride = 242;
                 }),
                 "in place"));
  for (const std::int32_t number : {-1, 8, 77}) {
    const std::string is = " is " + std::to_string(number);
    CHECK(contains(refusal([&](auto& p) { std::memcpy(&p.format, &number, sizeof number); }),
                   "pixel format" + is));
    CHECK(contains(refusal([&](auto& p) { std::memcpy(&p.transfer, &number, sizeof number); }),
                   "transfer" + is));
    CHECK(contains(refusal([&](auto& p) { std::memcpy(&p.mask_format, &number, sizeof number); }),
                   "mask format" + is));
    CHECK(contains(refusal([&](auto& p) { std::memcpy(&p.memory, &number, sizeof number); }), "memory" + is));
  }
  CHECK(contains(refusal([](auto& p) { p.memory = ATTUNE_DEVICE_MEMORY; }), "session on the CPU"));
  CHECK(attune_harmonize(session.handle, nullptr, nullptr, nullptr) == ATTUNE_INVALID_ARGUMENT);
  CHECK(contains(session.message(), "picture is a null pointer"));
  harmonized(session, picture);
}

TEST_CASE("A refused picture is not written to") {
  const Session session;
  EmbeddedPicture picture;
  const std::vector<std::uint8_t> before = picture.output;
  attune_picture wrong = picture.description();
  wrong.mask_stride = 1;
  CHECK(session.run(wrong) == ATTUNE_INVALID_ARGUMENT);
  CHECK(picture.output == before);
}

TEST_CASE("No options are the initial ones, and others are heeded") {
  const Session session;
  EmbeddedPicture without, initial, none;
  harmonized(session, without);
  attune_harmonize_options options = ATTUNE_HARMONIZE_OPTIONS_INIT;
  CHECK(session.run(initial.description(), nullptr, &options) == ATTUNE_OK);
  CHECK(initial.output == without.output);
  options.strength = 0;
  attune_mask_kind kind = ATTUNE_MASK_EMPTY;
  CHECK(session.run(none.description(), &kind, &options) == ATTUNE_OK);
  CHECK(kind == ATTUNE_MASK_BOTH);
  CHECK(none.output == none.image);
}

TEST_CASE("Options that the contract forbids are refused, nothing is written, and the session goes on") {
  const Session session;
  EmbeddedPicture picture;
  const std::vector<std::uint8_t> before = picture.output;
  const auto refusal = [&](const attune_harmonize_options& wrong) {
    CHECK(session.run(picture.description(), nullptr, &wrong) == ATTUNE_INVALID_ARGUMENT);
    CHECK(picture.output == before);
    return session.message();
  };
  const auto strength_refusal = [&](float strength) {
    return refusal({sizeof(attune_harmonize_options), strength, 0});
  };
  CHECK(strength_refusal(-0.25f) == "strength is -0.25, expected 0 to 1");
  CHECK(strength_refusal(1.5f) == "strength is 1.5, expected 0 to 1");
  CHECK(contains(strength_refusal(INFINITY), "strength is inf"));
  CHECK(contains(strength_refusal(NAN), "strength is nan"));
  CHECK(contains(refusal({0, 1, 0}), "attune_harmonize_options.struct_size is 0"));
  // Also where there is nothing to do.
  for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{255}}) {
    EmbeddedPicture same;
    same.set_mask(value);
    const attune_harmonize_options wrong{sizeof wrong, 2, 0};
    CHECK(session.run(same.description(), nullptr, &wrong) == ATTUNE_INVALID_ARGUMENT);
  }
  harmonized(session, picture);
}

}  // namespace attune::test
