// Philox 4x32-10 against Random123's published known-answer vectors (its file kat_vectors), and
// PhiloxStream's ranges.
#include "core/philox.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace attune;

namespace {

struct KnownAnswer {
  PhiloxCounter counter;
  std::uint64_t key;  // Random123's key words, the first in the low half
  PhiloxCounter expected;
};

const KnownAnswer known_answers[] = {
    {{{0, 0, 0, 0}}, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
    {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
     0xffffffffffffffff,
     {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
    {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
     0x299f31d0a4093822,
     {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
};

}  // namespace

TEST_CASE("philox gives Random123's known answers") {
  for (const KnownAnswer& known : known_answers) {
    const PhiloxCounter actual = philox(known.key, known.counter);
    for (int word = 0; word < 4; ++word) CHECK(actual.word[word] == known.expected.word[word]);
  }
}

TEST_CASE("a philox stream is the generator's blocks in order") {
  PhiloxStream stream(42, 1, 2, 3);
  for (std::uint32_t block = 0; block < 3; ++block) {
    const PhiloxCounter expected = philox(42, {{block, 1, 2, 3}});
    for (const std::uint32_t word : expected.word) CHECK(stream.next() == word);
  }
}

TEST_CASE("philox streams differ in every word that names them") {
  const std::uint32_t first = PhiloxStream(1, 2, 3, 4).next();
  CHECK(PhiloxStream(1, 2, 3, 4).next() == first);
  CHECK(PhiloxStream(0, 2, 3, 4).next() != first);
  CHECK(PhiloxStream(std::uint64_t{1} << 32, 2, 3, 4).next() != first);
  CHECK(PhiloxStream(1, 0, 3, 4).next() != first);
  CHECK(PhiloxStream(1, 2, 0, 4).next() != first);
  CHECK(PhiloxStream(1, 2, 3, 0).next() != first);
}

TEST_CASE("uniform and below stay in their ranges and fill them") {
  PhiloxStream stream(7, 0);
  constexpr int draws = 60000;
  std::vector<int> faces(6, 0);
  double sum = 0;
  for (int i = 0; i < draws; ++i) {
    const float u = stream.uniform();
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    sum += static_cast<double>(u);
    const float v = stream.uniform(-3.0f, 5.0f);
    REQUIRE(v >= -3);
    REQUIRE(v <= 5);
    const std::uint32_t face = stream.below(6);
    REQUIRE(face < 6);
    ++faces[face];
  }
  // Five standard deviations: 1 / sqrt(12 n) of the mean, sqrt(n 5 / 36) of a face's count.
  CHECK(sum / draws == Approx(0.5).margin(5 * 0.00118));
  for (const int count : faces) CHECK(count == Approx(draws / 6).margin(5 * 91.3));
  CHECK(stream.below(1) == 0);
}
