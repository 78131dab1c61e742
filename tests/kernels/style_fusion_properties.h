// What style_fusion is in special cases, on any device. The offset of the pointers, in elements, chooses the kernel: small
// images take one pass on CUDA where their vectors are aligned, two where not.
#pragma once

#include "tests/kernels/style_fusion_check.h"

namespace attune::test {

// Forward and backward of one problem.
inline void run_style_fusion(Context& context, const StyleFusionProblem& problem) {
  style_fusion::forward(context, problem.forward(), problem.options());
  style_fusion::backward(context, problem.backward(), problem.options());
}

inline double leaky(double value) { return value > 0 ? value : 0.2 * value; }

// Without background the foreground keeps its own style.
inline void check_without_background(Context& context, std::uint64_t seed, int offset = 0) {
  for (const style_fusion::Gate gate :
       {style_fusion::Gate::learned, style_fusion::Gate::internal, style_fusion::Gate::external}) {
    const StyleFusionCase c{"full",     {2, 6, 7, 20}, DType::f32, Values::random,
                            Mask::full, gate,          true,       offset};
    const StyleFusionProblem problem(c, c.dtype, seed, context.device());
    run_style_fusion(context, problem);
    const std::vector<double> x = problem.x.get(), dy = problem.dy.get();
    const std::vector<double> gamma = problem.gamma_foreground.get(), beta = problem.beta_foreground.get();
    std::vector<double> y(x.size()), dx(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double z = gamma[i % 20] * x[i] + beta[i % 20];
      y[i] = leaky(z);
      dx[i] = gamma[i % 20] * (z > 0 ? 1 : 0.2) * dy[i];
    }
    CHECK(relative_error(problem.y.get(), y) < 1e-6);
    CHECK(relative_error(problem.dx.get(), dx) < 1e-6);
    if (gate == style_fusion::Gate::internal) continue;
    CHECK(norm(problem.dexternal_mean.get()) == 0);
    CHECK(norm(problem.dexternal_sd.get()) == 0);
    if (gate == style_fusion::Gate::learned) CHECK(norm(problem.dgate.get()) == 0);
  }
}

// (x - mean) / sd of channel i % 20 in the region of a problem with 42 pixels an image.
inline double normalized(const StyleFusionProblem& problem, const std::vector<double>& x, std::size_t i,
                         std::size_t region) {
  const std::size_t row = (2 * region + i / (42 * 20)) * 20 + i % 20;
  return (x[i] - problem.mean.get()[row]) / problem.sd.get()[row];
}

// Without foreground it is instance normalization.
inline void check_without_foreground(Context& context, std::uint64_t seed, int offset = 0) {
  StyleFusionCase c{"empty", {2, 6, 7, 20}, DType::f32, Values::random, Mask::empty};
  c.offset = offset;
  const StyleFusionProblem problem(c, c.dtype, seed, context.device());
  run_style_fusion(context, problem);
  const std::vector<double> x = problem.x.get();
  const std::vector<double> gamma = problem.gamma_background.get(), beta = problem.beta_background.get();
  std::vector<double> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    y[i] = leaky(gamma[i % 20] * normalized(problem, x, i, 1) + beta[i % 20]);
  CHECK(relative_error(problem.y.get(), y) < 1e-6);
  CHECK(norm(problem.dexternal_mean.get()) == 0);
  CHECK(norm(problem.dgamma_foreground.get()) == 0);
}

// A part of a picture that is given the whole's statistics becomes that part of the whole's result; these are only read.
inline void check_given_statistics(Context& context, std::uint64_t seed, int offset = 0) {
  for (const style_fusion::Gate gate : {style_fusion::Gate::learned, style_fusion::Gate::internal})
    for (const Mask mask : {Mask::soft, Mask::full, Mask::empty}) {
      StyleFusionCase c{"whole", {2, 6, 7, 20}, DType::f32, Values::random, mask, gate};
      c.offset = offset;
      const StyleFusionProblem whole(c, c.dtype, seed, context.device());
      style_fusion::forward(context, whole.forward(), whole.options());
      c.x = {2, 2, 7, 20};  // rows 3 and 4
      StyleFusionProblem part(c, c.dtype, seed, context.device());
      const auto rows_of = [](const std::vector<double>& values, std::size_t row) {
        std::vector<double> rows;
        for (std::size_t image = 0; image < 2; ++image)
          for (std::size_t i = 0; i < 2 * row; ++i) rows.push_back(values[(6 * image + 3) * row + i]);
        return rows;
      };
      part.x.set(rows_of(whole.x.get(), 7 * 20));
      part.mask.set(rows_of(whole.mask.get(), 7));
      part.mean.set(whole.mean.get());
      part.sd.set(whole.sd.get());
      part.weight.set(whole.weight.get());
      style_fusion::Options options = part.options();
      options.statistics = style_fusion::Statistics::given;
      style_fusion::forward(context, part.forward(), options);
      CHECK(relative_error(part.y.get(), rows_of(whole.y.get(), 7 * 20)) < 1e-6);
      CHECK(part.mean.get() == whole.mean.get());
      CHECK(part.sd.get() == whole.sd.get());
      CHECK(part.weight.get() == whole.weight.get());
    }
}

// Gate 0 is RainNet's normalization, gate 1 purely external.
inline void check_fixed_gates(Context& context, std::uint64_t seed, int offset = 0) {
  for (const style_fusion::Gate gate : {style_fusion::Gate::internal, style_fusion::Gate::external}) {
    const StyleFusionCase c{"gate",       {2, 6, 7, 20}, DType::f32, Values::random,
                            Mask::random, gate,          true,       offset};
    const StyleFusionProblem problem(c, c.dtype, seed, context.device());
    run_style_fusion(context, problem);
    const std::vector<double> x = problem.x.get(), mask = problem.mask.get();
    const std::vector<double> mean = problem.mean.get(), sd = problem.sd.get();
    const std::vector<double> external_mean = problem.external_mean.get(),
                              external_sd = problem.external_sd.get();
    std::vector<double> y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t channel = i % 20, row = i / (42 * 20) * 20 + channel;
      const double style_mean = gate == style_fusion::Gate::internal ? mean[40 + row] : external_mean[row];
      const double style_sd = gate == style_fusion::Gate::internal ? sd[40 + row] : external_sd[row];
      const bool foreground = mask[i / 20] == 1;
      const double z = foreground ? problem.gamma_foreground.get()[channel] *
                                            (normalized(problem, x, i, 0) * style_sd + style_mean) +
                                        problem.beta_foreground.get()[channel]
                                  : problem.gamma_background.get()[channel] * normalized(problem, x, i, 1) +
                                        problem.beta_background.get()[channel];
      y[i] = leaky(z);
    }
    CHECK(relative_error(problem.y.get(), y) < 1e-6);
  }
}

