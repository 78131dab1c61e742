// Work that takes a CPU to its limits, for measuring them in the run that is judged by them. What is called returns the
// bytes, or the flops, that it took.
#pragma once

#include "core/tensor.h"
#include "tools/machine/limits.h"

namespace attune::tools {

// Two arrays of 4 times the last-level cache.
class StreamProbe {
 public:
  explicit StreamProbe(int threads);

  double read();
  double copy();  // with non-temporal stores; read and written bytes together

 private:
  int threads_;
  Tensor from_, to_;
};

// Multiplies f32, or with dot-product instructions bf16.
double multiply_add(int threads, DType dtype);
bool has_bf16_dot_products();

// The best of several tries with so many threads; memory's limit is the faster of reading and copying. Takes seconds where
// the cache is large.
MachineLimits measure_cpu(int threads);

}  // namespace attune::tools
