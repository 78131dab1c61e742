// The inputs under one output of an area average: all but the first and the last lie under it whole.
#pragma once

#include "kernels/resample/axis_run.h"

namespace attune::resample {

struct AreaBox {
  std::int64_t begin, end;
  float first, inner, last;  // weights, which add up to 1

  ATTUNE_HOST_DEVICE AreaBox(const Axis& axis, std::int64_t output) {
    const Run run = inputs_of(Method::area, axis, output);
    begin = run.begin;
    end = run.end;
    first = weight_of(Method::area, axis, output, begin);
    inner = static_cast<float>(static_cast<double>(axis.outputs) * axis.share_of_input);
    last = weight_of(Method::area, axis, output, end - 1);
  }

  ATTUNE_HOST_DEVICE float weight(std::int64_t input) const {
    return input == begin ? first : input == end - 1 ? last : inner;
  }
};

}  // namespace attune::resample
