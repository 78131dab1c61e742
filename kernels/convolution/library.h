// The products that the CUDA body takes from a library: cuDNN's (cudnn_cuda.cpp), or cuBLAS's where a convolution is a
// product of matrices (cublas_cuda.cpp). On the host's CUDA runtime a stand-in computes them
// (tests/cuda_on_host/convolution_library.cpp). Private to this folder.
//
// Arrays are dense, NHWC and OHWI, in problem.dtype, and on the context's device; every output is overwritten. Calls are
// enqueued on the context's stream and neither allocate nor synchronize, but for the first of a problem, which chooses
// an algorithm: a deterministic one, kept in the context. `scratch` holds scratch_bytes(problem), aligned as said below.
#pragma once

#include "core/scratch.h"
#include "kernels/convolution/problem.h"

namespace attune::convolution::library {

// cuBLAS refuses every algorithm on less.
inline constexpr std::uintptr_t scratch_alignment = Scratch::alignment;
std::int64_t scratch_bytes(const Problem& problem);

// y = weights * x, and where it returns true act( .. + bias) of it: not every product has a fused one.
bool forward(Context& context, const Problem& problem, const void* x, const void* weights, const float* bias,
             void* y, void* scratch);
void data_gradient(Context& context, const Problem& problem, const void* dz, const void* weights, void* dx,
                   void* scratch);
void weights_gradient(Context& context, const Problem& problem, const void* x, const void* dz, void* dweights,
                      void* scratch);

}  // namespace attune::convolution::library
