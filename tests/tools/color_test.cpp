// Colour science against published values, curves, and the transfers' statistics.
#include <catch2/catch.hpp>
#include <cmath>

#include "core/error.h"
#include "core/philox.h"
#include "tools/data/color_science.h"
#include "tools/data/curve.h"
#include "tools/data/matrix3.h"
#include "tools/data/random.h"
#include "tools/data/transfer.h"

using namespace attune;
using namespace attune::tools;

namespace {

constexpr std::uint64_t seed = 20240611;

void check_near(const Color& actual, const Color& expected, double margin) {
  for (std::size_t c = 0; c < 3; ++c) {
    INFO("channel " << c);
    CHECK(static_cast<double>(actual[c]) == Approx(static_cast<double>(expected[c])).margin(margin));
  }
}

// Correlated colours around `mean`, inside [0, 1] nearly always.
Pixels cloud(std::uint32_t stream, const Color& mean, float spread) {
  PhiloxStream random(seed, stream);
  Pixels pixels(4000);
  for (Color& pixel : pixels) {
    const float common = normal(random) * spread;
    for (std::size_t c = 0; c < 3; ++c) {
      pixel[c] = mean[c] + common * (1 - 0.3f * static_cast<float>(c)) + normal(random) * spread / 3;
    }
  }
  return pixels;
}

}  // namespace

TEST_CASE("Lab of sRGB's corners") {
  check_near(lab_from_srgb({1, 1, 1}), {100, 0, 0}, 0.01);
  check_near(lab_from_srgb({0, 0, 0}), {0, 0, 0}, 1e-4);
  check_near(lab_from_srgb({1, 0, 0}), {53.2408f, 80.0925f, 67.2032f}, 0.01);
  check_near(lab_from_srgb({0, 1, 0}), {87.7347f, -86.1827f, 83.1793f}, 0.01);
  check_near(lab_from_srgb({0, 0, 1}), {32.2970f, 79.1875f, -107.8602f}, 0.01);
  check_near(lab_from_srgb({0.5f, 0.5f, 0.5f}), {53.3890f, 0, 0}, 0.01);
}

TEST_CASE("conversions return to where they came from, also outside the gamut") {
  PhiloxStream random(seed, 1);
  for (int i = 0; i < 2000; ++i) {
    const Color color{random.uniform(-0.1f, 1.2f), random.uniform(-0.1f, 1.2f), random.uniform(-0.1f, 1.2f)};
    check_near(srgb_from_lab(lab_from_srgb(color)), color, 2e-5);
    CHECK(static_cast<double>(srgb_from_linear(linear_from_srgb(color[0]))) ==
          Approx(static_cast<double>(color[0])).margin(2e-6));
  }
  CHECK(static_cast<double>(linear_from_srgb(0.5f)) == Approx(0.214041).margin(1e-6));
}

TEST_CASE("the Planckian locus passes through illuminant A and near D65") {
  CHECK(static_cast<double>(planckian_locus(2856).x) == Approx(0.4476).margin(2e-3));
  CHECK(static_cast<double>(planckian_locus(2856).y) == Approx(0.4074).margin(2e-3));
  CHECK(static_cast<double>(planckian_locus(6504).x) == Approx(0.3135).margin(1e-3));
  CHECK(static_cast<double>(planckian_locus(6504).y) == Approx(0.3237).margin(1e-3));
  for (const float seam : {2222.0f, 4000.0f}) {
    CHECK(static_cast<double>(planckian_locus(seam - 1).y - planckian_locus(seam + 1).y) ==
          Approx(0).margin(1e-3));
  }
}

TEST_CASE("white balance keeps grey's luminance, and warmer means redder") {
  check_near(white_balance_gains(0), {1, 1, 1}, 1e-5);
  for (const float shift : {-100.0f, -30.0f, 30.0f, 100.0f, 400.0f}) {
    const Color gains = white_balance_gains(shift);
    CHECK(static_cast<double>(0.2126729f * gains[0] + 0.7151522f * gains[1] + 0.0721750f * gains[2]) ==
          Approx(1).margin(1e-5));
    CHECK((gains[0] > gains[2]) == (shift > 0));
    CHECK(gains[2] > 0);
  }
}

TEST_CASE("a monotone curve meets its points and never falls") {
  const MonotoneCurve curve({0, 0.2f, 0.3f, 0.7f, 1}, {0.1f, 0.1f, 0.6f, 0.65f, 1});
  CHECK(curve(0.2f) == 0.1f);
  CHECK(static_cast<double>(curve(0.3f)) == Approx(0.6));
  CHECK(static_cast<double>(curve(-0.5f)) == Approx(-0.4));
  CHECK(static_cast<double>(curve(1.5f)) == Approx(1.5));
  const CurveTable table(curve);
  float before = curve(-0.1f);
  for (int i = 0; i <= 1000; ++i) {
    const float x = static_cast<float>(i) / 1000, y = curve(x);
    CHECK(y >= before - 1e-6f);  // rounding
    CHECK(static_cast<double>(table(x)) == Approx(static_cast<double>(y)).margin(1e-4));
    before = y;
  }
  CHECK(static_cast<double>(MonotoneCurve({0.5f}, {0.7f})(0.1f)) == Approx(0.3));
  CHECK_THROWS_AS(MonotoneCurve({0, 0}, {0, 1}), Error);
  CHECK_THROWS_AS(MonotoneCurve({0, 1}, {1, 0}), Error);
  CHECK_THROWS_AS(MonotoneCurve({}, {}), Error);
}

