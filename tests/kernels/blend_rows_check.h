// blend_output's ops on pictures, store_rows and add_tile, on any device against the reference.
#pragma once

#include "kernels/blend_output/store_rows.h"
#include "tests/kernels/color_transform_rows_check.h"
#include "tests/reference/blend_output_reference.h"

namespace attune::test {

// From -0.2 to 1.2: some beyond black and white.
inline float colour_at(std::int64_t index) {
  return -0.2f + 1.4f * static_cast<float>(index * 7919 % 1009) / 1008;
}

template <class S>
struct StoreRowsOp {
  static void run(Context& context, const Rows& rows, const PackedPicture<S>&) {
    TestTensor colours({rows.height, rows.width, 3}, DType::f32, 0, context.device());
    std::vector<double> values;
    for (std::int64_t i = 0; i < colours.shape().elements(); ++i)
      values.push_back(static_cast<double>(colour_at(i)));
    colours.set(values);
    blend_output::StoredRows a;
    static_cast<PictureRows&>(a) = rows;
    a.colours = colours.view();
    blend_output::store_rows(context, a);
    context.synchronize();
  }
  static double exact(const PackedPicture<S>&, const Rows& rows, std::int64_t row, std::int64_t column,
                      int channel) {
    const float colour = colour_at(3 * (row * rows.width + column) + (rows.reversed ? 2 - channel : channel));
    return reference::blend_output::stored_sample<S>(rows, row, column, channel, colour);
  }
};

// Tiles at a picture's corners and in its middle, one over the other, and a last one of another size.
inline void check_add_tile(Context& context) {
  const auto filled = [](const Shape& shape, std::uint64_t seed, Device device) {
    return TestTensor(shape, DType::f32, make_values(Values::random, shape.elements(), seed), 0, device);
  };
  const TestTensor y = filled({21, 300, 3}, 1, context.device()),
                   expected = filled({21, 300, 3}, 1, Device{});
  const auto tile_on = [&](Device device, const Shape& shape, const auto& add) {
    const TestTensor tile = filled(shape, 2, device), rows = filled({shape[0]}, 3, device),
                     columns = filled({shape[1]}, 4, device);
    blend_output::AddTile a;
    a.tile = tile.view(), a.rows = rows.view(), a.columns = columns.view();
    add(a);
    context.synchronize();
  };
  const auto add_at = [&](std::int64_t row, std::int64_t column, const Shape& shape) {
    tile_on(context.device(), shape, [&](blend_output::AddTile& a) {
      a.first_row = row, a.first_column = column, a.y = y.view();
      blend_output::add_tile(context, a);
    });
    tile_on(Device{}, shape, [&](blend_output::AddTile& a) {
      a.first_row = row, a.first_column = column, a.y = expected.view();
      reference::blend_output::add_tile(a);
    });
  };
  for (const std::int64_t row : {0, 5, 8})
    for (const std::int64_t column : {0, 17, 29}) add_at(row, column, {13, 271, 3});
  add_at(20, 299, {1, 1, 3});
  CHECK(relative_error(y.get(), expected.get()) < 1e-6);
}

}  // namespace attune::test
