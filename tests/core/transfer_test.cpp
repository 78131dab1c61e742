#include "core/transfer.h"

#include <catch2/catch.hpp>
#include <limits>
#include <vector>

#include "tests/reference/transfer_reference.h"

namespace attune::test {

namespace {

// Both sides of the curve's two parts, beyond black and white, and the ends exactly.
std::vector<float> samples() {
  std::vector<float> all = {0.0f,       -0.0f,    1.0f,     -1.0f,  0.0031308f,
                            0.0031309f, 0.04045f, 0.04046f, 1e-30f, 1000.0f};
  for (int i = 0; i < 1003; ++i) all.push_back(-0.2f + 0.002f * static_cast<float>(i));
  return all;
}

template <class Function, class Exact>
void check_all(const Function& function, const Exact& exact) {
  for (const float sample : samples())
    CHECK(static_cast<double>(function(sample)) == Approx(exact(static_cast<double>(sample))).epsilon(2e-6));
}

}  // namespace

TEST_CASE("sRGB from linear light") { check_all(srgb_from_linear, reference::encoded); }
TEST_CASE("Linear light from sRGB") { check_all(linear_from_srgb, reference::decoded); }

TEST_CASE("What is no finite number stays so") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const auto function : {srgb_from_linear, linear_from_srgb}) {
    CHECK(std::isnan(function(std::numeric_limits<float>::quiet_NaN())));
    CHECK(function(infinity) == infinity);
    CHECK(function(-infinity) == -infinity);
  }
}

TEST_CASE("There and back every 8-bit value is itself") {
  for (int value = 0; value < 256; ++value) {
    const float v = static_cast<float>(value) / 255;
    CHECK(std::lround(255 * static_cast<double>(srgb_from_linear(linear_from_srgb(v)))) == value);
  }
}

}  // namespace attune::test
