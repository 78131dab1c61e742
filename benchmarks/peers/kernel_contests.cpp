// Forward and backward of one op, f32.
#include <memory>
#include <utility>

#include "benchmarks/patch_infonce_work.h"
#include "benchmarks/peers/contest.h"
#include "benchmarks/style_fusion_work.h"

namespace attune::peers {

namespace {

using bench::PatchInfoNceWork;
using bench::StyleFusionWork;

// A context, and what is done in it.
template <class Work>
struct Call {
  Context context;
  Work work;

  Call(int threads, Work made) : context({}, threads), work(std::move(made)) {}
  void run() {
    work.forward(context);
    work.backward(context);
  }
};

StyleFusionWork style_fusion_work(const SafetensorsFile& inputs) {
  const auto view = [&](const char* name) { return input(inputs, name).view(); };
  return StyleFusionWork({view("x"), view("mask"), view("external_mean"), view("external_sd"), view("gate"),
                          view("gamma_foreground"), view("beta_foreground"), view("gamma_background"),
                          view("beta_background"), view("dy")});
}

// Set mode: every positive of an image belongs to each of its anchors.
PatchInfoNceWork patch_infonce_work(const SafetensorsFile& inputs) {
  const auto view = [&](const char* name) { return input(inputs, name).view(); };
  return {{view("anchors"), view("positives"), view("negatives")}, view("dloss")};
}

}  // namespace

Contest style_fusion_contest(const SafetensorsFile& inputs, int threads) {
  const auto call = std::make_shared<Call<StyleFusionWork>>(threads, style_fusion_work(inputs));
  return {[call] { call->run(); },
          [call]() -> std::vector<NamedTensorView> {
            StyleFusionWork& work = call->work;
            return {{"y", work.y.view()},
                    {"dx", work.dx.view()},
                    {"dexternal_mean", work.dexternal_mean.view()},
                    {"dexternal_sd", work.dexternal_sd.view()},
                    {"dgate", work.dgate.view()},
                    {"dgamma_foreground", work.dgamma_foreground.view()},
                    {"dbeta_background", work.dbeta_background.view()}};
          }};
}

Contest patch_infonce_contest(const SafetensorsFile& inputs, int threads) {
  const auto call = std::make_shared<Call<PatchInfoNceWork>>(threads, patch_infonce_work(inputs));
  return {[call] { call->run(); },
          [call]() -> std::vector<NamedTensorView> {
            PatchInfoNceWork& work = call->work;
            return {{"loss", work.loss.view()},
                    {"danchors", work.danchors.view()},
                    {"dpositives", work.dpositives.view()},
                    {"dnegatives", work.dnegatives.view()}};
          }};
}

}  // namespace attune::peers
