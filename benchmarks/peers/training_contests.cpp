// A whole step of training: both losses, their gradients, clipping, AdamW and the moving average.
#include <cmath>
#include <map>
#include <memory>

#include "benchmarks/peers/contest.h"
#include "tools/train/training_step.h"

namespace attune::peers {

namespace {

constexpr std::int64_t compared_steps = 3;

struct Step {
  Context context;
  tools::TrainingStep step;
  tools::Batch batch;
  std::int64_t number = 0;
  Tensor reconstruction{{compared_steps}, DType::f32}, contrast{{compared_steps}, DType::f32},
      gradient_norm{{compared_steps}, DType::f32};

  Step(const SafetensorsFile& inputs, const std::string& config, int threads)
      : context({}, threads), step(context, tools::load_config(config, {})) {
    ParameterStore& store = step.network().store();
    for (const Parameter& parameter : store.all())
      if (const auto found = inputs.tensors.find(parameter.name); found != inputs.tensors.end())
        store.load(parameter.name, found->second.view());
    const auto copy = [&](const char* name) { return input(inputs, name).to({}); };
    batch.composite = copy("composite");
    batch.real = copy("real");
    batch.mask = copy("mask");
  }
  void run() {
    step.feed(batch);
    step.enqueue(++number);
    const tools::LossValues losses = step.finish();
    if (number <= compared_steps) record(losses);
  }
  void record(const tools::LossValues& losses) {
    reconstruction.as<float>()[number - 1] = static_cast<float>(losses.reconstruction);
    contrast.as<float>()[number - 1] = static_cast<float>(losses.contrast);
    const TensorView gradients = step.network().store().gradients();
    double sum = 0;
    for (std::int64_t i = 0; i < gradients.elements(); ++i)
      sum += std::pow(static_cast<double>(gradients.as<float>()[i]), 2);
    gradient_norm.as<float>()[number - 1] = static_cast<float>(std::sqrt(sum));
  }
};

class StepShares {
 public:
  StepShares(const SafetensorsFile& inputs, const std::string& config, int threads)
      : step_(inputs, config, threads) {
    for (std::int64_t i = 0; i < compared_steps; ++i) step_.run();  // cold, and they sum up gradients
    step_.step.observe([this](const Pass& pass, const std::function<void()>& run) {
      const Clock::time_point start = Clock::now();
      run();
      seconds_[pass.kind] += seconds_since(start);
    });
  }
  void run() {
    const Clock::time_point start = Clock::now();
    for (std::int64_t i = 0; i < compared_steps; ++i) step_.run();
    all_ += seconds_since(start);
  }
  std::vector<NamedTensorView> outputs() {
    std::vector<NamedTensorView> shares;
    for (const auto& [kind, seconds] : seconds_) {
      Tensor& share = shares_[kind] = Tensor({1}, DType::f32);
      *share.as<float>() = static_cast<float>(seconds / all_);
      shares.push_back({kind, share.view()});
    }
    return shares;
  }

 private:
  Step step_;
  double all_ = 0;
  std::map<std::string, double> seconds_;
  std::map<std::string, Tensor> shares_;
};

}  // namespace

Contest step_contest(const SafetensorsFile& inputs, const std::string& config, int threads) {
  const auto work = std::make_shared<Step>(inputs, config, threads);
  return {[work] { work->run(); },
          [work]() -> std::vector<NamedTensorView> {
            while (work->number < compared_steps) work->run();
            return {{"reconstruction", work->reconstruction.view()},
                    {"contrast", work->contrast.view()},
                    {"gradient_norm", work->gradient_norm.view()}};
          }};
}

Contest step_shares_contest(const SafetensorsFile& inputs, const std::string& config, int threads) {
  const auto work = std::make_shared<StepShares>(inputs, config, threads);
  return {[work] { work->run(); }, [work] { return work->outputs(); }};
}

}  // namespace attune::peers
