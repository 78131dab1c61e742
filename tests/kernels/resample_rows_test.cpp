#include "tests/kernels/resample_rows_check.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "tests/support/cpu_targets.h"
#include "tests/support/op_checks.h"

namespace attune::test {
namespace {

using resample::AverageRows;
using resample::IgnoredBackground;

constexpr std::uint64_t seed = 3;

TEST_CASE("average_rows averages exactly what lies under a pixel") {
  for_each_cpu_target([] {
    Context context, other(Device{}, 3);
    for (const AverageCase& c : average_cases()) {
      check_averages<std::uint8_t>(context, other, c, seed);
      check_averages<std::uint16_t>(context, other, c, seed);
      check_averages<float>(context, other, c, seed);
    }
  });
}

// Which pixels count: all, in part or not at all, in foreground and background.
struct Ignored {
  std::vector<std::uint8_t> rows, mask;
  std::vector<float> float_mask;
  IgnoredBackground background;

  Ignored(const AverageCase& c, bool inverted, bool in_floats) {
    std::mt19937 generator(seed);
    for (std::int64_t i = 0; i < c.height * c.width; ++i) {
      const auto random = generator() % 3;
      rows.push_back(static_cast<std::uint8_t>(random == 0 ? 255 : random == 1 ? 100 : 0));
      mask.push_back(static_cast<std::uint8_t>(i % 5 == 0 ? 255 : i % 7 == 0 ? 90 : 0));
      float_mask.push_back(static_cast<float>(mask.back()) / 255);
    }
    background = {{rows.data(), c.width}, {mask.data(), c.width}, Sample::u8, inverted};
    if (in_floats) background.mask = {float_mask.data(), 4 * c.width}, background.mask_sample = Sample::f32;
  }
  Ignored(const Ignored&) = delete;
  Ignored& operator=(const Ignored&) = delete;
};

template <class T>
void check_ignored(const AverageCase& c, bool inverted, bool in_floats) {
  INFO(c.width << "x" << c.height << ", " << sizeof(T) << " bytes, inverted: " << inverted);
  AverageProblem<T> problem(c, seed);
  const Ignored ignored(c, inverted, in_floats);
  if constexpr (std::is_same_v<T, float>)  // no influence, whatever it holds
    for (std::int64_t p = 0; p < c.height * c.width; ++p) {
      const auto at = static_cast<std::size_t>(p);
      if (ignored.rows[at] != 255 || ignored.mask[at] != (inverted ? 255 : 0)) continue;
      const std::int64_t y = c.upward ? c.height - 1 - p / c.width : p / c.width;
      problem.samples[static_cast<std::size_t>(y * problem.row + p % c.width * c.channels)] = NAN;
    }
  const auto run = [&](const auto& average, std::vector<float>& shares) {
    Tensor out(problem.out_shape(), DType::f32);
    shares.assign(static_cast<std::size_t>(c.out_height * c.out_width), -9);
    AverageRows a = problem.arguments(problem.samples.data(), out.view());
    a.ignored = &ignored.background;
    a.shares = shares.data();
    average(a);
    return std::vector<float>(out.as<float>(), out.as<float>() + out.shape().elements());
  };
  Context context;
  std::vector<float> shares, expected_shares;
  const std::vector<float> actual = run([&](const AverageRows& a) { average_rows(context, a); }, shares);
  const std::vector<float> expected =
      run([](const AverageRows& a) { reference::resample::average_rows<T>(a); }, expected_shares);
  for (std::size_t i = 0; i < actual.size(); ++i)
    if (!(std::fabs(actual[i] - expected[i]) <= 3e-6f)) FAIL_CHECK(actual[i] << " for " << expected[i]);
  for (std::size_t i = 0; i < shares.size(); ++i)
    if (!(std::fabs(shares[i] - expected_shares[i]) <= 3e-6f))
      FAIL_CHECK(shares[i] << " for " << expected_shares[i]);
}

TEST_CASE("average_rows weighs pixels by how much they count") {
  for (const AverageCase& c : average_cases())
    for (const bool inverted : {false, true}) {
      check_ignored<std::uint8_t>(c, inverted, false);
      check_ignored<std::uint16_t>(c, inverted, true);
      check_ignored<float>(c, inverted, false);
    }
}

TEST_CASE("average_rows encodes linear light as sRGB, whatever its size") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> light = {0.0f,       -0.0f,      1.0f,      -1.0f,
                              0.0031308f, 0.0031309f, 0.5f,      1e-30f,
                              1000.0f,    infinity,   -infinity, std::numeric_limits<float>::quiet_NaN()};
  for (int i = 0; i < 1002; ++i) light.push_back(-0.2f + 0.002f * static_cast<float>(i));
  for_each_cpu_target([&] {
    AverageRows a;
    std::vector<float> srgb(light.size(), -7);
    a.source = {light.data(), 0};
    a.sample = Sample::f32;
    a.linear = true;
    a.height = a.out_height = a.row_end = 1;
    a.width = a.out_width = static_cast<std::int64_t>(light.size() / 3);
    a.out = srgb.data();
    Context context;
    average_rows(context, a);
    for (std::size_t i = 0; i < light.size(); ++i) {
      const auto exact = static_cast<float>(reference::encoded(static_cast<double>(light[i])));
      if (std::isnan(exact) ? !std::isnan(srgb[i])
                            : srgb[i] != exact && !(std::fabs(srgb[i] - exact) <= 2e-6f * std::fabs(exact)))
        FAIL_CHECK(srgb[i] << " for " << light[i]);
    }
  });
}

TEST_CASE("A mask averaged down is exactly 1 away from its only hole") {
  std::vector<std::uint8_t> mask(1000 * 700, 255);
  mask[500 * 700 + 350] = 0;
  Tensor out({256, 179}, DType::f32);
  AverageRows a;
  a.source = {mask.data(), 700};
  a.height = 1000, a.width = 700;
  a.channels = 1;
  a.snap = true;
  a.out = out.as<float>();
  a.out_height = a.row_end = 256, a.out_width = 179;
  Context context;
  average_rows(context, a);
  const float* const first = out.as<float>();
  CHECK(std::count(first, first + 256 * 179, 1.0f) >= 256 * 179 - 4);
  CHECK(std::accumulate(first, first + 256 * 179, 0.0, [](double sum, float m) { return sum + 1 - m; }) ==
        Approx(256.0 * 179 / 1000 / 700).epsilon(1e-5));
}

TEST_CASE("average_rows refuses wrong arguments and writes nothing") {
  const AverageProblem<std::uint8_t> problem(average_cases()[2], seed);
  Context context;
  const auto refused = [&](const auto& change) {
    Tensor out(problem.out_shape(), DType::f32);
    fill_bytes(out.view().data, {}, 0xff, out.view().bytes());
    AverageRows a = problem.arguments(problem.samples.data(), out.view());
    change(a);
    check_refused("resample", {}, [&] { average_rows(context, a); });
    CHECK(std::isnan(out.as<float>()[0]));
  };
  Tensor unwritten(problem.out_shape(), DType::f32);
  AverageRows huge = problem.arguments(problem.samples.data(), unwritten.view());
  huge.width = huge.out_width = std::int64_t{1} << 40;
  CHECK_THROWS_AS(average_rows(context, huge), Error);

  const IgnoredBackground ignored;
  refused([](AverageRows& a) { a.channels = 2; });
  refused([](AverageRows& a) { a.height = 0; });
  refused([](AverageRows& a) { a.out_width = -1; });
  refused([](AverageRows& a) { a.row_end = a.out_height + 1; });
  refused([](AverageRows& a) { a.row_begin = -1; });
  refused([](AverageRows& a) { a.source.data = nullptr; });
  refused([](AverageRows& a) { a.out = nullptr; });
  refused([](AverageRows& a) { a.linear = true; });
  refused([](AverageRows& a) { a.sample = Sample::u16, a.source.stride = 37; });
  refused([&](AverageRows& a) { a.ignored = &ignored; });
  float shares = 0;
  refused([&](AverageRows& a) { a.ignored = &ignored, a.shares = &shares; });
}

}  // namespace
}  // namespace attune::test
