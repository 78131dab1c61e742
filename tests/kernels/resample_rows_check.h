// Packed rows in every form that resample::average_rows takes, and its comparison on any device with the reference.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "core/tensor.h"
#include "kernels/resample/average_rows.h"
#include "tests/reference/resample_reference.h"
#include "tests/support/device_bytes.h"
#include "tests/support/test_tensor.h"

namespace attune::test {

struct AverageCase {
  std::int64_t height, width, out_height, out_width;
  int channels;
  bool reversed = false, linear = false;  // linear where samples are floats
  bool snap = false, inverted = false;    // of a mask with large equal parts
  int all = -1;                           // 0 or 100 percent of the peak in every sample
  bool upward = false;                    // rows that go up
};

inline std::vector<AverageCase> average_cases() {
  return {{1, 1, 1, 1, 3},
          {7, 5, 7, 5, 4, true},
          {8, 12, 4, 3, 3},
          {37, 53, 5, 9, 4, false, true},
          {90, 41, 7, 40, 3, true, true},
          {200, 3, 64, 1, 1},
          {3, 2100, 2, 67, 3},
          {3, 4, 7, 9, 3},
          {70, 90, 9, 35, 1, false, false, true},
          {70, 90, 9, 70, 1, false, false, true, true},
          {33, 20, 7, 9, 4, false, false, false, false, -1, true},
          {40, 50, 7, 9, 1, false, false, true, false, 100},
          {40, 50, 7, 9, 1, false, false, true, true, 0},
          {40, 50, 7, 9, 1, false, false, true, true, 100}};
}

template <class T>
struct AverageProblem {
  AverageCase c;
  std::int64_t row;  // samples, with a gap
  std::vector<T> samples;

  AverageProblem(const AverageCase& c_, std::uint64_t seed) : c(c_), row(c.width * c.channels + 3) {
    std::mt19937 generator(static_cast<std::mt19937::result_type>(seed));
    for (std::int64_t i = 0; i < c.height * row; ++i) {
      const float random = static_cast<float>(generator() % 1000) / 999;
      const float parts = i % row < row / 3 ? 0.0f : i % row < row / 2 ? random : 1.0f;
      samples.push_back(static_cast<T>(peak_of<T> * (c.snap ? parts : random)));
    }
    if (c.all >= 0)
      std::fill(samples.begin(), samples.end(), static_cast<T>(peak_of<T> * (c.all == 100 ? 1.0f : 0.0f)));
  }

  resample::AverageRows arguments(const void* from, TensorView out) const {
    resample::AverageRows a;
    const std::int64_t stride = row * static_cast<std::int64_t>(sizeof(T));
    a.source = {from, stride};
    if (c.upward) a.source = {a.source.row(c.height - 1), -stride};
    a.height = c.height, a.width = c.width;
    a.sample = std::is_same_v<T, float> ? Sample::f32 : sizeof(T) == 2 ? Sample::u16 : Sample::u8;
    a.channels = c.channels, a.reversed = c.reversed;
    a.linear = c.linear && a.sample == Sample::f32;
    a.snap = c.snap, a.inverted = c.inverted;
    a.out = out.as<float>();
    a.out_height = a.row_end = c.out_height, a.out_width = c.out_width;
    return a;
  }
  Shape out_shape() const { return {c.out_height, c.out_width, c.channels == 1 ? 1 : 3}; }
};

// The averages on a context's device, poisoned beforehand, `rows` output rows at a time, and whether any is below 1.
template <class T>
Tensor averages(Context& context, const AverageProblem<T>& problem, std::int64_t rows, bool& has_background) {
  const Device device = context.device();
  Tensor source = bytes_on(device, problem.samples), out(problem.out_shape(), DType::f32, device),
         flag = Tensor::zeros({1}, DType::i32, device);
  fill_bytes(out.view().data, device, 0xff, out.view().bytes());
  resample::AverageRows a = problem.arguments(source.view().data, out.view());
  a.has_background = flag.as<std::int32_t>();
  for (a.row_begin = 0; a.row_begin < problem.c.out_height; a.row_begin = a.row_end) {
    a.row_end = std::min(a.row_begin + rows, problem.c.out_height);
    resample::average_rows(context, a);
  }
  context.synchronize();
  has_background = *flag.to(Device{}).as<std::int32_t>() == 1;
  return out.to(Device{});
}

template <class T>
void check_averages(Context& context, Context& other, const AverageCase& c, std::uint64_t seed) {
  INFO(c.width << "x" << c.height << " to " << c.out_width << "x" << c.out_height << ", " << c.channels
               << " channels of " << sizeof(T) << " bytes, seed " << seed);
  const AverageProblem<T> problem(c, seed);
  Tensor expected(problem.out_shape(), DType::f32);
  std::int32_t expected_flag = 0;
  resample::AverageRows exact = problem.arguments(problem.samples.data(), expected.view());
  exact.has_background = &expected_flag;
  reference::resample::average_rows<T>(exact);

  bool has_background = false, has_background_again = false;
  const Tensor actual = averages(context, problem, c.out_height, has_background),
               again = averages(other, problem, 3, has_background_again);
  double worst = 0;
  for (std::int64_t i = 0; i < expected.shape().elements(); ++i) {
    const auto difference = static_cast<double>(actual.as<float>()[i] - expected.as<float>()[i]);
    worst = std::fabs(difference) <= worst ? worst : std::fabs(difference);  // a NaN as well
    // What is snapped is so exactly; a value as close to 1e-5 as rounding goes does not occur.
    if (c.snap && (expected.as<float>()[i] == 0 || expected.as<float>()[i] == 1)) CHECK(difference == 0);
  }
  CHECK(worst <= 3e-6);
  CHECK(has_background == (expected_flag == 1));
  CHECK(std::memcmp(again.view().data, actual.view().data, static_cast<std::size_t>(actual.view().bytes())) ==
        0);
  CHECK(has_background_again == has_background);
}

// Which pixels count: all, in part or not at all, in foreground and background.
struct Ignored {
  std::vector<std::uint8_t> rows, mask;
  std::vector<float> float_mask;
  bool inverted, in_floats;
  std::int64_t width;

