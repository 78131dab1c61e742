#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/blend_output/add_tile.h"
#include "kernels/blend_output/blend_output.h"
#include "kernels/blend_output/store_rows.h"
#include "tests/kernels/blend_output_cases.h"

namespace attune::bench {
namespace {

struct Problem {
  Tensor h, image, mask, dy, y, dh;

  Problem(const test::BlendOutputCase& c, DType dtype)
      : h(random_tensor(c.h(), dtype, 1)),
        image(random_tensor(c.image, DType::f32, 2)),
        mask(disc_mask(c.image[0], c.image[1], c.image[2])),
        dy(random_tensor(c.image, DType::f32, 3)),
        y(c.image, DType::f32, device()),
        dh(c.h(), dtype, device()) {}

  void forward(Context& context) {
    blend_output::forward(context, {h.view(), image.view(), mask.view(), y.view()});
  }
  void backward(Context& context) {
    blend_output::backward(context, {h.view(), image.view(), mask.view(), dy.view(), dh.view()});
  }
};

void add_rows(const test::BlendOutputCase& c, DType dtype) {
  add_row(row_name("blend_output", "forward", dtype, c.image), blend_output::forward_cost(c.image, dtype),
          [=](Context& context) {
            const auto problem = std::make_shared<Problem>(c, dtype);
            return [problem, &context] { problem->forward(context); };
          });
  add_row(row_name("blend_output", "backward", dtype, c.image),
          blend_output::backward_cost(c.h(), c.image, dtype), [=](Context& context) {
            const auto problem = std::make_shared<Problem>(c, dtype);
            return [problem, &context] { problem->backward(context); };
          });
}

// A megapixel of which all is recoloured, and a tile of it.
struct Picture {
  static constexpr std::int64_t height = 1000, width = 1000, tile = 512;
  Tensor samples = Tensor::zeros({height, width, 3}, DType::u8, device()),
         colours = random_tensor({height, width, 3}, DType::f32, 4),
         part = random_tensor({tile, tile, 3}, DType::f32, 5), weights = random_tensor({tile}, DType::f32, 6);
  blend_output::StoredRows rows;
  blend_output::AddTile added;

  Picture() {
    rows.colours = colours.view();
    rows.height = rows.row_end = height;
    rows.width = width;
    rows.in = rows.out = samples.view().data;
    rows.in_stride = rows.out_stride = 3 * width;
    added.tile = part.view();
    added.rows = added.columns = weights.view();
    added.y = colours.view();
  }
};

void add_picture() {
  add_row("blend_output/store_rows/u8/1000x1000x3",
          blend_output::store_rows_cost(Picture::height * Picture::width, 3, Sample::u8),
          [](Context& context) {
            const auto picture = std::make_shared<Picture>();
            return [picture, &context] { blend_output::store_rows(context, picture->rows); };
          });
  add_row("blend_output/add_tile/f32/512x512x3",
          blend_output::add_tile_cost({Picture::tile, Picture::tile, 3}), [](Context& context) {
            const auto picture = std::make_shared<Picture>();
            return [picture, &context] { blend_output::add_tile(context, picture->added); };
          });
}

std::int64_t bytes(const test::BlendOutputCase& c) {
  return blend_output::forward_cost(c.image, DType::f32).bytes;
}

const Rows rows([] {
  for (const test::BlendOutputCase& c :
       with_sweep_or_gpu_map(test::blend_output_network_cases(), test::blend_output_case_at, bytes))
    for (const DType dtype : {DType::f32, DType::bf16}) add_rows(c, dtype);
  add_picture();
});

}  // namespace
}  // namespace attune::bench
