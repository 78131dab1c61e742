// A reconstruction problem in tensors of one dtype, and the comparison of the op on any device with the
// reference.
#pragma once

#include "core/context.h"
#include "tests/kernels/reconstruction_cases.h"
#include "tests/reference/reconstruction_reference.h"
#include "tests/support/op_checks.h"

namespace attune::test {

// Inputs drawn from the case and the seed; outputs poisoned, but for a dprediction that is added to.
struct ReconstructionProblem {
  TestTensor prediction, target, mask, loss, per_image, area, dloss, dprediction;
  reconstruction::Options options;

  ReconstructionProblem(const ReconstructionCase& c, DType dtype, std::uint64_t seed, Device device = {})
      : prediction(picture(c), dtype, c.offset, device),
        target(picture(c), dtype, c.offset, device),
        mask({c.batch, c.height, c.width}, dtype, c.offset, device),
        loss({1}, dtype, c.offset, device),
        per_image({c.batch}, dtype, c.offset, device),
        area({c.batch}, dtype, c.offset, device),
        dloss({1}, dtype, c.offset, device),
        dprediction(picture(c), dtype, c.offset, device) {
    options.penalty = c.penalty;
    const std::int64_t elements = picture(c).elements();
    set(prediction, make_values(c.values, elements, seed));
    set(target, make_values(c.values, elements, seed + 1));
    set(mask, make_mask(c.mask, c.batch, c.height * c.width, seed + 2));
    set(dloss, {-1.75});
    if (c.mode == GradientMode::accumulate)
      set(dprediction, small(make_values(Values::random, elements, seed + 3), c));
  }

  static Shape picture(const ReconstructionCase& c) { return {c.batch, c.height, c.width, 3}; }

  reconstruction::Forward forward() const {
    return {prediction.view(), target.view(), mask.view(), loss.view(), per_image.view(), area.view()};
  }
  reconstruction::Backward backward(GradientMode mode) const {
    return {prediction.view(),  target.view(), per_image.view(), area.view(), dloss.view(),
            dprediction.view(), mode};
  }

 private:
  // Rounded to f32, so that every dtype sees the same numbers.
  static void set(TestTensor& to, const std::vector<double>& values) { to.set(rounded(values, DType::f32)); }
  // As small as the gradient that is added, so that an error in that does not drown.
  static std::vector<double> small(std::vector<double> values, const ReconstructionCase& c) {
    for (double& value : values) value /= static_cast<double>(c.batch * c.height * c.width);
    return values;
  }
};

inline void check_reconstruction(Context& context, const ReconstructionCase& c, std::uint64_t seed) {
  INFO("reconstruction case " << c.name << " " << name_of(c.penalty) << ", seed " << seed);
  const ReconstructionProblem actual(c, DType::f32, seed, context.device());
  const ReconstructionProblem plain(c, DType::f32, seed), exact(c, DType::f64, seed);

  reconstruction::forward(context, actual.forward(), actual.options);
  reference::reconstruction::forward<float>(plain.forward(), plain.options);
  reference::reconstruction::forward<double>(exact.forward(), exact.options);
  check_close("loss", actual.loss, plain.loss, exact.loss);
  check_close("per_image", actual.per_image, plain.per_image, exact.per_image);
  check_close("area", actual.area, plain.area, exact.area);

  reconstruction::backward(context, actual.backward(c.mode), actual.options);
  reference::reconstruction::backward<float>(plain.backward(c.mode), plain.options);
  reference::reconstruction::backward<double>(exact.backward(c.mode), exact.options);
  check_close("dprediction", actual.dprediction, plain.dprediction, exact.dprediction);
}

}  // namespace attune::test