// A closed or open learned gate equals the fixed gates.
inline void check_saturated_gate(Context& context, std::uint64_t seed, int offset = 0) {
  for (const bool open : {false, true}) {
    StyleFusionCase c{"saturated", {2, 6, 7, 20}};
    c.offset = offset;
    StyleFusionProblem learned(c, c.dtype, seed, context.device());
    c.gate = open ? style_fusion::Gate::external : style_fusion::Gate::internal;
    const StyleFusionProblem fixed(c, c.dtype, seed, context.device());
    learned.gate.set(std::vector<double>(20, open ? 200 : -200));
    run_style_fusion(context, learned);
    run_style_fusion(context, fixed);
    CHECK(learned.y.bytes() == fixed.y.bytes());
    CHECK(learned.dx.bytes() == fixed.dx.bytes());
    CHECK(norm(learned.dgate.get()) == 0);
  }
}

// Where nothing differs from the mean and nothing is added, y is 0, and the slope is the activation's derivative.
inline void check_kink(Context& context, std::uint64_t seed, int offset = 0) {
  StyleFusionCase c{"kink", {2, 6, 7, 20}, DType::f32, Values::random, Mask::empty};
  c.offset = offset;
  StyleFusionProblem problem(c, c.dtype, seed, context.device());
  problem.x.set(std::vector<double>(2 * 6 * 7 * 20, 0));
  problem.beta_background.set(std::vector<double>(20, 0));
  run_style_fusion(context, problem);
  CHECK(norm(problem.y.get()) == 0);
  const std::vector<double> dy = problem.dy.get();
  std::vector<double> dbeta(20);
  for (std::size_t i = 0; i < dy.size(); ++i) dbeta[i % 20] += 0.2 * dy[i];
  CHECK(relative_error(problem.dbeta_background.get(), dbeta) < 1e-6);
}

