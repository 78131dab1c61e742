// A band of a convolution's output rows as a convolution of its own: a long one runs band by band, and its caller can be asked
// between them. Private to this folder.
#pragma once

#include <algorithm>

#include "kernels/convolution/problem.h"

namespace attune::convolution {

struct Band {
  // The rows [begin, end) of y, from those of x that they read: at least one, where no window lies on the padding alone.
  Band(const Problem& whole, std::int64_t begin, std::int64_t end) : problem(whole), first_output(begin) {
    const std::int64_t first = begin * whole.stride - whole.padding_top;
    const std::int64_t last =
        (end - 1) * whole.stride - whole.padding_top + whole.dilation * (whole.kernel_height - 1);
    const std::int64_t last_input = std::min(last, whole.height - 1);
    first_input = std::max<std::int64_t>(first, 0);
    problem.height = last_input + 1 - first_input;
    problem.output_height = end - begin;
    problem.padding_top = first_input - first;
    problem.padding_bottom = last - last_input;
  }

  Problem problem;
  std::int64_t first_input, first_output;  // rows
};

}  // namespace attune::convolution
