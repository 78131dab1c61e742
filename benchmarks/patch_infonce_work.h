// patch_infonce, forward and backward, with every gradient.
#pragma once

#include "core/context.h"
#include "core/tensor.h"
#include "kernels/patch_infonce/patch_infonce.h"

namespace attune::bench {

// The inputs are the caller's and outlive the work on them.
struct PatchInfoNceWork {
  patch_infonce::Inputs in;
  ConstTensorView dloss;
  patch_infonce::Options options;
  Tensor loss, log_sum, miss, danchors, dpositives, dnegatives;

  PatchInfoNceWork(const patch_infonce::Inputs& inputs, const ConstTensorView& upstream,
                   const patch_infonce::Options& chosen = {})
      : in(inputs),
        dloss(upstream),
        options(chosen),
        loss({1}, DType::f32, in.anchors.device),
        log_sum(of_anchors(in.anchors)),
        miss(of_anchors(in.anchors)),
        danchors(like(in.anchors)),
        dpositives(like(in.positives)),
        dnegatives(like(in.negatives)) {}

  void forward(Context& context) {
    patch_infonce::forward(context, {in, loss.view(), log_sum.view(), miss.view()}, options);
  }
  void backward(Context& context) {
    patch_infonce::backward(
        context,
        {in, log_sum.view(), miss.view(), dloss, danchors.view(), dpositives.view(), dnegatives.view()},
        options);
  }

 private:
  static Tensor like(const ConstTensorView& view) { return {view.shape, view.dtype, view.device}; }
  static Tensor of_anchors(const ConstTensorView& anchors) {
    return {{anchors.shape[0], anchors.shape[1]}, DType::f32, anchors.device};
  }
};

}  // namespace attune::bench
