// Copies that run beside other work, and events that order it. On the CPU, where a context's work is done when the call
// returns, a copy is a copy and an event is nothing.
#pragma once

#include "core/context.h"

namespace attune {

// Host memory that `device` copies from and to without a detour: page-locked for CUDA. The bytes are not initialized.
class HostBuffer {
 public:
  HostBuffer() = default;
  HostBuffer(Shape shape, DType dtype, Device device);

  TensorView view() const { return {memory_.get(), shape_, dtype_}; }

 private:
  struct Deleter {
    bool page_locked;
    void operator()(void* data) const noexcept;
  };
  Shape shape_;
  DType dtype_ = DType::f32;
  std::unique_ptr<void, Deleter> memory_{nullptr, Deleter{false}};
};

// Enqueues a copy between equal shapes on the context's stream. A host side is a HostBuffer's memory; it may be read, or
// changed, when an event that was recorded after the copy has been waited for.
void copy_async(Context& context, const TensorView& target, const ConstTensorView& source);

// A point in a context's work.
class Event {
 public:
  explicit Event(Device device);

  // What the context has enqueued until now.
  void record(const Context& context);
  // What the context enqueues from now on waits for what was recorded last.
  void hold_back(const Context& context) const;
  // Waits on the host. Throws ErrorKind::device where a kernel before it failed.
  void synchronize() const;

 private:
  struct Deleter {
    void operator()(void* event) const noexcept;
  };
  std::unique_ptr<void, Deleter> event_;  // a cudaEvent_t; null on the CPU
};

}  // namespace attune
