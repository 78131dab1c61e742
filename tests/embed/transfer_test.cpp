#include "embed/transfer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/cpu_targets.h"

namespace attune::test {

namespace {

double encoded(double linear) {
  const double x = std::fabs(linear);
  return std::copysign(x <= 0.0031308 ? 12.92 * x : 1.055 * std::pow(x, 1 / 2.4) - 0.055, linear);
}
double decoded(double srgb) {
  const double x = std::fabs(srgb);
  return std::copysign(x <= 0.04045 ? x / 12.92 : std::pow((x + 0.055) / 1.055, 2.4), srgb);
}

// Both sides of the curve's two parts, beyond black and white, and the ends exactly.
std::vector<float> samples() {
  std::vector<float> all = {0.0f,       -0.0f,    1.0f,     -1.0f,  0.0031308f,
                            0.0031309f, 0.04045f, 0.04046f, 1e-30f, 1000.0f};
  for (int i = 0; i < 1003; ++i) all.push_back(-0.2f + 0.002f * static_cast<float>(i));
  return all;
}

template <class Function, class Exact>
void check_all(const Function& function, const Exact& exact) {
  for_each_cpu_target([&] {
    const std::vector<float> in = samples();
    std::vector<float> out(in.size() + 1, -7), in_place = in;
    function(in.data(), out.data(), static_cast<std::int64_t>(in.size()));
    function(in_place.data(), in_place.data(), static_cast<std::int64_t>(in.size()));
    CHECK(out.back() == -7);
    for (std::size_t i = 0; i < in.size(); ++i) {
      const double right = exact(static_cast<double>(in[i]));
      INFO(in[i]);
      if (!(std::fabs(static_cast<double>(out[i]) - right) <= 2e-6 * std::fabs(right)))
        FAIL_CHECK(out[i] << " for " << right);
      if (in_place[i] != out[i]) FAIL_CHECK("in place " << in_place[i]);
    }
  });
}

}  // namespace

TEST_CASE("sRGB from linear light") { check_all(srgb_from_linear, encoded); }
TEST_CASE("Linear light from sRGB") { check_all(linear_from_srgb, decoded); }

TEST_CASE("What is no finite number stays so") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for_each_cpu_target([&] {
    for (const auto function : {srgb_from_linear, linear_from_srgb}) {
      std::vector<float> values = {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity, 0.5f};
      function(values.data(), values.data(), 4);
      CHECK(std::isnan(values[0]));
      CHECK(values[1] == infinity);
      CHECK(values[2] == -infinity);
      CHECK(std::isfinite(values[3]));
    }
  });
}

TEST_CASE("There and back every 8-bit value is itself") {
  for (int value = 0; value < 256; ++value) {
    float v = static_cast<float>(value) / 255;
    linear_from_srgb(&v, &v, 1);
    srgb_from_linear(&v, &v, 1);
    CHECK(std::lround(255 * static_cast<double>(v)) == value);
  }
}

}  // namespace attune::test
