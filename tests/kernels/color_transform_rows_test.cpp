#include <catch2/catch.hpp>

#include "tests/kernels/color_transform_rows_check.h"
#include "tests/support/cpu_targets.h"

namespace attune::test {
namespace {

using color_transform::Options;

constexpr std::uint64_t seed = 31;

template <class S>
void check_all_cases() {
  for_each_cpu_target([] {
    Context context, two_threads(Device{}, 2);
    for (const RowsCase& c : rows_cases()) check_rows<S>(context, two_threads, c, seed);
  });
}

TEST_CASE("apply_rows transforms 8-bit rows") { check_all_cases<std::uint8_t>(); }
TEST_CASE("apply_rows transforms 16-bit rows") { check_all_cases<std::uint16_t>(); }
TEST_CASE("apply_rows transforms rows of floats") { check_all_cases<float>(); }

TEST_CASE("apply_rows decodes what it has encoded") {
  std::vector<float> light;
  for (int i = 0; i < 1200; ++i) light.push_back(-0.2f + 0.002f * static_cast<float>(i));
  const TestTensor identity({1, 1, 12}, DType::f32, std::vector<double>(12, 0.0));
  for_each_cpu_target([&] {
    std::vector<float> out(light.size(), -7);
    Rows a;
    a.transform = identity.view();
    a.sample = Sample::f32;
    a.linear = true;
    a.height = a.row_end = 1;
    a.width = static_cast<std::int64_t>(light.size() / 3);
    a.in = light.data(), a.out = out.data();
    Context context;
    color_transform::apply_rows(context, a, {1, 1});
    for (std::size_t i = 0; i < light.size(); ++i)
      if (!(std::fabs(out[i] - light[i]) <= 8e-6f * std::fabs(light[i])))
        FAIL_CHECK(out[i] << " for " << light[i]);
  });
}

TEST_CASE("A float that is not finite stays where the mask is 0, and does not spread") {
  for_each_cpu_target([] {
    const RowsCase c = rows_cases()[2];
    PackedPicture<float> picture(c, seed);
    picture.mask32[1] = 0, picture.mask32[4] = 1;
    picture.in[3] = std::numeric_limits<float>::quiet_NaN(),
    picture.in[13] = std::numeric_limits<float>::infinity();
    Context context;
    color_transform::apply_rows(context, picture.rows(0, c.height, picture.in, picture.out),
                                picture.options());
    CHECK(std::isnan(picture.out[3]));
    for (std::size_t i = 0; i < picture.out.size(); ++i)
      if (i != 3 && i / 3 != 4) REQUIRE(std::isfinite(picture.out[i]));
  });
}

// b alone, so that the result is v + 255 b: halves, and the clamp at both ends.
TEST_CASE("apply_rows rounds half away from zero and clamps") {
  for_each_cpu_target([] {
    Context context;
    const auto apply = [&](std::uint8_t value, double shift) {
      TestTensor transform({1, 1, 12}, DType::f32, std::vector<double>(12, 0.0));
      std::vector<double> entries(12, 0.0);
      entries[9] = shift / 255;
      transform.set(entries);
      std::uint8_t pixel[3] = {value, 7, 9};
      Rows a;
      a.transform = transform.view();
      a.height = a.width = a.row_end = 1;
      a.in = a.out = pixel;
      a.in_stride = a.out_stride = 3;
      color_transform::apply_rows(context, a, {1, 1});
      CHECK(pixel[1] == 7);
      CHECK(pixel[2] == 9);
      return static_cast<int>(pixel[0]);
    };
    CHECK(apply(10, 0.5) == 11);
    CHECK(apply(11, 0.5) == 12);
    CHECK(apply(10, -0.5) == 10);
    CHECK(apply(0, 0.4999999) == 0);
    CHECK(apply(0, 0.5) == 1);
    CHECK(apply(10, 0.49) == 10);
    CHECK(apply(200, 100) == 255);
    CHECK(apply(20, -100) == 0);
    CHECK(apply(255, -0.5) == 255);
  });
}

TEST_CASE("apply_rows refuses wrong arguments and writes nothing") {
  Context context;
  PackedPicture<std::uint16_t> picture(rows_cases()[1], seed);
  const std::vector<std::uint16_t> before = picture.out;
  const TestTensor other({2, 3, 5}, DType::f32);
  const auto refused = [&](auto&& change) {
    Rows a = picture.rows(0, picture.c.height, picture.in, picture.out);
    Options options = picture.options();
    change(a, options);
    check_refused("color_transform", {}, [&] { color_transform::apply_rows(context, a, options); });
    CHECK(picture.out == before);
  };
  refused([&](Rows& a, Options&) { a.transform = other.view(); });
  refused([](Rows& a, Options&) { a.transform.shape = {0, 7, 12}; });
  refused([](Rows& a, Options&) { a.row_end = a.height + 1; });
  refused([](Rows& a, Options&) { a.row_begin = a.row_end + 1; });
  refused([](Rows& a, Options&) { a.row_begin = -1; });
  refused([](Rows& a, Options&) { a.mask_type = MaskType::none, a.inverted = true; });
  refused([](Rows& a, Options&) { a.linear = true; });
  refused([](Rows& a, Options&) { a.width = -1; });
  refused([](Rows& a, Options&) { a.channels = 1; });
  refused([](Rows& a, Options&) { a.strength = 1.5f; });
  refused([](Rows& a, Options&) { a.strength = NAN; });
  refused([](Rows& a, Options&) { a.in = nullptr; });
  refused([](Rows& a, Options&) { a.out = nullptr; });
  refused([](Rows& a, Options&) { a.mask = nullptr; });
  refused([](Rows& a, Options&) { a.in_stride += 1; });
  refused([](Rows& a, Options&) { a.in = static_cast<const char*>(a.in) + 1; });
  refused([](Rows& a, Options&) { a.in = a.out, a.in_stride += 2; });
  refused([](Rows&, Options& options) { options.scale_x = 0; });
}

}  // namespace
}  // namespace attune::test
