#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/color_transform/color_transform.h"
#include "tests/kernels/color_transform_cases.h"

namespace attune::bench {
namespace {

using color_transform::Options;

struct Problem {
  Tensor transform, image, mask, dy, y, dtransform;
  Options options;

  Problem(const test::ColorTransformCase& c, DType dtype)
      : transform(random_tensor(c.transform, dtype, 1)),
        image(random_tensor(c.image, DType::f32, 2)),
        mask(disc_mask(c.image[0], c.image[1], c.image[2])),
        dy(random_tensor(c.image, DType::f32, 3)),
        y(c.image, DType::f32, device()),
        dtransform(c.transform, dtype, device()),
        options{c.scale_y, c.scale_x} {}

  void forward(Context& context) {
    color_transform::forward(context, {transform.view(), image.view(), mask.view(), y.view()}, options);
  }
  void backward(Context& context) {
    color_transform::backward(
        context, {transform.view(), image.view(), mask.view(), dy.view(), dtransform.view()}, options);
  }
};

void add_rows(const test::ColorTransformCase& c, DType dtype) {
  add_row(row_name("color_transform", "forward", dtype, c.image),
          color_transform::forward_cost(c.transform, c.image, dtype), [=](Context& context) {
            const auto problem = std::make_shared<Problem>(c, dtype);
            return [problem, &context] { problem->forward(context); };
          });
  add_row(row_name("color_transform", "backward", dtype, c.image),
          color_transform::backward_cost(c.transform, c.image, dtype), [=](Context& context) {
            const auto problem = std::make_shared<Problem>(c, dtype);
            return [problem, &context] { problem->backward(context); };
          });
}

// A photograph of 24 megapixels at inference, its mask covering a fifth of it or all.
struct Picture {
  static constexpr std::int64_t height = 4000, width = 6000;
  Tensor transform, in, out, mask;
  color_transform::Rows rows;

  Picture(Sample sample, bool full_mask)
      : transform(random_tensor({88, 128, 12}, DType::f32, 1)),
        in(Tensor::zeros({height, width, 3 * bytes(sample)}, DType::u8, device())),
        out(Tensor::zeros({height, width, 3 * bytes(sample)}, DType::u8, device())),
        mask(disc_mask(1, height, width)) {
    rows.transform = transform.view();
    rows.height = rows.row_end = height;
    rows.width = width;
    rows.sample = sample;
    rows.in = in.view().data;
    rows.out = out.view().data;
    rows.in_stride = rows.out_stride = width * 3 * bytes(sample);
    if (full_mask) return;
    rows.mask_type = color_transform::Rows::MaskType::f32;
    rows.mask = mask.view().data;
    rows.mask_stride = width * 4;
  }
  static std::int64_t bytes(Sample sample) { return sample == Sample::u16 ? 2 : 1; }
};

void add_picture(Sample sample, bool full_mask) {
  const std::int64_t pixels = Picture::height * Picture::width, bytes = Picture::bytes(sample);
  const Cost cost{pixels * (6 * bytes + (full_mask ? 0 : 4)), pixels * 60};
  add_row(text("color_transform/apply_rows/u", 8 * bytes, "/4000x6000x3", full_mask ? "_full_mask" : "_disc"),
          cost, [=](Context& context) {
            const auto picture = std::make_shared<Picture>(sample, full_mask);
            return [picture, &context] {
              color_transform::apply_rows(context, picture->rows, {128.0f / 6000, 128.0f / 6000});
            };
          });
}

std::int64_t bytes(const test::ColorTransformCase& c) {
  return color_transform::forward_cost(c.transform, c.image, DType::f32).bytes;
}

const Rows rows([] {
  for (const test::ColorTransformCase& c :
       with_sweep_or_gpu_map(test::color_transform_network_cases(), test::color_transform_case_at, bytes))
    for (const DType dtype : {DType::f32, DType::bf16}) add_rows(c, dtype);
  for (const auto sample : {Sample::u8, Sample::u16})
    for (const bool full_mask : {false, true}) add_picture(sample, full_mask);
});

}  // namespace
}  // namespace attune::bench