  Ignored(const AverageCase& c, bool inverted_, bool in_floats_)
      : inverted(inverted_), in_floats(in_floats_), width(c.width) {
    std::mt19937 generator(3);
    for (std::int64_t i = 0; i < c.height * c.width; ++i) {
      const auto random = generator() % 3;
      rows.push_back(static_cast<std::uint8_t>(random == 0 ? 255 : random == 1 ? 100 : 0));
      mask.push_back(static_cast<std::uint8_t>(i % 5 == 0 ? 255 : i % 7 == 0 ? 90 : 0));
      float_mask.push_back(static_cast<float>(mask.back()) / 255);
    }
  }
  // Of the arrays, or their copies.
  resample::IgnoredBackground background(const void* rows_data, const void* mask_data) const {
    return {{rows_data, width},
            {mask_data, in_floats ? 4 * width : width},
            in_floats ? Sample::f32 : Sample::u8,
            inverted};
  }
  const void* mask_data() const {
    return in_floats ? static_cast<const void*>(float_mask.data()) : mask.data();
  }
};

// What average_rows leaves with ignored pixels.
struct WeighedAverages {
  std::vector<float> averages, shares;
  std::int32_t has_background = 0;
};

// `average` on arrays of a device.
template <class T, class Average>
WeighedAverages weighed_averages(Device device, const AverageProblem<T>& problem, const Ignored& ignored,
                                 const Average& average) {
  const AverageCase& c = problem.c;
  const Tensor source = bytes_on(device, problem.samples), rows = bytes_on(device, ignored.rows),
               mask =
                   ignored.in_floats ? bytes_on(device, ignored.float_mask) : bytes_on(device, ignored.mask);
  const TestTensor out(problem.out_shape(), DType::f32, 0, device),
      shares({c.out_height, c.out_width}, DType::f32, 0, device);
  Tensor flag = Tensor::zeros({1}, DType::i32, device);
  resample::AverageRows a = problem.arguments(source.view().data, out.view());
  const resample::IgnoredBackground background = ignored.background(rows.view().data, mask.view().data);
  a.ignored = &background;
  a.shares = shares.view().as<float>();
  a.has_background = flag.as<std::int32_t>();
  average(a);
  WeighedAverages result;
  for (const double value : out.get()) result.averages.push_back(static_cast<float>(value));
  for (const double value : shares.get()) result.shares.push_back(static_cast<float>(value));
  result.has_background = *flag.to(Device{}).as<std::int32_t>();
  return result;
}

inline void check_equal(const char* name, const std::vector<float>& actual,
                        const std::vector<float>& expected) {
  for (std::size_t i = 0; i < actual.size(); ++i)
    if (!(std::fabs(actual[i] - expected[i]) <= 3e-6f))
      FAIL_CHECK(name << " " << i << ": " << actual[i] << " for " << expected[i]);
}

template <class T>
void check_ignored(Context& context, const AverageCase& c, const Ignored& ignored) {
  INFO(c.width << "x" << c.height << ", " << sizeof(T) << " bytes, inverted: " << ignored.inverted);
  AverageProblem<T> problem(c, 3);
  if constexpr (std::is_same_v<T, float>)  // no influence, whatever it holds
    for (std::int64_t p = 0; p < c.height * c.width; ++p) {
      const auto at = static_cast<std::size_t>(p);
      if (ignored.rows[at] != 255 || ignored.mask[at] != (ignored.inverted ? 255 : 0)) continue;
      const std::int64_t y = c.upward ? c.height - 1 - p / c.width : p / c.width;
      problem.samples[static_cast<std::size_t>(y * problem.row + p % c.width * c.channels)] = NAN;
    }
  const WeighedAverages actual =
      weighed_averages(context.device(), problem, ignored, [&](const resample::AverageRows& a) {
        resample::average_rows(context, a);
        context.synchronize();
      });
  const WeighedAverages expected =
      weighed_averages(Device{}, problem, ignored, reference::resample::average_rows<T>);
  check_equal("average", actual.averages, expected.averages);
  check_equal("share", actual.shares, expected.shares);
  CHECK(actual.has_background == expected.has_background);
}

inline void check_all_ignored(Context& context) {
  for (const AverageCase& c : average_cases())
    for (const bool inverted : {false, true}) {
      check_ignored<std::uint8_t>(context, c, Ignored(c, inverted, false));
      check_ignored<std::uint16_t>(context, c, Ignored(c, inverted, true));
      check_ignored<float>(context, c, Ignored(c, inverted, false));
    }
  // What counts is foreground alone; a mask that isn't whole in one pixel; and one that is, all of it ignored in part.
  const AverageCase c = average_cases()[4];
  Ignored ignored(c, false, false);
  for (const auto& [mask, rows] : std::vector<std::pair<std::uint8_t, std::uint8_t>>{
           {0, 255}, {254, 255}, {254, 254}, {255, 0}, {0, 254}}) {
    std::fill(ignored.mask.begin(), ignored.mask.end(), std::uint8_t{255});
    std::fill(ignored.rows.begin(), ignored.rows.end(), std::uint8_t{0});
    ignored.mask.back() = mask, ignored.rows.back() = rows;
    check_ignored<std::uint8_t>(context, c, ignored);
  }
}

}  // namespace attune::test
