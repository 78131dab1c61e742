// style_fusion as the decoder calls it, forward and backward: a learned gate, a leaky ReLU, every gradient asked for.
#pragma once

#include "core/context.h"
#include "core/tensor.h"
#include "kernels/style_fusion/style_fusion.h"

namespace attune::bench {

// The caller's, which outlive the work on them.
struct StyleFusionInputs {
  ConstTensorView x, mask, external_mean, external_sd, gate;
  ConstTensorView gamma_foreground, beta_foreground, gamma_background, beta_background;
  ConstTensorView dy;
};

struct StyleFusionWork {
  StyleFusionInputs in;
  Tensor y, mean, sd, weight;
  Tensor dx, dexternal_mean, dexternal_sd, dgate;
  Tensor dgamma_foreground, dbeta_foreground, dgamma_background, dbeta_background;

  explicit StyleFusionWork(const StyleFusionInputs& inputs)
      : in(inputs),
        y(like(in.x)),
        mean(of_regions(in.external_mean)),
        sd(of_regions(in.external_mean)),
        weight({2, in.x.shape[0]}, DType::f32, in.x.device),
        dx(like(in.x)),
        dexternal_mean(like(in.external_mean)),
        dexternal_sd(like(in.external_sd)),
        dgate(like(in.gate)),
        dgamma_foreground(like(in.gate)),
        dbeta_foreground(like(in.gate)),
        dgamma_background(like(in.gate)),
        dbeta_background(like(in.gate)) {}

  void forward(Context& context) {
    auto a = arguments<style_fusion::Forward>();
    a.y = y.view();
    style_fusion::forward(context, a);
  }
  void backward(Context& context) {
    auto a = arguments<style_fusion::Backward>();
    a.dy = in.dy;
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

 private:
  static Tensor like(const ConstTensorView& view) { return {view.shape, view.dtype, view.device}; }
  // Foreground and background of each image.
  static Tensor of_regions(const ConstTensorView& style) {
    return {{2, style.shape[0], style.shape[1]}, DType::f32, style.device};
  }

  template <class Arguments>
  Arguments arguments() {
    Arguments a;
    a.x = in.x;
    a.mask = in.mask;
    a.external_mean = in.external_mean;
    a.external_sd = in.external_sd;
    a.gate = in.gate;
    a.gamma_foreground = in.gamma_foreground;
    a.beta_foreground = in.beta_foreground;
    a.gamma_background = in.gamma_background;
    a.beta_background = in.beta_background;
    a.mean = mean.view();
    a.sd = sd.view();
    a.weight = weight.view();
    return a;
  }
};

}  // namespace attune::bench
