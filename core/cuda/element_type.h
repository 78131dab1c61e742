// The element types that kernels are compiled for.
#pragma once

#include "core/dtype.h"
#include "core/error.h"

namespace attune::cuda {

// Calls body with a zero of the type of `dtype`'s elements, f32 or bf16:
//     with_element_type("norm", x.dtype, [&](auto zero) { forward_in<decltype(zero)>(context, a); });
// Throws ErrorKind::unsupported for other types, with the op's name.
template <class Body>
void with_element_type(const char* op, DType dtype, const Body& body) {
  switch (dtype) {
    case DType::f32:
      return body(float());
    case DType::bf16:
      return body(bfloat16());
    default:
      fail(ErrorKind::unsupported, op, ": no CUDA kernel for ", name_of(dtype));
  }
}

// For kernels that only f32 has.
inline void require_f32(const char* op, DType dtype) {
  require(dtype == DType::f32, ErrorKind::unsupported, op, ": no CUDA kernel for ", name_of(dtype));
}

}  // namespace attune::cuda
