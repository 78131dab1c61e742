// The Euclidean norm, written plainly.
#pragma once

#include <cmath>

#include "kernels/norm/norm.h"

namespace attune::reference::norm {

template <class T>
void forward(const attune::norm::Forward& a) {
  T sum = 0;
  for (std::int64_t i = 0; i < a.x.elements(); ++i) sum += a.x.as<T>()[i] * a.x.as<T>()[i];
  *a.norm.as<T>() = std::sqrt(sum);
}

}  // namespace attune::reference::norm
