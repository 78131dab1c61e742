// Turns a CUDA runtime status into an attune::Error. Included by CUDA code only.
#pragma once

#include <cuda_runtime.h>

#include "core/error.h"

namespace attune {

inline void cuda_check(cudaError_t status, const char* what) {
  require(status == cudaSuccess, ErrorKind::device, what, ": ", cudaGetErrorString(status));
}

}  // namespace attune
