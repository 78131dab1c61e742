// bfloat16 against rounding by exact arithmetic.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "core/dtype.h"

using namespace attune;

namespace {

float float_of(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// Round to nearest even among the two neighbours that cutting the low half leaves, by their distances in double. Behind
// the largest finite bfloat16 the next step up is infinity, which stands at 2^128.
std::uint16_t rounded(float value) {
  const auto low = static_cast<std::uint16_t>(bits_of(value) >> 16),
             high = static_cast<std::uint16_t>(low + 1);
  const auto magnitude = [](std::uint16_t bits) {
    const double size = std::fabs(static_cast<double>(float_of(static_cast<std::uint32_t>(bits) << 16)));
    return std::isinf(size) ? 0x1p128 : size;
  };
  const double exact = std::fabs(static_cast<double>(value));
  const double below = exact - magnitude(low), above = magnitude(high) - exact;
  return below < above || (below == above && low % 2 == 0) ? low : high;
}

}  // namespace

TEST_CASE("Every bfloat16 survives the way through float") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    bfloat16 value;
    value.bits = static_cast<std::uint16_t>(bits);
    const float wide = static_cast<float>(value);
    if (std::isnan(wide)) {
      REQUIRE(std::isnan(static_cast<float>(bfloat16(wide))));
      continue;
    }
    REQUIRE(bits_of(wide) == bits << 16);
    REQUIRE(bfloat16(wide).bits == bits);
    REQUIRE(static_cast<double>(value) == static_cast<double>(wide));
  }
}

TEST_CASE("Floats round to the nearest bfloat16, ties to even") {
  // Around every boundary of a thousand bfloat16 values of both signs and all exponents: exact, just above, the tie and
  // its neighbours, just below the next.
  for (std::uint32_t high = 0; high < 0x7f80; high += 31)
    for (const std::uint32_t low : {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu})
      for (const std::uint32_t sign : {0u, 0x80000000u}) {
        const float value = float_of(sign | high << 16 | low);
        INFO(std::hexfloat << value);
        REQUIRE(bfloat16(value).bits == rounded(value));
      }
  std::mt19937 generator(3);
  for (int i = 0; i < 100000; ++i) {
    const float value = float_of(static_cast<std::uint32_t>(generator()));
    if (!std::isfinite(value)) continue;
    REQUIRE(bfloat16(value).bits == rounded(value));
  }
}

TEST_CASE("Ties, subnormals, overflow, infinity and NaN") {
  CHECK(bfloat16(1.0f).bits == 0x3f80);
  CHECK(bfloat16(1.0f + 0x1p-8f).bits == 0x3f80);      // a tie, down to even
  CHECK(bfloat16(1.0f + 3 * 0x1p-8f).bits == 0x3f82);  // a tie, up to even
  CHECK(bfloat16(-0.0f).bits == 0x8000);
  CHECK(bfloat16(float_of(0x00008000)).bits == 0x0000);  // half of the smallest subnormal
  CHECK(bfloat16(float_of(0x00008001)).bits == 0x0001);
  CHECK(bfloat16(float_of(0x7f7f7fff)).bits == 0x7f7f);  // the largest finite one
  CHECK(bfloat16(float_of(0x7f7f8000)).bits == 0x7f80);  // rounds to infinity
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(bfloat16(infinity).bits == 0x7f80);
  CHECK(bfloat16(-infinity).bits == 0xff80);
  // A NaN stays one, whichever of its bits are set: rounding must not carry it into infinity or zero.
  for (const std::uint32_t bits :
       {0x7f800001u, 0x7f80ffffu, 0x7fffffffu, 0xffffffffu, 0xff800001u, 0x7fc00000u}) {
    const bfloat16 value(float_of(bits));
    CHECK(std::isnan(static_cast<float>(value)));
    CHECK((value.bits >> 15) == (bits >> 31));
  }
}
