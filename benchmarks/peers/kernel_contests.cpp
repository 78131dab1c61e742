// Forward and backward of one op, f32.
#include <memory>

#include "benchmarks/peers/contest.h"
#include "core/context.h"
#include "kernels/patch_infonce/patch_infonce.h"
#include "kernels/style_fusion/style_fusion.h"

namespace attune::peers {

namespace {

struct StyleFusion {
  const SafetensorsFile& in;
  Context context;
  Shape x, style, channels{x[3]};
  Tensor y{x, DType::f32}, dx{x, DType::f32};
  Tensor mean{{2, x[0], x[3]}, DType::f32}, sd{{2, x[0], x[3]}, DType::f32}, weight{{2, x[0]}, DType::f32};
  Tensor dexternal_mean{style, DType::f32}, dexternal_sd{style, DType::f32}, dgate{channels, DType::f32};
  Tensor dgamma_foreground{channels, DType::f32}, dbeta_foreground{channels, DType::f32};
  Tensor dgamma_background{channels, DType::f32}, dbeta_background{channels, DType::f32};

  StyleFusion(const SafetensorsFile& inputs, int threads)
      : in(inputs), context({}, threads), x(input(in, "x").shape()), style{x[0], x[3]} {}

  template <class Arguments>
  Arguments arguments() {
    Arguments a;
    const auto view = [&](const char* name) { return input(in, name).view(); };
    a.x = view("x");
    a.mask = view("mask");
    a.external_mean = view("external_mean");
    a.external_sd = view("external_sd");
    a.gate = view("gate");
    a.gamma_foreground = view("gamma_foreground");
    a.beta_foreground = view("beta_foreground");
    a.gamma_background = view("gamma_background");
    a.beta_background = view("beta_background");
    a.mean = mean.view();
    a.sd = sd.view();
    a.weight = weight.view();
    return a;
  }
  void run() {
    auto forward = arguments<style_fusion::Forward>();
    forward.y = y.view();
    style_fusion::forward(context, forward);
    auto backward = arguments<style_fusion::Backward>();
    backward.dy = input(in, "dy").view();
    backward.dx = dx.view();
    backward.dexternal_mean = dexternal_mean.view();
    backward.dexternal_sd = dexternal_sd.view();
    backward.dgate = dgate.view();
    backward.dgamma_foreground = dgamma_foreground.view();
    backward.dbeta_foreground = dbeta_foreground.view();
    backward.dgamma_background = dgamma_background.view();
    backward.dbeta_background = dbeta_background.view();
    style_fusion::backward(context, backward);
  }
};

// Set mode: every positive of an image belongs to each of its anchors.
struct PatchInfoNce {
  const SafetensorsFile& in;
  Context context;
  Shape rows, per_anchor{rows[0], rows[1]};
  Tensor loss{{1}, DType::f32}, log_sum{per_anchor, DType::f32}, miss{per_anchor, DType::f32};
  Tensor danchors{rows, DType::f32}, dpositives, dnegatives;

  PatchInfoNce(const SafetensorsFile& inputs, int threads)
      : in(inputs),
        context({}, threads),
        rows(input(in, "anchors").shape()),
        dpositives(input(in, "positives").shape(), DType::f32),
        dnegatives(input(in, "negatives").shape(), DType::f32) {}

  void run() {
    patch_infonce::Inputs sets;
    sets.anchors = input(in, "anchors").view();
    sets.positives = input(in, "positives").view();
    sets.negatives = input(in, "negatives").view();
    patch_infonce::forward(context, {sets, loss.view(), log_sum.view(), miss.view()});
    patch_infonce::Backward backward;
    backward.inputs = sets;
    backward.log_sum = log_sum.view();
    backward.miss = miss.view();
    backward.dloss = input(in, "dloss").view();
    backward.danchors = danchors.view();
    backward.dpositives = dpositives.view();
    backward.dnegatives = dnegatives.view();
    patch_infonce::backward(context, backward);
  }
};

}  // namespace

Contest style_fusion_contest(const SafetensorsFile& inputs, int threads) {
  const auto work = std::make_shared<StyleFusion>(inputs, threads);
  return {[work] { work->run(); },
          [work]() -> std::vector<NamedTensorView> {
            return {{"y", work->y.view()},
                    {"dx", work->dx.view()},
                    {"dexternal_mean", work->dexternal_mean.view()},
                    {"dexternal_sd", work->dexternal_sd.view()},
                    {"dgate", work->dgate.view()},
                    {"dgamma_foreground", work->dgamma_foreground.view()},
                    {"dbeta_background", work->dbeta_background.view()}};
          }};
}

Contest patch_infonce_contest(const SafetensorsFile& inputs, int threads) {
  const auto work = std::make_shared<PatchInfoNce>(inputs, threads);
  return {[work] { work->run(); },
          [work]() -> std::vector<NamedTensorView> {
            return {{"loss", work->loss.view()},
                    {"danchors", work->danchors.view()},
                    {"dpositives", work->dpositives.view()},
                    {"dnegatives", work->dnegatives.view()}};
          }};
}

}  // namespace attune::peers
