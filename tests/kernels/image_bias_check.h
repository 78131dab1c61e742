// An image_bias problem in tensors of one dtype, and the comparison of the op on any device with the reference.
#pragma once

#include "core/context.h"
#include "kernels/image_bias/image_bias.h"
#include "tests/kernels/image_bias_cases.h"
#include "tests/reference/image_bias_reference.h"
#include "tests/support/op_checks.h"

namespace attune::test {

// Inputs drawn from the case and the seed; outputs poisoned, but for gradients that are added to or left alone.
struct ImageBiasProblem {
  TestTensor x, bias, y, dy, dx, dbias;

  // `dtype` stands for the case's own, so that the reference gets the same problem in f32 or f64.
  ImageBiasProblem(const ImageBiasCase& c, DType dtype, std::uint64_t seed, Device device = {})
      : x(c.map, dtype, c.offset, device),
        bias(c.bias(), statistics_dtype(dtype), c.offset, device),
        y(c.map, dtype, c.offset, device),
        dy(c.map, dtype, c.offset, device),
        dx(c.map, dtype, c.offset, device),
        dbias(c.bias(), statistics_dtype(dtype), c.offset, device) {
    const auto fill = [&](TestTensor& tensor, Values kind, DType stored, std::uint64_t stream) {
      tensor.set(rounded(make_values(kind, tensor.shape().elements(), seed + stream), stored));
    };
    fill(x, c.values, c.dtype, 0);
    fill(bias, Values::random, DType::f32, 1);
    fill(dy, c.values, c.dtype, 2);
    if (c.dx_mode != GradientMode::overwrite) fill(dx, Values::random, c.dtype, 3);
    if (c.dbias_mode != GradientMode::overwrite) fill(dbias, Values::random, DType::f32, 4);
  }

  image_bias::Forward forward() const { return {x.view(), bias.view(), y.view()}; }
  image_bias::Backward backward(GradientMode dx_mode, GradientMode dbias_mode) const {
    return {dy.view(), dx.view(), dx_mode, dbias.view(), dbias_mode};
  }
};

inline void check_image_bias(Context& context, const ImageBiasCase& c, std::uint64_t seed) {
  INFO("image_bias case " << c.name << " " << name_of(c.dtype) << ", seed " << seed);
  const ImageBiasProblem plain(c, DType::f32, seed), exact(c, DType::f64, seed);
  reference::image_bias::forward<float>(plain.forward());
  reference::image_bias::forward<double>(exact.forward());
  reference::image_bias::backward<float>(plain.backward(c.dx_mode, c.dbias_mode));
  reference::image_bias::backward<double>(exact.backward(c.dx_mode, c.dbias_mode));
  const ImageBiasProblem actual(c, c.dtype, seed, context.device());
  image_bias::forward(context, actual.forward());
  image_bias::backward(context, actual.backward(c.dx_mode, c.dbias_mode));
  check_close("y", actual.y, plain.y, exact.y);
  check_close("dx", actual.dx, plain.dx, exact.dx);
  check_close("dbias", actual.dbias, plain.dbias, exact.dbias);
}

}  // namespace attune::test
