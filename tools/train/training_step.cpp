#include "tools/train/training_step.h"

#include "kernels/adamw/adamw.h"
#include "kernels/norm/norm.h"

namespace attune::tools {

namespace {

AdamWOptions adamw_options(const OptimizerConfig& config) {
  AdamWOptions options;
  options.beta1 = config.beta1;
  options.beta2 = config.beta2;
  options.eps = config.eps;
  options.weight_decay = config.weight_decay;
  options.max_norm = config.max_norm;
  options.ema_decay = config.ema_decay;
  return options;
}

}  // namespace

TrainingStep::TrainingStep(Context& context, const Config& config)
    : context_(context),
      schedule_{config.optimizer.lr, config.optimizer.warmup_steps, config.train.steps,
                config.optimizer.final_lr},
      network_(context, config),
      optimizer_(network_.store(), adamw_options(config.optimizer)),
      gradient_norm_({1}, DType::f32, context.device()),
      feed_(context.device(), network_.inputs()),
      second_pass_(network_.inputs(), config.train.second_pass > 0 ? network_.output() : TensorView{},
                   config.train.second_pass),
      losses_(network_.graph().loss_values().shape, DType::f32, context.device()),
      done_(context.device()) {
  const std::int64_t weights = network_.store().count();
  norm_pass_.kind = "norm";
  norm_pass_.direction = "forward";
  adamw_pass_.kind = "adamw";
  adamw_pass_.direction = "step";
  norm_pass_.name = adamw_pass_.name = text(Shape{weights});
  norm_pass_.cost = norm::forward_cost(weights);
  adamw_pass_.cost = adamw::step_cost(weights, true);
}

void TrainingStep::feed(const Batch& batch) { feed_.start(batch); }

void TrainingStep::enqueue(std::int64_t step) {
  feed_.finish(context_);
  second_pass_.give(context_);
  const auto work = [&] {
    network_.run(context_, step);
    update(step);
    copy_async(context_, losses_.view(), network_.graph().loss_values());
  };
  if (network_.graph().observer)
    work();
  else
    replay_.run(context_, work);
  second_pass_.take(context_);
  done_.record(context_);
}

void TrainingStep::update(std::int64_t step) {
  const PassObserver& observer = network_.graph().observer;
  run_pass(observer, norm_pass_, [&] {
    norm::forward(context_, {network_.store().gradients(), gradient_norm_.view()});
  });
  run_pass(observer, adamw_pass_,
           [&] { optimizer_.step(context_, network_.store(), gradient_norm_.view(), learning_rate(step)); });
}

std::vector<Pass> TrainingStep::passes() const {
  std::vector<Pass> all = network_.graph().passes();
  all.push_back(norm_pass_);
  all.push_back(adamw_pass_);
  return all;
}

void TrainingStep::observe(const PassObserver& observer) { network_.graph().observer = observer; }

LossValues TrainingStep::finish() {
  done_.synchronize();
  return network_.losses(losses_.view());
}

}  // namespace attune::tools
