// AdamW over one flat array of parameters: clipping by the global norm, decoupled weight decay, bias
// correction and the moving average of the weights, all in one pass. optim/AdamW calls it once a training
// step.
//
// One step, t = Options::step >= 1, elementwise over i; PyTorch's AdamW, with its order of decay and update:
//
//     s    = min(1, max_norm / gradient_norm)         1 where max_norm = 0
//     g'   = s g
//     m   += (1 - beta1) (g' - m)
//     v   += (1 - beta2) (g'^2 - v)
//     p    = p (1 - learning_rate weight_decay)       the first `decayed` elements only
//     p   -= learning_rate / (1 - beta1^t)  m / ( sqrt(v) / sqrt(1 - beta2^t) + eps )
//     avg += (1 - ema_decay) (p - avg)                where an average is kept
//
// The moving means are written as a step towards the new value, because their fixed point is then exact: in
// beta a + (1 - beta) p the two rounded factors do not add up to 1, which shifts the average by up to 3e-5 p.
//
// Degenerate cases: gradient_norm = 0 gives s = 1. Where a gradient_norm is given and is not finite the step
// is skipped: nothing changes, bit for bit (t still counts it; the next step is then at most a little
// shorter). Without one a NaN in g makes its own element NaN, nothing else. n = 0 is legal.
//
// | argument      | shape | dtype |                                                                         |
// | parameters    | [n]   | f32   | in and out; aligned to its element, as are all below; no two overlap    |
// | gradients     | [n]   | f32   | in                                                                      |
// | first_moment  | [n]   | f32   | in and out: m, 0 before the first step                                  |
// | second_moment | [n]   | f32   | in and out: v, 0 before the first step                                  |
// | average       | [n]   | f32   | in and out; an empty view keeps no average                              |
// | gradient_norm | [1]   | f32   | in, on the device: no transfer to the host; required where max_norm > 0 |
//
// Numbers: f32 throughout; the factors that hold for the whole array (bias corrections among them) are computed in
// double and rounded once. One pass, no scratch. Deterministic, because every element is computed alone.
// Errors: ErrorKind::argument on a shape, dtype or device that differs from the table, and on options outside
// learning_rate >= 0, 0 <= beta < 1, eps > 0, weight_decay >= 0, step >= 1, max_norm >= 0, 0 <= ema_decay <=
// 1, 0 <= decayed <= n; nothing is written then.
// Thread-safe for distinct contexts.
// Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization (ICLR 2019). Deliberately different from
// PyTorch: clip_grad_norm_ adds 1e-6 to the norm; here nothing is added.
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"

namespace attune::adamw {

struct Options {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;
  std::int64_t step = 1;     // counts from 1; the bias corrections depend on it
  double max_norm = 0;       // 0: no clipping
  double ema_decay = 0.999;  // read where an average is kept
  std::int64_t decayed = 0;  // that many elements from the start decay; biases and the like lie behind them
};

struct Step {
  TensorView parameters;
  ConstTensorView gradients;
  TensorView first_moment, second_moment;
  TensorView average;             // may be empty
  ConstTensorView gradient_norm;  // may be empty where max_norm = 0
};

void step(Context& context, const Step& arguments, const Options& options);

Cost step_cost(std::int64_t elements, bool averaged);

// The factors that hold for every element of a step, each computed in double and rounded once.
struct Factors {
  float first_rate, second_rate;  // 1 - beta
  float step_size;                // learning_rate / (1 - beta1^t)
  float inverse_root_correction;  // 1 / sqrt(1 - beta2^t)
  float eps;
  float kept;          // 1 - learning_rate weight_decay
  float average_rate;  // 1 - ema_decay
};
Factors factors(const Options& options);

// The bodies that step dispatches to after its checks.
namespace cpu {
void step(Context& context, const Step& arguments, const Options& options);
}  // namespace cpu
namespace cuda {
void step(Context& context, const Step& arguments, const Options& options);
}  // namespace cuda

}  // namespace attune::adamw