inline void check_nan_stays_in_image(Context& context, std::uint64_t seed, int offset = 0) {
  StyleFusionCase c{"nan", {3, 9, 9, 4}};
  c.offset = offset;
  const StyleFusionProblem clean(c, c.dtype, seed, context.device());
  StyleFusionProblem dirty(c, c.dtype, seed, context.device());
  std::vector<double> x = dirty.x.get();
  x[81 * 4 + 30] = NAN;
  dirty.x.set(x);
  run_style_fusion(context, clean);
  run_style_fusion(context, dirty);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i / (81 * 4) == 1) continue;
    CHECK(dirty.y.get()[i] == clean.y.get()[i]);
    CHECK(dirty.dx.get()[i] == clean.dx.get()[i]);
  }
}

// The gradients whose mode says so are left alone, and each alone is what it is together with the others.
inline void check_skipped_gradients(Context& context, std::uint64_t seed, int offset = 0) {
  StyleFusionCase c{"ignore", {2, 7, 13, 36}};
  c.offset = offset;
  StyleFusionProblem problem(c, c.dtype, seed, context.device()),
      expected(c, c.dtype, seed, context.device());
  run_style_fusion(context, expected);
  style_fusion::forward(context, problem.forward(), problem.options());
  const TestTensor poisoned(c.x, c.dtype, c.offset, context.device());

  style_fusion::Backward none = problem.backward();
  none.dx_mode = none.dexternal_mode = none.dparameters_mode = GradientMode::ignore;
  none.dx = none.dexternal_mean = none.dexternal_sd = none.dgate = {};
  none.dgamma_foreground = none.dbeta_foreground = none.dgamma_background = none.dbeta_background = {};
  CHECK_NOTHROW(style_fusion::backward(context, none, problem.options()));
  CHECK(problem.dx.bytes() == poisoned.bytes());

  // Each alone gives what it gives together with the others.
  style_fusion::Backward only = none;
  only.dx = problem.dx.view();
  only.dx_mode = GradientMode::overwrite;
  style_fusion::backward(context, only, problem.options());
  CHECK(problem.dx.bytes() == expected.dx.bytes());
  only = none;
  only.dexternal_mean = problem.dexternal_mean.view();
  only.dexternal_sd = problem.dexternal_sd.view();
  only.dexternal_mode = GradientMode::overwrite;
  style_fusion::backward(context, only, problem.options());
  CHECK(problem.dexternal_mean.bytes() == expected.dexternal_mean.bytes());
  CHECK(problem.dexternal_sd.bytes() == expected.dexternal_sd.bytes());
  only = problem.backward();
  only.dx_mode = only.dexternal_mode = GradientMode::ignore;
  only.dx = only.dexternal_mean = only.dexternal_sd = {};
  style_fusion::backward(context, only, problem.options());
  CHECK(problem.dgate.bytes() == expected.dgate.bytes());
  CHECK(problem.dgamma_foreground.bytes() == expected.dgamma_foreground.bytes());
}

}  // namespace attune::test
