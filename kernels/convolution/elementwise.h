// The passes that surround oneDNN's products on the CPU, over flat f32 or bf16 arrays. Private to this folder.
#pragma once

#include "core/tensor.h"

namespace attune::convolution::elementwise {

// dz = dy where y > 0, slope dy elsewhere; dz in y's dtype or in f32.
void activation_gradient(int threads, ConstTensorView y, ConstTensorView dy, float slope, TensorView dz);

// to = from, rounded to nearest even where `to` is narrower.
void convert(int threads, ConstTensorView from, TensorView to);

// to += from
void add(int threads, ConstTensorView from, TensorView to);

}  // namespace attune::convolution::elementwise
