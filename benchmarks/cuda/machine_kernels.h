// Kernels that use one of a GPU's limits to the full. Each writes where `sink` points so that its work is done.
#pragma once

#include <cstdint>

#include "core/context.h"

namespace attune::bench {

// `count` is a multiple of 4, the pointers are aligned to 16 bytes.
void stream_read(Context& context, const float* from, std::int64_t count, float* sink);
void stream_copy(Context& context, const float* from, float* to, std::int64_t count);

// Multiply-adds in registers; both return the number of flops. The bf16 ones are the tensor cores', by the instruction that
// attune's own kernels use (mma.sync); cuBLAS and cuDNN have a faster one on Hopper.
double multiply_add_f32(Context& context, int repeats, float* sink);
double multiply_add_bf16(Context& context, int repeats, float* sink);

}  // namespace attune::bench