TEST_CASE("square roots of symmetric matrices") {
  for (const Matrix3& matrix :
       {Matrix3{{{4, 1, 0.5}, {1, 3, -0.7}, {0.5, -0.7, 2}}}, Matrix3{{{2, 0, 0}, {0, 2, 0}, {0, 0, 2}}},
        Matrix3{{{1, 1, 1}, {1, 1, 1}, {1, 1, 1.000001}}}}) {
    const SquareRoots roots = square_roots(matrix, 1e-12);
    const Matrix3 square = product(roots.root, roots.root), unit = product(roots.root, roots.inverse);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        CHECK(square[i][j] == Approx(matrix[i][j]).margin(1e-6));
        CHECK(unit[i][j] == Approx(i == j ? 1 : 0).margin(1e-6));
      }
    }
  }
}

TEST_CASE("the Monge-Kantorovich map reaches the reference's mean and covariance") {
  const Pixels source = cloud(2, {0.3f, 0.5f, 0.6f}, 0.08f), reference = cloud(3, {0.6f, 0.4f, 0.3f}, 0.05f);
  const Pixels moved = transfer(Transfer::monge_kantorovich, source, reference, TransferLimits::none());
  const ColorStatistics actual = color_statistics(moved), expected = color_statistics(reference);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(actual.mean[i] == Approx(expected.mean[i]).margin(1e-6));
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(actual.covariance[i][j] == Approx(expected.covariance[i][j]).margin(1e-7));
    }
  }
}

TEST_CASE("Reinhard's transfer reaches means and deviations in its colour space") {
  const Pixels source = cloud(4, {0.4f, 0.5f, 0.5f}, 0.05f), reference = cloud(5, {0.5f, 0.4f, 0.4f}, 0.07f);
  const auto check = [&](Transfer method, bool lab) {
    Pixels moved = transfer(method, source, reference, TransferLimits::none()), target = reference;
    if (lab) {
      for (Color& pixel : moved) pixel = lab_from_srgb(pixel);
      for (Color& pixel : target) pixel = lab_from_srgb(pixel);
    }
    const ColorStatistics actual = color_statistics(moved), expected = color_statistics(target);
    for (std::size_t c = 0; c < 3; ++c) {
      CHECK(actual.mean[c] == Approx(expected.mean[c]).epsilon(1e-3));
      CHECK(actual.covariance[c][c] == Approx(expected.covariance[c][c]).epsilon(1e-3));
    }
  };
  check(Transfer::reinhard_rgb, false);
  check(Transfer::reinhard_lab, true);
}

TEST_CASE("the quantile transfer is monotone in each channel and comes near the reference's quantiles") {
  const Pixels source = cloud(6, {0.3f, 0.5f, 0.6f}, 0.08f), reference = cloud(7, {0.5f, 0.4f, 0.5f}, 0.05f);
  const Pixels moved = transfer(Transfer::quantile_rgb, source, reference, TransferLimits::none());
  const ColorStatistics actual = color_statistics(moved), expected = color_statistics(reference);
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(actual.mean[c] == Approx(expected.mean[c]).margin(2e-3));
    CHECK(actual.covariance[c][c] == Approx(expected.covariance[c][c]).epsilon(0.15));
    for (std::size_t i = 0; i + 1 < source.size(); ++i) {
      if (source[i][c] < source[i + 1][c]) CHECK(moved[i][c] <= moved[i + 1][c] + 1e-6f);
      if (source[i][c] > source[i + 1][c]) CHECK(moved[i][c] >= moved[i + 1][c] - 1e-6f);
    }
  }
}

TEST_CASE("limits bound every transfer, and flat or empty sets are ordinary input") {
  const Pixels dark = cloud(8, {0.1f, 0.1f, 0.1f}, 0.02f), bright = cloud(9, {0.9f, 0.8f, 0.7f}, 0.02f);
  const Pixels flat(50, Color{0.25f, 0.5f, 0.75f});
  TransferLimits limits;
  limits.rgb_shift = {0.1f, 0.1f, 0.1f};
  limits.lab_shift = {10, 10, 10};
  for (const Transfer method : {Transfer::reinhard_lab, Transfer::reinhard_rgb, Transfer::monge_kantorovich,
                                Transfer::quantile_lab, Transfer::quantile_rgb}) {
    INFO("method " << static_cast<int>(method));
    const ColorStatistics moved = color_statistics(transfer(method, dark, bright, limits));
    CHECK(moved.mean[0] < 0.25);
    CHECK(moved.mean[0] > 0.12);
    CHECK(transfer(method, {}, bright, limits).empty());
    CHECK(transfer(method, dark, {}, limits) == dark);
    const Pixels recolored = transfer(method, flat, bright, limits);
    check_near(recolored.front(), recolored.back(), 0);
    CHECK(std::isfinite(recolored.front()[0]));
    CHECK(recolored.front()[0] > flat.front()[0]);
    CHECK(transfer(method, bright, flat, TransferLimits::none()).size() == bright.size());
  }
}
