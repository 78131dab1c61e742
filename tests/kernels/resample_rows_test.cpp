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

TEST_CASE("average_rows weighs pixels by how much they count") {
  Context context;
  check_all_ignored(context);
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
