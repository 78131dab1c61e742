// Argument checks at an op's border: one line per tensor, with a message that names op, argument and both
// values.
#pragma once

#include "core/context.h"
#include "core/tensor.h"

namespace attune {

// Throws ErrorKind::argument unless `view` has this shape and dtype, lies on the context's device, is aligned
// to its element, and is not null where it has elements.
inline void check_tensor(const char* op, const char* name, const Context& context, ConstTensorView view,
                         const Shape& shape, DType dtype) {
  require(view.shape == shape, ErrorKind::argument, op, ": ", name, " is ", view.shape, ", expected ", shape);
  require(view.dtype == dtype, ErrorKind::argument, op, ": ", name, " is ", name_of(view.dtype),
          ", expected ", name_of(dtype));
  require(view.device == context.device(), ErrorKind::argument, op, ": ", name, " is on ", view.device,
          ", the context on ", context.device());
  require(view.data != nullptr || view.elements() == 0, ErrorKind::argument, op, ": ", name, " is null");
  require(reinterpret_cast<std::uintptr_t>(view.data) % static_cast<std::uintptr_t>(size_of(dtype)) == 0,
          ErrorKind::argument, op, ": ", name, " is not aligned to its ", name_of(dtype), " elements");
}

// Throws unless `view` is an activation (f32, bf16; f64 in the reference) of rank `rank`.
inline void check_activation(const char* op, const char* name, const Context& context, ConstTensorView view,
                             int rank = 4) {
  require(is_activation(view.dtype), ErrorKind::argument, op, ": ", name, " is ", name_of(view.dtype),
          ", expected f32 or bf16");
  require(view.shape.rank() == rank, ErrorKind::argument, op, ": ", name, " is ", view.shape,
          ", expected rank ", rank);
  check_tensor(op, name, context, view, view.shape, view.dtype);
}

}  // namespace attune
