#include <catch2/catch.hpp>
#include <random>

#include "kernels/color_transform/color_transform.h"
#include "tests/reference/color_transform_reference.h"
#include "tests/support/cpu_targets.h"
#include "tests/support/inputs.h"
#include "tests/support/op_checks.h"

namespace attune::test {
namespace {

using color_transform::Options;
using color_transform::Rows;
using MaskType = Rows::MaskType;

constexpr std::uint64_t seed = 31;

struct RowsCase {
  std::string name;
  std::int64_t height, width, h, w;
  float scale;
  int channels;
  MaskType mask;
  DType dtype = DType::f32;
  float strength = 1;
  std::int64_t gap = 0;  // samples, and mask elements, between the rows
  bool inverted = false;
};

std::vector<RowsCase> rows_cases() {
  return {
      {"one_pixel", 1, 1, 1, 1, 0.5f, 3, MaskType::none},
      {"narrow", 7, 13, 4, 7, 0.5f, 4, MaskType::u8, DType::bf16, 1, 3},
      {"vector_and_tail", 5, 33, 2, 3, 0.06f, 3, MaskType::f32, DType::f32, 0.5f, 1},
      {"coarse", 31, 257, 3, 5, 0.015f, 3, MaskType::u8, DType::f32, 1, 0},
      {"alpha", 9, 64, 3, 5, 0.07f, 4, MaskType::none, DType::bf16, 0.25f, 4},
      {"finer_cells", 6, 37, 20, 120, 3.1f, 4, MaskType::f32, DType::f32, 1, 5},
      {"strength_and_bytes", 6, 50, 2, 3, 0.06f, 4, MaskType::u8, DType::f32, 0.7f, 2},
      {"strength_0", 3, 40, 2, 2, 0.05f, 3, MaskType::u8, DType::f32, 0},
      {"inverted_bytes", 6, 50, 2, 3, 0.06f, 4, MaskType::u8, DType::f32, 0.7f, 2, true},
      {"inverted_floats", 5, 71, 2, 3, 0.05f, 3, MaskType::f32, DType::bf16, 1, 1, true},
  };
}

// A picture with samples of type S, its mask and a transform.
template <class S>
struct Picture {
  std::vector<S> in, out;
  std::vector<std::uint8_t> mask8;
  std::vector<float> mask32;
  TestTensor transform;
  RowsCase c;

  explicit Picture(const RowsCase& c_) : transform({c_.h, c_.w, 12}, c_.dtype), c(c_) {
    std::mt19937 generator(seed);
    in.resize(static_cast<std::size_t>(c.height * row_samples()));
    for (S& v : in) v = sample(generator());
    out.assign(in.size(), S(0x5a));
    const std::vector<double> mask = make_mask(Mask::soft, 1, c.height * (c.width + c.gap), seed);
    for (std::size_t i = 0; i < mask.size(); ++i) {
      // Whole vectors without mask must occur, too.
      const double m = i / 40 % 3 == 1 ? (c.inverted ? 1 : 0) : mask[i];
      mask8.push_back(static_cast<std::uint8_t>(std::round(255 * m)));
      mask32.push_back(static_cast<float>(m));
    }
    std::vector<double> values = make_values(Values::random, transform.shape().elements(), seed);
    for (double& v : values) v *= 0.3;
    transform.set(values);
  }

  // Floats from -0.3 to 1.3: a sixth of them outside of black and white on either side.
  static S sample(std::uint_fast32_t random) {
    if constexpr (std::is_same_v<S, float>)
      return static_cast<float>(random) * (1.6f / 4294967296.0f) - 0.3f;
    else
      return static_cast<S>(random);
  }

  std::int64_t row_samples() const { return c.width * c.channels + c.gap; }
  Options options() const { return {c.scale, c.scale}; }

