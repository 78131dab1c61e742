// Area averaging against its definition in double precision, for every kind of sample, with and without ignored pixels.
#include "embed/downscale.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace attune::test {

namespace {

struct Case {
  PictureSize size, out;
  int pixel, channels;
  bool reversed;
};
const Case cases[] = {{{1, 1}, {1, 1}, 3, 3, false},   {{7, 5}, {7, 5}, 4, 3, true},
                      {{8, 12}, {4, 3}, 3, 3, false},  {{37, 53}, {5, 9}, 4, 3, false},
                      {{90, 41}, {7, 40}, 3, 3, true}, {{200, 3}, {64, 1}, 1, 1, false}};

template <class T>
constexpr double peak_of = std::is_same_v<T, float> ? 1 : static_cast<double>(std::numeric_limits<T>::max());
template <class T>
constexpr Sample sample_of = std::is_same_v<T, float> ? Sample::f32
                             : sizeof(T) == 2         ? Sample::u16
                                                      : Sample::u8;

template <class T>
struct Rows {
  Case c;
  std::int64_t row;  // samples, with a gap
  std::vector<T> samples;
  std::vector<std::uint8_t> ignored, mask;
  IgnoredBackground background;

  explicit Rows(const Case& c_) : c(c_), row(c_.size.width * c_.pixel + 3) {
    std::mt19937 generator(3);
    for (std::int64_t i = 0; i < c.size.height * row; ++i)
      samples.push_back(static_cast<T>(peak_of<T> * static_cast<double>(generator() % 1000) / 999));
    for (std::int64_t i = 0; i < c.size.height * c.size.width; ++i) {
      const auto random = generator() % 3;
      ignored.push_back(static_cast<std::uint8_t>(random == 0 ? 255 : random == 1 ? 100 : 0));
      mask.push_back(static_cast<std::uint8_t>(i % 5 == 0 ? 255 : i % 7 == 0 ? 90 : 0));
    }
    background = {{ignored.data(), c.size.width}, {mask.data(), c.size.width}, Sample::u8, c.reversed};
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  Downscale arguments(std::vector<float>& out, std::vector<float>* shares) const {
    Downscale a;
    a.source = {samples.data(), row * static_cast<std::int64_t>(sizeof(T))};
    a.size = c.size, a.out_size = c.out;
    a.sample = sample_of<T>;
    a.pixel = c.pixel, a.channels = c.channels, a.reversed = c.reversed;
    out.assign(static_cast<std::size_t>(c.out.height * c.out.width * c.channels), -9);
    a.out = out.data();
    if (!shares) return a;
    shares->assign(static_cast<std::size_t>(c.out.height * c.out.width), -9);
    a.shares = shares->data();
    a.ignored = &background;
    return a;
  }
  double share(std::int64_t y, std::int64_t x) const {
    const auto pixel = static_cast<std::size_t>(y * c.size.width + x);
    const double m = mask[pixel] / 255.0;
    return 1 - ignored[pixel] / 255.0 * (c.reversed ? m : 1 - m);
  }
  double value(std::int64_t y, std::int64_t x, int channel) const {
    const int from = c.reversed ? c.channels - 1 - channel : channel;
    return static_cast<double>(samples[static_cast<std::size_t>(y * row + x * c.pixel + from)]) / peak_of<T>;
  }
};

double overlap(std::int64_t item, std::int64_t out, std::int64_t source, std::int64_t count) {
  const double scale = static_cast<double>(source) / static_cast<double>(count);
  return std::max(0.0, std::min(static_cast<double>(item + 1), static_cast<double>(out + 1) * scale) -
                           std::max(static_cast<double>(item), static_cast<double>(out) * scale));
}

struct Average {
  double value, share;
};
template <class T>
Average average(const Rows<T>& rows, std::int64_t out_y, std::int64_t out_x, int channel, bool with_ignored) {
  double sum = 0, counted = 0, all = 0;
  for (std::int64_t y = 0; y < rows.c.size.height; ++y)
    for (std::int64_t x = 0; x < rows.c.size.width; ++x) {
      const double area = overlap(y, out_y, rows.c.size.height, rows.c.out.height) *
                          overlap(x, out_x, rows.c.size.width, rows.c.out.width);
      const double share = with_ignored ? rows.share(y, x) : 1;
      sum += area * share * rows.value(y, x, channel);
      counted += area * share;
      all += area;
    }
  return {counted > 0 ? sum / counted : 0, counted / all};
}

template <class T>
void check_case(const Case& c, bool with_ignored) {
  INFO(c.size.width << "x" << c.size.height << " of " << sizeof(T) << " bytes, ignored: " << with_ignored);
  const Rows<T> rows(c);
  std::vector<float> out, shares, other, other_shares;
  downscale(rows.arguments(out, with_ignored ? &shares : nullptr), 0, c.out.height, 1);
  for (std::int64_t y = 0; y < c.out.height; ++y)
    for (std::int64_t x = 0; x < c.out.width; ++x)
      for (int channel = 0; channel < c.channels; ++channel) {
        const Average right = average(rows, y, x, channel, with_ignored);
        const auto cell = static_cast<std::size_t>(y * c.out.width + x);
        CHECK(static_cast<double>(
                  out[cell * static_cast<std::size_t>(c.channels) + static_cast<std::size_t>(channel)]) ==
              Approx(right.value).margin(2e-6));
        if (with_ignored) CHECK(static_cast<double>(shares[cell]) == Approx(right.share).margin(2e-6));
      }
  // The same bits on other threads and in bands.
  const Downscale again = rows.arguments(other, with_ignored ? &other_shares : nullptr);
  for (std::int64_t y = 0; y < c.out.height; y += 3) downscale(again, y, std::min(y + 3, c.out.height), 3);
  CHECK(other == out);
  CHECK(other_shares == shares);
}

}  // namespace

TEST_CASE("Downscaling averages exactly what lies under a pixel") {
  for (const Case& c : cases)
    for (const bool with_ignored : {false, true}) {
      check_case<std::uint8_t>(c, with_ignored);
      check_case<std::uint16_t>(c, with_ignored);
      check_case<float>(c, with_ignored);
    }
}

TEST_CASE("A mask scaled down is exactly 1 away from its only hole") {
  const PictureSize size{1000, 700}, out_size{256, 179};
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(size.height * size.width), 255);
  mask[500 * 700 + 350] = 0;
  std::vector<float> out(static_cast<std::size_t>(out_size.height * out_size.width));
  Downscale a;
  a.source = {mask.data(), size.width};
  a.size = size, a.out_size = out_size;
  a.pixel = a.channels = 1;
  a.snap = true;
  a.out = out.data();
  downscale(a, 0, out_size.height, 1);
  CHECK(std::count(out.begin(), out.end(), 1.0f) >= out_size.height * out_size.width - 4);
  CHECK(std::accumulate(out.begin(), out.end(), 0.0, [](double sum, float m) { return sum + 1 - m; }) ==
        Approx(256.0 * 179 / 1000 / 700).epsilon(1e-5));
}

}  // namespace attune::test
