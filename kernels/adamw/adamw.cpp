#include "kernels/adamw/adamw.h"

#include <cmath>

#include "core/checks.h"

namespace attune::adamw {

namespace {

constexpr const char* op = "adamw";

void check_option(bool ok, const char* name, double value, const char* expected) {
  require(ok, ErrorKind::argument, op, ": ", name, " is ", value, ", expected ", expected);
}

void check_options(const Options& options, std::int64_t elements) {
  const auto not_negative = [](double value) { return value >= 0 && std::isfinite(value); };
  const auto fraction = [](double value) { return value >= 0 && value < 1; };
  check_option(not_negative(options.learning_rate), "learning_rate", options.learning_rate, ">= 0");
  check_option(fraction(options.beta1), "beta1", options.beta1, "0 <= beta1 < 1");
  check_option(fraction(options.beta2), "beta2", options.beta2, "0 <= beta2 < 1");
  check_option(options.eps > 0, "eps", options.eps, "> 0");
  check_option(not_negative(options.weight_decay), "weight_decay", options.weight_decay, ">= 0");
  check_option(not_negative(options.max_norm), "max_norm", options.max_norm, ">= 0");
  check_option(options.ema_decay >= 0 && options.ema_decay <= 1, "ema_decay", options.ema_decay,
               "0 <= ema_decay <= 1");
  require(options.step >= 1, ErrorKind::argument, op, ": step is ", options.step, ", expected >= 1");
  require(options.decayed >= 0 && options.decayed <= elements, ErrorKind::argument, op, ": decayed is ",
          options.decayed, ", expected 0..", elements);
}

}  // namespace

void step(Context& context, const Step& a, const Options& options) {
  check_activation(op, "parameters", context, a.parameters, 1);
  const DType dtype = a.parameters.dtype;
  require(dtype != DType::bf16, ErrorKind::argument, op, ": parameters is bf16, expected f32");
  check_tensor(op, "gradients", context, a.gradients, a.parameters.shape, dtype);
  check_tensor(op, "first_moment", context, a.first_moment, a.parameters.shape, dtype);
  check_tensor(op, "second_moment", context, a.second_moment, a.parameters.shape, dtype);
  if (!a.average.empty()) check_tensor(op, "average", context, a.average, a.parameters.shape, dtype);
  if (!a.gradient_norm.empty() || options.max_norm > 0)
    check_tensor(op, "gradient_norm", context, a.gradient_norm, {1}, dtype);
  check_options(options, a.parameters.elements());
  if (context.device().kind == DeviceKind::cpu) return cpu::step(context, a, options);
  if constexpr (built_with_cuda) cuda::step(context, a, options);
}

Cost step_cost(std::int64_t elements, bool averaged) {
  // Read: parameters, gradients and two moments; written: all but the gradients. The average is read and
  // written. Per element: clip 1, moments 3 + 4, decay 1, root and correction 3, quotient and update 3,
  // average 3.
  return {elements * 4 * (averaged ? 9 : 7), elements * (averaged ? 18 : 15)};
}

Factors factors(const Options& options) {
  const auto t = static_cast<double>(options.step);
  return {static_cast<float>(1 - options.beta1),
          static_cast<float>(1 - options.beta2),
          static_cast<float>(options.learning_rate / (1 - std::pow(options.beta1, t))),
          static_cast<float>(1 / std::sqrt(1 - std::pow(options.beta2, t))),
          static_cast<float>(options.eps),
          static_cast<float>(1 - options.learning_rate * options.weight_decay),
          static_cast<float>(1 - options.ema_decay)};
}

}  // namespace attune::adamw
