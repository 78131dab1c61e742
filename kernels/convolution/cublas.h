// Products of matrices on cuBLAS: what a 1 x 1 convolution comes down to. Private to this folder.
#pragma once

#include <compare>

#include "core/context.h"
#include "kernels/activation.h"

namespace attune::convolution::cublas {

// What cuBLAS recommends for Hopper.
inline constexpr std::int64_t scratch_bytes = std::int64_t{32} << 20;

// c [rows x columns] = op(a) [rows x depth] op(b) [depth x columns], column by column as cuBLAS has it: a row-major
// array is its own transpose. Sums are f32.
struct Product {
  std::int64_t rows, columns, depth;
  bool transposes_a, transposes_b;
  DType dtype;  // f32 or bf16, of all three
  // Adds a bias [rows] and applies relu or nothing behind it; f32 only, for a bf16 product wants a bf16 bias.
  bool adds_bias;
  Activation activation;

  auto operator<=>(const Product&) const = default;
};

void multiply(Context& context, const Product& product, const void* a, const void* b, const float* bias,
              void* c, void* scratch);

}  // namespace attune::convolution::cublas
