#include "tests/kernels/blend_rows_check.h"

#include <catch2/catch.hpp>

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 71;

template <class S>
void check_all_cases() {
  Context context, two_threads(Device{}, 2);
  for (const RowsCase& c : rows_cases()) check_rows<S, StoreRowsOp<S>>(context, two_threads, c, seed);
}

TEST_CASE("store_rows stores 8-bit rows") { check_all_cases<std::uint8_t>(); }
TEST_CASE("store_rows stores 16-bit rows") { check_all_cases<std::uint16_t>(); }
TEST_CASE("store_rows stores rows of floats") { check_all_cases<float>(); }

TEST_CASE("store_rows rounds half away from zero") {
  const auto stored = [](float colour, auto before) {
    decltype(before) pixel[3] = {before, before, before};
    const float colours[3] = {colour, colour, colour};
    blend_output::StoredRows a;
    a.sample = sizeof before == 1 ? Sample::u8 : Sample::u16;
    a.height = a.width = a.row_end = 1;
    a.in = a.out = pixel;
    a.in_stride = a.out_stride = sizeof pixel;
    a.colours = {colours, {1, 1, 3}, DType::f32, Device{}};
    Context context;
    blend_output::store_rows(context, a);
    return static_cast<int>(pixel[0]);
  };
  constexpr std::uint8_t byte = 7;
  constexpr std::uint16_t word = 7;
  CHECK(stored(0.5f, byte) == 128);  // 127.5
  CHECK(stored(0.499f, byte) == 127);
  CHECK(stored(1.9f, byte) == 255);
  CHECK(stored(-1.9f, byte) == 0);
  CHECK(stored(0x1.0101p-9f, byte) == 0);  // the largest float below 1/2
  CHECK(stored(0.5f, word) == 32768);      // 32767.5
  CHECK(stored(1, word) == 65535);
  CHECK(stored(65534.4f / 65535, word) == 65534);
}

TEST_CASE("store_rows refuses wrong arguments and writes nothing") {
  Context context;
  PackedPicture<std::uint16_t> picture(rows_cases()[1], seed);
  const std::vector<std::uint16_t> before = picture.out;
  const TestTensor colours({picture.c.height, picture.c.width, 3}, DType::f32), other({2, 3, 5}, DType::f32);
  const auto refused = [&](const auto& change) {
    blend_output::StoredRows a;
    static_cast<PictureRows&>(a) = picture.rows(0, picture.c.height, picture.in, picture.out);
    a.colours = colours.view();
    change(a);
    check_refused("blend_output", {}, [&] { blend_output::store_rows(context, a); });
    CHECK(picture.out == before);
  };
  using StoredRows = blend_output::StoredRows;
  refused([&](StoredRows& a) { a.colours = other.view(); });
  refused([](StoredRows& a) { a.row_end = a.height + 1; });
  refused([](StoredRows& a) { a.channels = 1; });
  refused([](StoredRows& a) { a.strength = -1; });
  refused([](StoredRows& a) { a.linear = true; });
  refused([](StoredRows& a) { a.out = nullptr; });
  refused([](StoredRows& a) { a.mask = nullptr; });
}

TEST_CASE("add_tile adds a weighed tile where it lies") {
  for (const int threads : {1, 3}) {
    Context context(Device{}, threads);
    check_add_tile(context);
  }
}

TEST_CASE("add_tile refuses what does not lie in the picture, and writes nothing") {
  Context context;
  const TestTensor tile({4, 5, 3}, DType::f32), rows({4}, DType::f32), columns({5}, DType::f32),
      y({8, 9, 3}, DType::f32);
  const auto refused = [&](const auto& change) {
    blend_output::AddTile a;
    a.tile = tile.view(), a.rows = rows.view(), a.columns = columns.view(), a.y = y.view();
    change(a);
    check_refused("blend_output", {&y}, [&] { blend_output::add_tile(context, a); });
  };
  using blend_output::AddTile;
  refused([](AddTile& a) { a.first_row = 5; });
  refused([](AddTile& a) { a.first_column = 5; });
  refused([](AddTile& a) { a.first_row = -1; });
  refused([](AddTile& a) { a.first_column = -1; });
  refused([&](AddTile& a) { a.rows = columns.view(); });
  refused([&](AddTile& a) { a.columns = rows.view(); });
  refused([&](AddTile& a) { a.tile = rows.view(); });
  refused([](AddTile& a) { a.y.shape = {8, 9, 4}; });
  refused([](AddTile& a) { a.y.dtype = DType::bf16; });
}

}  // namespace
}  // namespace attune::test
