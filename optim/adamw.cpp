#include "optim/adamw.h"

#include <algorithm>

#include "kernels/adamw/adamw.h"

namespace attune {

AdamW::AdamW(ParameterStore& store, const AdamWOptions& options)
    : options_(options),
      first_moment_(Tensor::zeros({store.count()}, DType::f32, store.values().device)),
      second_moment_(Tensor::zeros({store.count()}, DType::f32, store.values().device)),
      average_({store.count()}, DType::f32, store.values().device) {
  const TensorView values = store.values();
  require(values.data && values.dtype == DType::f32, ErrorKind::internal,
          "AdamW: parameters are not allocated in f32");
  copy_bytes(average_.view().data, values.device, values.data, values.device, values.bytes());
}

void AdamW::step(Context& context, ParameterStore& store, const ConstTensorView& gradient_norm,
                 double learning_rate) {
  ++steps_;
  const double t = static_cast<double>(steps_);
  adamw::Options options;
  options.learning_rate = learning_rate;
  options.beta1 = options_.beta1;
  options.beta2 = options_.beta2;
  options.eps = options_.eps;
  options.weight_decay = options_.weight_decay;
  options.step = steps_;
  options.max_norm = options_.max_norm;
  options.ema_decay = std::min(options_.ema_decay, (1 + t) / (10 + t));
  options.decayed = store.decayed();
  adamw::step(context,
              {store.values(), store.gradients(), first_moment_.view(), second_moment_.view(),
               average_.view(), gradient_norm},
              options);
}

std::vector<NamedState> AdamW::state() {
  return {{"first_moment", first_moment_.view()},
          {"second_moment", second_moment_.view()},
          {"average", average_.view()}};
}

}  // namespace attune
