// Tensors: a dense block of elements with a shape, a dtype and a device.
//
// TensorView and ConstTensorView borrow memory (raw pointers are enough to call a kernel); Tensor owns it.
// The last extent is contiguous. Activations are NHWC.
#pragma once

#include <type_traits>

#include "core/device.h"
#include "core/dtype.h"
#include "core/shape.h"

namespace attune {

template <bool is_const>
struct BasicTensorView {
  using Pointer = std::conditional_t<is_const, const void*, void*>;

  Pointer data = nullptr;
  Shape shape;
  DType dtype = DType::f32;
  Device device;

  BasicTensorView() = default;
  BasicTensorView(Pointer data_, Shape shape_, DType dtype_, Device device_ = {})
      : data(data_), shape(shape_), dtype(dtype_), device(device_) {}
  // A view from a typed pointer knows its dtype.
  template <class T, class = std::enable_if_t<std::is_convertible_v<T*, Pointer> && !std::is_void_v<T>>>
  BasicTensorView(T* data_, Shape shape_, Device device_ = {})
      : data(data_), shape(shape_), dtype(dtype_of<std::remove_const_t<T>>), device(device_) {}
  // A mutable view converts to a const one.
  template <bool other, class = std::enable_if_t<is_const && !other>>
  BasicTensorView(const BasicTensorView<other>& view)  // NOLINT(google-explicit-constructor)
      : data(view.data), shape(view.shape), dtype(view.dtype), device(view.device) {}

  bool empty() const { return data == nullptr; }
  std::int64_t elements() const { return shape.elements(); }
  std::int64_t bytes() const { return checked_multiply(elements(), size_of(dtype)); }

  // The elements as T; throws where the dtype is another.
  template <class T>
  auto* as() const {
    using Element = std::conditional_t<is_const, const T, T>;
    require(dtype == dtype_of<T>, ErrorKind::internal, "tensor is ", name_of(dtype), ", read as ",
            name_of(dtype_of<T>));
    return static_cast<Element*>(data);
  }

  // Part `index` of `count` elements along the first axis, with that axis dropped.
  BasicTensorView slice(std::int64_t index) const {
    require(shape.rank() > 0 && index >= 0 && index < shape[0], ErrorKind::argument, "slice ", index, " of ",
            shape);
    BasicTensorView part = *this;
    part.shape = shape.rank() == 4   ? Shape{shape[1], shape[2], shape[3]}
                 : shape.rank() == 3 ? Shape{shape[1], shape[2]}
                 : shape.rank() == 2 ? Shape{shape[1]}
                                     : Shape{};
    using Byte = std::conditional_t<is_const, const char, char>;
    part.data = static_cast<Byte*>(data) + index * part.bytes();
    return part;
  }
  BasicTensorView reshaped(Shape other) const {
    require(other.elements() == elements(), ErrorKind::argument, "cannot reshape ", shape, " to ", other);
    BasicTensorView view = *this;
    view.shape = other;
    return view;
  }
};

using TensorView = BasicTensorView<false>;
using ConstTensorView = BasicTensorView<true>;

class Tensor {
 public:
  Tensor() = default;
  // Not initialized.
  Tensor(Shape shape, DType dtype, Device device = {}, const Allocator& allocator = {})
      : shape_(shape),
        dtype_(dtype),
        device_(device),
        memory_(allocate(device, checked_multiply(shape.elements(), size_of(dtype)), allocator)) {}

  static Tensor zeros(Shape shape, DType dtype, Device device = {}) {
    Tensor tensor(shape, dtype, device);
    fill_bytes(tensor.view().data, device, 0, tensor.view().bytes());
    return tensor;
  }

  bool empty() const { return memory_ == nullptr; }
  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  Device device() const { return device_; }
  TensorView view() { return {memory_.get(), shape_, dtype_, device_}; }
  ConstTensorView view() const { return {memory_.get(), shape_, dtype_, device_}; }
  template <class T>
  T* as() {
    return view().as<T>();
  }
  template <class T>
  const T* as() const {
    return view().as<T>();
  }

  // A copy on `device` (a blocking transfer).
  Tensor to(Device device) const {
    Tensor copy(shape_, dtype_, device);
    copy_bytes(copy.view().data, device, memory_.get(), device_, view().bytes());
    return copy;
  }

 private:
  Shape shape_;
  DType dtype_ = DType::f32;
  Device device_;
  DeviceMemory memory_{nullptr, DeviceMemoryDeleter{}};
};

}  // namespace attune
