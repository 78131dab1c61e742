// A upsample_concat problem in tensors of one dtype, and the comparison of the op on any device with the reference.
#pragma once

#include "core/context.h"
#include "kernels/upsample_concat/upsample_concat.h"
#include "tests/kernels/upsample_concat_cases.h"
#include "tests/reference/upsample_concat_reference.h"
#include "tests/support/op_checks.h"

namespace attune::test {

// Inputs drawn from the case and the seed; outputs poisoned, but for gradients that are added to.
struct UpsampleConcatProblem {
  TestTensor x, skip, y, dy, dx, dskip;

  // `dtype` stands for the case's own, so that the reference gets the same problem in f32 or f64.
  UpsampleConcatProblem(const UpsampleConcatCase& c, DType dtype, std::uint64_t seed, Device device = {})
      : x(c.x, dtype, c.offset, device),
        skip(c.skip(), dtype, c.offset, device),
        y(c.y(), dtype, c.offset, device),
        dy(c.y(), dtype, c.offset, device),
        dx(c.x, dtype, c.offset, device),
        dskip(c.skip(), dtype, c.offset, device) {
    const auto fill = [&](TestTensor& tensor, Values kind, std::uint64_t stream) {
      tensor.set(rounded(make_values(kind, tensor.shape().elements(), seed + stream), c.dtype));
    };
    fill(x, c.values, 0);
    fill(skip, c.values, 1);
    fill(dy, Values::random, 2);
    if (c.dx_mode != GradientMode::overwrite) fill(dx, Values::random, 3);
    if (c.dskip_mode != GradientMode::overwrite) fill(dskip, Values::random, 4);
  }

  upsample_concat::Forward forward() const { return {x.view(), skip.view(), y.view()}; }
  upsample_concat::Backward backward(GradientMode dx_mode, GradientMode dskip_mode) const {
    return {dy.view(), dx.view(), dx_mode, dskip.view(), dskip_mode};
  }
};

inline void check_upsample_concat(Context& context, const UpsampleConcatCase& c, std::uint64_t seed) {
  INFO("upsample_concat case " << c.name << " " << name_of(c.dtype) << ", seed " << seed);
  const UpsampleConcatProblem plain(c, DType::f32, seed), exact(c, DType::f64, seed);
  reference::upsample_concat::forward<float>(plain.forward());
  reference::upsample_concat::forward<double>(exact.forward());
  reference::upsample_concat::backward<float>(plain.backward(c.dx_mode, c.dskip_mode));
  reference::upsample_concat::backward<double>(exact.backward(c.dx_mode, c.dskip_mode));
  const UpsampleConcatProblem actual(c, c.dtype, seed, context.device());
  upsample_concat::forward(context, actual.forward());
  upsample_concat::backward(context, actual.backward(c.dx_mode, c.dskip_mode));
  check_close("y", actual.y, plain.y, exact.y);
  check_close("dx", actual.dx, plain.dx, exact.dx);
  check_close("dskip", actual.dskip, plain.dskip, exact.dskip);
}

}  // namespace attune::test
