#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/style_fusion/style_fusion.h"
#include "tests/kernels/style_fusion_cases.h"

namespace attune::bench {
namespace {

// The decoder's usual call: a learned gate, a leaky ReLU, every gradient asked for.
struct Problem {
  Shape per_image, per_channel;
  Tensor x, mask, external_mean, external_sd, gate;
  Tensor gamma_foreground, beta_foreground, gamma_background, beta_background;
  Tensor y, mean, sd, weight, dy, dx, dexternal_mean, dexternal_sd, dgate;
  Tensor dgamma_foreground, dbeta_foreground, dgamma_background, dbeta_background;

  Problem(const Shape& shape, DType dtype)
      : per_image{shape[0], shape[3]},
        per_channel{shape[3]},
        x(random_tensor(shape, dtype, 1)),
        mask(disc_mask(shape[0], shape[1], shape[2])),
        external_mean(random_tensor(per_image, DType::f32, 2)),
        external_sd(random_tensor(per_image, DType::f32, 3)),
        gate(random_tensor(per_channel, DType::f32, 4)),
        gamma_foreground(random_tensor(per_channel, DType::f32, 5)),
        beta_foreground(random_tensor(per_channel, DType::f32, 6)),
        gamma_background(random_tensor(per_channel, DType::f32, 7)),
        beta_background(random_tensor(per_channel, DType::f32, 8)),
        y(shape, dtype, device()),
        mean({2, shape[0], shape[3]}, DType::f32, device()),
        sd({2, shape[0], shape[3]}, DType::f32, device()),
        weight({2, shape[0]}, DType::f32, device()),
        dy(random_tensor(shape, dtype, 9)),
        dx(shape, dtype, device()),
        dexternal_mean(per_image, DType::f32, device()),
        dexternal_sd(per_image, DType::f32, device()),
        dgate(per_channel, DType::f32, device()),
        dgamma_foreground(per_channel, DType::f32, device()),
        dbeta_foreground(per_channel, DType::f32, device()),
        dgamma_background(per_channel, DType::f32, device()),
        dbeta_background(per_channel, DType::f32, device()) {}

  template <class Arguments>
  Arguments inputs() {
    Arguments a;
    a.x = x.view();
    a.mask = mask.view();
    a.external_mean = external_mean.view();
    a.external_sd = external_sd.view();
    a.gate = gate.view();
    a.gamma_foreground = gamma_foreground.view();
    a.beta_foreground = beta_foreground.view();
    a.gamma_background = gamma_background.view();
    a.beta_background = beta_background.view();
    a.mean = mean.view();
    a.sd = sd.view();
    a.weight = weight.view();
    return a;
  }
  void forward(Context& context) {
    auto a = inputs<style_fusion::Forward>();
    a.y = y.view();
    style_fusion::forward(context, a);
  }
  void backward(Context& context) {
    auto a = inputs<style_fusion::Backward>();
    a.dy = dy.view();
    a.dx = dx.view();
    a.dexternal_mean = dexternal_mean.view();
    a.dexternal_sd = dexternal_sd.view();
    a.dgate = dgate.view();
    a.dgamma_foreground = dgamma_foreground.view();
    a.dbeta_foreground = dbeta_foreground.view();
    a.dgamma_background = dgamma_background.view();
    a.dbeta_background = dbeta_background.view();
    style_fusion::backward(context, a);
  }
};

void add_rows(const Shape& shape, DType dtype) {
  add_row(row_name("style_fusion", "forward", dtype, shape), style_fusion::forward_cost(shape, dtype),
          [=](Context& context) {
            const auto problem = std::make_shared<Problem>(shape, dtype);
            return [problem, &context] { problem->forward(context); };
          });
  add_row(row_name("style_fusion", "backward", dtype, shape), style_fusion::backward_cost(shape, dtype),
          [=](Context& context) {
            const auto problem = std::make_shared<Problem>(shape, dtype);
            problem->forward(context);
            return [problem, &context] { problem->backward(context); };
          });
}

const Rows rows([] {
  for (const test::StyleFusionCase& c :
       with_gpu_case(test::style_fusion_network_cases(), test::style_fusion_case_at))
    for (const DType dtype : {DType::f32, DType::bf16}) add_rows(c.x, dtype);
});

}  // namespace
}  // namespace attune::bench
