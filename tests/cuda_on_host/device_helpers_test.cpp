// The device-side helpers of core/cuda.
#include "tests/cuda_on_host/device_helpers.h"

#include <catch2/catch.hpp>
#include <numeric>

#include "core/cuda/row_grid.cuh"
#include "tests/cuda_on_host/schedule.h"

namespace attune::test {
namespace {

// Small integers in an order that hides no position; every sum of them is exact.
std::vector<float> integers(int count) {
  std::vector<float> values;
  for (int i = 0; i < count; ++i) values.push_back(static_cast<float>(i * 37 % 101 - 50));
  return values;
}

TEST_CASE("block_reduce gives every thread the sum and the maximum") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  for (const int threads : {32, 64, 96, 256, 1024}) {
    const std::vector<float> values = integers(threads);
    const float sum = std::accumulate(values.begin(), values.end(), 0.0f);
    const float maximum = *std::max_element(values.begin(), values.end());
    for_each_schedule(4, [&] {
      const Reduced reduced = reduce_block(context, values, threads == 96 ? 2 : 1);
      INFO(threads << " threads");
      CHECK(reduced.sums == std::vector<float>(values.size(), sum));
      CHECK(reduced.doubled == std::vector<float>(values.size(), 2 * sum));
      CHECK(reduced.maxima == std::vector<float>(values.size(), maximum));
    });
  }
}

TEST_CASE("reduce_rows sums the rows of a block of any size, again and again in the same slots") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  for (const auto& size : {std::pair{1, 1}, {2, 3}, {3, 64}, {7, 33}, {8, 32}, {85, 3}, {256, 1}}) {
    const int rows = size.first, columns = size.second;  // lambdas may not capture a structured binding
    const std::vector<float> values = integers(rows * columns);
    std::vector<float> expected(static_cast<std::size_t>(2 * columns));
    for (int i = 0; i < rows * columns; ++i) {
      const int column = i % columns, doubled = columns + column;
      expected[static_cast<std::size_t>(column)] += values[static_cast<std::size_t>(i)];
      expected[static_cast<std::size_t>(doubled)] += 2 * values[static_cast<std::size_t>(i)];
    }
    INFO(rows << " rows, " << columns << " columns");
    for_each_schedule(4, [&] { CHECK(sum_rows(context, values, rows, columns) == expected); });
  }
}

TEST_CASE("vectors are loaded, converted and stored element by element") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  std::vector<float> values = integers(64);
  values[5] = 1.00390625f;  // between two bf16 values: ties to even
  values[6] = -3.3e38f;     // doubled it is infinite
  std::vector<float> doubled = values;
  for (float& value : doubled) value *= 2;
  CHECK(double_vectors<float, 1>(context, values) == doubled);
  CHECK(double_vectors<float, 4>(context, values) == doubled);

  std::vector<float> expected, one, eight;
  for (const float value : values)
    expected.push_back(static_cast<float>(bfloat16(2 * static_cast<float>(bfloat16(value)))));
  for (const bfloat16 value : double_vectors<bfloat16, 1>(context, values))
    one.push_back(static_cast<float>(value));
  for (const bfloat16 value : double_vectors<bfloat16, 8>(context, values))
    eight.push_back(static_cast<float>(value));
  CHECK(one == expected);
  CHECK(eight == expected);
}

TEST_CASE("runs of several vectors are loaded and stored element by element") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  const std::vector<float> values = integers(96);
  std::vector<float> doubled = values, eight;
  for (float& value : doubled) value *= 2;
  CHECK(double_runs<float, 1>(context, values) == doubled);
  CHECK(double_runs<float, 4>(context, values) == doubled);
  for (const bfloat16 value : double_runs<bfloat16, 8>(context, values))
    eight.push_back(static_cast<float>(value));
  CHECK(eight == doubled);
}

TEST_CASE("dynamic_shared gives what the launch asked for") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  std::vector<float> values = integers(128);
  const std::vector<float> reversed = reverse_in_shared(context, values);
  CHECK(reversed == std::vector<float>(values.rbegin(), values.rend()));
}

TEST_CASE("walk_pixels visits every pixel once") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  for (const int pixels : {0, 1, 31, 32, 127, 128, 129, 1000}) {
    INFO(pixels << " pixels");
    CHECK(count_visits(context, pixels, 32) == std::vector<float>(static_cast<std::size_t>(pixels), 1.0f));
  }
}

TEST_CASE("a line grid and a flat grid visit every item once") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  for_each_multiprocessor_count({1, 132}, [&] {
    for (const auto& size : {std::pair{1, 1}, {7, 3}, {100, 33}, {3000, 2}, {5, 256}, {33, 257}, {2, 1000}}) {
      const int lines = size.first, items = size.second;
      INFO(lines << " lines of " << items);
      const std::vector<float> once(static_cast<std::size_t>(lines * items), 1.0f);
      CHECK(count_line_visits(context, lines, items) == once);
      CHECK(count_flat_visits(context, lines * items) == once);
    }
  });
}

TEST_CASE("mma_m16n8k16 multiplies two matrices of bf16 and adds to the sums") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  const std::vector<float> all = integers(16 * 16 + 16 * 8 + 16 * 8);  // small: every sum is exact
  const std::vector<float> a(all.begin(), all.begin() + 256), b(all.begin() + 256, all.begin() + 384),
      sums(all.begin() + 384, all.end());
  constexpr int warps = 3;
  std::vector<float> expected;
  for (int warp = 0; warp < warps; ++warp)
    for (std::size_t i = 0; i < 16; ++i)
      for (std::size_t j = 0; j < 8; ++j) {
        float sum = sums[i * 8 + j];
        for (std::size_t k = 0; k < 16; ++k) sum += a[i * 16 + k] * b[k * 8 + j];
        expected.push_back(sum);
      }
  for_each_schedule(4, [&] { CHECK(multiply_matrices(context, a, b, sums, warps) == expected); });
}

TEST_CASE("halves of two registers change places") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  CHECK(swap_halves(context, {1, -2, 3, -4}) == std::vector<float>{1, 3, -2, -4});
}

TEST_CASE("a row grid covers every channel and stays within its limits") {
  for (const std::int64_t channels : {0, 1, 3, 33, 64, 65, 512, 2000})
    for (const std::int64_t pixels : {0, 1, 91, 65536})
      for (const std::int64_t images : {1, 8, 1000}) {
        const cuda::RowGrid plan = cuda::plan_row_grid(images, pixels, channels, 1, 132);
        INFO(images << " x " << pixels << " x " << channels);
        CHECK(plan.columns * plan.rows <= cuda::row_grid_threads);
        CHECK(plan.columns * plan.rows > cuda::row_grid_threads - plan.columns);
        CHECK(plan.columns <= cuda::row_grid_columns);
        CHECK(plan.columns * plan.tiles >= channels);
        if (channels > 0) CHECK(plan.columns * plan.tiles < channels + plan.tiles);
        CHECK(plan.tiles * cuda::row_grid_columns <
              std::max<std::int64_t>(1, channels) + cuda::row_grid_columns);
        CHECK(plan.slabs >= 1);
        CHECK(plan.slabs * plan.tiles * images <=
              std::max(images * plan.tiles, 132 * cuda::blocks_per_multiprocessor));
      }
}

}  // namespace
}  // namespace attune::test
