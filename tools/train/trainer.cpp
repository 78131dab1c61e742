#include "tools/train/trainer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "core/files.h"
#include "core/safetensors.h"
#include "tools/cli/progress.h"
#include "tools/cli/signals.h"
#include "tools/machine/cpu_probe.h"
#include "tools/report/report.h"

namespace attune::tools {

namespace {

// Bins of composites' foreground MSE, on the 0..255 scale.
constexpr std::array<double, 8> strength_bins = {0, 125, 250, 500, 1000, 2000, 4000, 8000};

LoaderOptions loader_options(const Config& config, std::int64_t first_step) {
  LoaderOptions options;
  options.batch = config.train.batch;
  options.size = config.train.size;
  options.first_step = first_step;
  options.threads = config.train.loader_threads;
  return options;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string number(double value, const char* format) {
  std::array<char, 48> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, value);
  return buffer.data();
}

}  // namespace

Trainer::Trainer(const Config& config, Device device, int threads)
    : config_(config),
      context_(device, threads),
      sampler_(std::make_unique<Sampler>(load_sources(config.data), config.sampling)),
      training_(context_, config),
      network_(training_.network()),
      optimizer_(training_.optimizer()),
      validation_(context_, config),
      strengths_(strength_bins.size(), 0) {}

void Trainer::start_profile() {
  std::optional<MachineLimits> limits;
  if (context_.device().kind == DeviceKind::cpu) limits = measure_cpu(context_.threads());
  profile_.emplace(context_, training_, limits);
}

std::string Trainer::description() {
  std::int64_t items = 0;
  for (const SourceConfig& source : config_.data)
    items += static_cast<std::int64_t>(load_items(source).size());
  return text("attune: ", network_.store().count(), " weights, ", network_.graph().arena_bytes() >> 20,
              " MiB of activations and gradients; ", items, " pictures, steps of ", config_.train.batch,
              " at ", config_.train.size, "x", config_.train.size, " on ", context_.device(), " with ",
              context_.threads(), " threads\n");
}

int Trainer::run(const RunFolder& folder) {
  restore(folder);
  MetricsLog log(folder.metrics(), step_);
  Loader loader([this](std::int64_t step, std::int64_t index,
                       const SampleTarget& target) { sampler_->sample(step, index, target); },
                loader_options(config_, step_ + 1));
  const SignalWatch watch;
  Progress progress("train", "step", config_.train.steps, step_);
  const auto start = std::chrono::steady_clock::now();
  auto before = start;
  int signal = 0;
  std::exception_ptr damage;  // a picture of the next batch that can't be read
  const auto fetch = [&] {
    try {
      fetch_batch(loader);
    } catch (const Error&) {
      damage = std::current_exception();
    }
  };
  if (step_ < config_.train.steps) fetch();
  while (step_ < config_.train.steps && signal == 0) {
    if (damage) give_up(folder, damage);
    const auto step_start = std::chrono::steady_clock::now();
    training_.enqueue(++step_);
    if (step_ < config_.train.steps) fetch();  // while a GPU is at work
    StepMetrics metrics = finish_step();
    if (profile_) profile_->end_step(seconds_since(step_start));
    require(std::isfinite(metrics.loss), ErrorKind::internal, "the loss is not finite at step ", step_,
            "; the last checkpoint is in ", folder.path.string());
    const bool last = step_ == config_.train.steps;
    if (!validation_.empty() && (last || step_ % config_.train.validate_every == 0)) {
      validate(folder, metrics);
      progress.message(text("step ", step_, ": validation PSNR ", number(metrics.val->psnr, "%.2f"),
                            " dB, fMSE ", number(metrics.val->fmse, "%.1f")));
    }
    const auto now = std::chrono::steady_clock::now();
    metrics.time_s = seconds_since(start);
    metrics.images_per_s = static_cast<double>(config_.train.batch) /
                           std::max(1e-9, std::chrono::duration<double>(now - before).count());
    before = now;
    log.write(metrics);
    signal = SignalWatch::received();
    if (last || signal != 0 || step_ % config_.train.checkpoint_every == 0) save(folder);
    progress.update(step_, "loss " + number(metrics.loss, "%.4f"));
  }
  if (signal != 0) {
    progress.message(text("stopped at step ", step_, "; go on with --resume ", folder.path.string()));
    return signal;
  }
  if (validation_.empty()) save_weights(folder.best());
  progress.message(strength_histogram());
  report(folder);
  return 0;
}

void Trainer::fetch_batch(Loader& loader) {
  const Batch& batch = loader.next();
  count_strength(batch);
  training_.feed(batch);
}

// A picture that can't be read costs no steps that were done, and a run without any leaves no folder that is "a run already".
void Trainer::give_up(const RunFolder& folder, const std::exception_ptr& damage) {
  if (step_ > 0)
    save(folder);
  else
    discard_run(folder);
  std::rethrow_exception(damage);
}

StepMetrics Trainer::finish_step() {
  const LossValues losses = training_.finish();
  StepMetrics metrics;
  metrics.step = step_;
  metrics.loss = losses.total;
  metrics.loss_rec = losses.reconstruction;
  metrics.loss_rc = losses.contrast;
  metrics.lr = training_.learning_rate(step_);
  return metrics;
}

void Trainer::validate(const RunFolder& folder, StepMetrics& metrics) {
  metrics.val = validation_.run(network_.harmonizer(), network_.store(), optimizer_.average());
  if (best_.known && metrics.val->psnr <= best_.psnr) return;
  best_ = {metrics.val->psnr, true};
  save_weights(folder.best());
}

void Trainer::save_weights(const std::filesystem::path& path) {
  save_model(path, config_.model.inference_size, network_.harmonizer(), network_.store(),
             optimizer_.average());
}

// The state alone is what a resumed run starts from, in one file that is replaced at once: whenever the program is
// killed, weights, moments and step belong together.
void Trainer::save(const RunFolder& folder) {
  std::map<std::string, std::string> metadata = {{"format", "attune training state 1"},
                                                 {"step", std::to_string(step_)}};
  if (best_.known) metadata["best_psnr"] = Json(best_.psnr).dump();
  std::vector<Tensor> host;
  std::vector<NamedTensorView> tensors;
  const auto add = [&](const std::string& name, const TensorView& view) {
    host.emplace_back(view.shape, view.dtype);
    copy_bytes(host.back().view().data, Device{}, view.data, view.device, view.bytes());
    tensors.push_back({name, ConstTensorView(host.back().view())});
  };
  add("parameters", network_.store().values());
  for (const NamedState& state : optimizer_.state()) add(state.name, state.view);
  for (const NamedState& state : training_.second_pass().state()) add(state.name, state.view);
  write_safetensors(folder.state(), tensors, metadata);
  save_weights(folder.last());
}

void Trainer::restore(const RunFolder& folder) {
  std::error_code error;
  if (!std::filesystem::exists(folder.state(), error)) {
    if (std::filesystem::exists(folder.metrics(), error))
      std::fprintf(stderr, "attune: %s holds no checkpoint yet, starting at step 0\n", folder.path.c_str());
    return;
  }
  const SafetensorsFile file = read_safetensors(folder.state());
  const std::string name = folder.state().string();
  const auto load = [&](const std::string& tensor, const TensorView& target) {
    const auto found = file.tensors.find(tensor);
    require(found != file.tensors.end(), ErrorKind::input, name, ": ", tensor, " is missing");
    require(found->second.shape() == target.shape && found->second.dtype() == target.dtype, ErrorKind::input,
            name, ": ", tensor, " is ", found->second.shape(), ", this network has ", target.shape);
    copy_bytes(target.data, target.device, found->second.view().data, Device{}, target.bytes());
  };
  load("parameters", network_.store().values());
  for (const NamedState& state : optimizer_.state()) load(state.name, state.view);
  for (const NamedState& state : training_.second_pass().state()) load(state.name, state.view);
  training_.second_pass().restored();
  try {
    step_ = std::stoll(file.metadata.at("step"));
    if (file.metadata.count("best_psnr") == 1)
      best_ = {Json::parse(file.metadata.at("best_psnr")).get<double>(), true};
  } catch (const std::exception&) {
    fail(ErrorKind::input, name, ": its metadata names no step");
  }
  optimizer_.set_steps(step_);
  std::fprintf(stderr, "attune: going on after step %lld\n", static_cast<long long>(step_));
}

// How strongly the composites differ from their photographs, but for those whose places results of the step before take.
void Trainer::count_strength(const Batch& batch) {
  const std::int64_t first = step_ == 0 ? 0 : config_.train.second_pass;
  const std::int64_t pixels = config_.train.size * config_.train.size;
  for (std::int64_t n = first; n < config_.train.batch; ++n) {
    const float *composite = batch.composite.as<float>() + n * pixels * 3,
                *real = batch.real.as<float>() + n * pixels * 3;
    const float* mask = batch.mask.as<float>() + n * pixels;
    double sum = 0, area = 0;
    for (std::int64_t p = 0; p < pixels; ++p) {
      area += static_cast<double>(mask[p]);
      for (std::int64_t c = 0; c < 3; ++c) {
        const double d = static_cast<double>(composite[3 * p + c]) - static_cast<double>(real[3 * p + c]);
        sum += static_cast<double>(mask[p]) * d * d;
      }
    }
    const double fmse = sum * 255 * 255 / (3 * area + 1e-6);
    const auto bin =
        std::upper_bound(strength_bins.begin(), strength_bins.end(), fmse) - strength_bins.begin() - 1;
    ++strengths_[static_cast<std::size_t>(std::max<std::ptrdiff_t>(bin, 0))];
  }
}

std::string Trainer::strength_histogram() const {
  std::int64_t total = 0;
  for (const std::int64_t count : strengths_) total += count;
  std::string line = "composites by foreground MSE:";
  for (std::size_t i = 0; i < strength_bins.size(); ++i)
    line += text(" ", strength_bins[i], "+ ",
                 number(100.0 * static_cast<double>(strengths_[i]) /
                            static_cast<double>(std::max<std::int64_t>(total, 1)),
                        "%.0f"),
                 "%");
  return line;
}

void Trainer::report(const RunFolder& folder) {
  Report report;
  report.title = std::filesystem::absolute(folder.path).lexically_normal().filename().string();
  report.metrics = read_metrics(folder.metrics());
  report.config = config_as_json(config_).dump();
  // A finished run that is resumed has validated nothing yet.
  validation_.take_weights(network_.harmonizer(), network_.store(), optimizer_.average());
  report.results = validation_.compare();
  report.pictures = validation_.cases(report.results);
  write_report(folder.report(), report);
}

}  // namespace attune::tools
