// A contest: one piece of work that attune does beside its peers, on inputs that all of them are given.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "core/safetensors.h"

namespace attune::peers {

struct Contest {
  std::function<void()> run;
  std::function<std::vector<NamedTensorView>()> outputs;  // after a first run: what is compared
};

// The inputs are a safetensors file's tensors; `argument` is a model's or a configuration's path where one is needed.
Contest style_fusion_contest(const SafetensorsFile& inputs, int threads);
Contest patch_infonce_contest(const SafetensorsFile& inputs, int threads);
// A step of training; the losses and the gradient's norm of the first three. Parameters that the inputs lack start as the
// configuration says.
Contest step_contest(const SafetensorsFile& inputs, const std::string& config, int threads);
// Steps of training, timed layer by layer: the share of their time that each kind of layer takes.
Contest step_shares_contest(const SafetensorsFile& inputs, const std::string& config, int threads);
// The network alone on pictures of its own size, f32 in and out.
Contest network_contest(const SafetensorsFile& inputs, const std::string& model, int threads);
// A photograph of any size through the C API, 8 bits in and out; making it loads the model.
Contest picture_contest(const SafetensorsFile& inputs, const std::string& model, int threads);

const Tensor& input(const SafetensorsFile& inputs, const std::string& name);

using Clock = std::chrono::steady_clock;
inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace attune::peers