  Rows rows(std::int64_t begin, std::int64_t end, const std::vector<S>& from, std::vector<S>& to) const {
    Rows a;
    a.transform = transform.view();
    a.height = c.height, a.width = c.width, a.row_begin = begin, a.row_end = end;
    a.sample = sizeof(S) == 1 ? Rows::Sample::u8 : sizeof(S) == 2 ? Rows::Sample::u16 : Rows::Sample::f32;
    a.channels = c.channels;
    a.in = from.data() + begin * row_samples(), a.out = to.data() + begin * row_samples();
    a.in_stride = a.out_stride = row_samples() * static_cast<std::int64_t>(sizeof(S));
    a.mask_type = c.mask;
    const std::int64_t mask_row = c.width + c.gap;
    if (c.mask == MaskType::u8) a.mask = mask8.data() + begin * mask_row, a.mask_stride = mask_row;
    if (c.mask == MaskType::f32) a.mask = mask32.data() + begin * mask_row, a.mask_stride = 4 * mask_row;
    a.strength = c.strength;
    a.inverted = c.inverted;
    return a;
  }
};

// Exact but where the value lies so close to a half that f32 may fall to its other side; floats within f32's own errors.
template <class S>
bool is_right(S value, double exact) {
  const double slack = reference::color_transform::peak_of<S> * 4e-6,
               distance = std::fabs(static_cast<double>(value) - exact);
  if constexpr (std::is_same_v<S, float>) return distance <= slack;
  return static_cast<double>(value) == std::round(exact) || distance <= 0.5 + slack;
}

template <class S>
void check_samples(const Picture<S>& picture, const Rows& a) {
  std::int64_t wrong = 0, inexact_outside = 0, gap_written = 0;
  for (std::int64_t row = 0; row < a.height; ++row) {
    for (std::int64_t i = 0; i < picture.row_samples(); ++i) {
      const std::size_t at = static_cast<std::size_t>(row * picture.row_samples() + i);
      const std::int64_t column = i / a.channels;
      const int channel = static_cast<int>(i % a.channels);
      if (column >= a.width) {
        gap_written += picture.out[at] != S(0x5a);
      } else if (channel == 3 || reference::color_transform::row_mask(a, row, column) == 0) {
        inexact_outside += picture.out[at] != picture.in[at];
      } else {
        const double exact = a.transform.dtype == DType::f32
                                 ? reference::color_transform::transformed_sample<S, float>(
                                       a, picture.options(), row, column, channel)
                                 : reference::color_transform::transformed_sample<S, bfloat16>(
                                       a, picture.options(), row, column, channel);
        wrong += !is_right(picture.out[at], exact);
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(inexact_outside == 0);
  CHECK(gap_written == 0);
}

template <class S>
void check_all_cases() {
  for_each_cpu_target([] {
    for (const RowsCase& c : rows_cases()) {
      INFO("case " << c.name << ", " << 8 * sizeof(S) << " bits, seed " << seed);
      Picture<S> picture(c);
      const Rows whole = picture.rows(0, c.height, picture.in, picture.out);
      Context context;
      color_transform::apply_rows(context, whole, picture.options());
      check_samples(picture, whole);

      const std::vector<S> expected = picture.out;
      picture.out.assign(picture.in.size(), S(0x5a));
      for (std::int64_t row = 0; row < c.height; row += 4)  // bands
        color_transform::apply_rows(context,
                                    picture.rows(row, std::min(row + 4, c.height), picture.in, picture.out),
                                    picture.options());
      CHECK(picture.out == expected);

      std::vector<S> in_place = picture.in;
      Context two_threads(Device{}, 2);
      color_transform::apply_rows(two_threads, picture.rows(0, c.height, in_place, in_place),
                                  picture.options());
      for (std::size_t i = 0; i < in_place.size(); ++i)
        if (static_cast<std::int64_t>(i) % picture.row_samples() < c.width * c.channels)
          if (in_place[i] != expected[i]) FAIL_CHECK("in place: sample " << i);
    }
  });
}

TEST_CASE("apply_rows transforms 8-bit rows") { check_all_cases<std::uint8_t>(); }
TEST_CASE("apply_rows transforms 16-bit rows") { check_all_cases<std::uint16_t>(); }
TEST_CASE("apply_rows transforms rows of floats") { check_all_cases<float>(); }

TEST_CASE("A float that is not finite stays where the mask is 0, and does not spread") {
  for_each_cpu_target([] {
    RowsCase c = rows_cases()[2];
    Picture<float> picture(c);
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
  Picture<std::uint16_t> picture(rows_cases()[1]);
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
