// What a row looks like: the op is the colour, the direction the shape, and bf16 is hollow.
#pragma once

#include <string>

#include "benchmarks/roofline/geometry.h"

namespace attune::bench {

// An op's own, in whatever run; grey for what is none.
std::string op_color(const std::string& op);

struct Mark {
  std::string color, direction, dtype;

  // The element; `title` shows where the pointer rests on it.
  std::string svg_at(Point center, const std::string& title = "") const;
};

}  // namespace attune::bench
