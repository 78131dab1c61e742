// Context: what a kernel runs with. One thread uses a Context at a time; contexts share nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <typeindex>
#include <unordered_map>

#include "core/tensor.h"

namespace attune {

class Context {
 public:
  // threads = 0 takes all cores. `stream` is a cudaStream_t of the device that outlives the context, null for one of its
  // own. Throws ErrorKind::unsupported where the device is not there.
  explicit Context(Device device = {}, int threads = 0, const Allocator& allocator = {},
                   void* stream = nullptr);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Device device() const { return device_; }
  int threads() const { return threads_; }
  // Of the CPU memory that is made for this context: its workspace, a planned graph's arena.
  const Allocator& allocator() const { return allocator_; }
  // The stream that kernels are launched on (a cudaStream_t); null on the CPU.
  void* stream() const { return stream_; }
  // Whether what is enqueued on the stream enters a graph. Nothing may be allocated or waited for meanwhile.
  bool is_captured() const;
  // Waits for the stream. A failure of a kernel that ran on it surfaces here, as ErrorKind::device.
  void synchronize() const;

  // Scratch memory of at least `bytes` on the device, valid until the next call; it grows where it is too
  // small, so that an op can be called alone. A planned graph reserves the maximum beforehand: then nothing
  // is allocated here.
  void* workspace(std::int64_t bytes);

  // The one T of this context, made on first use: caches of oneDNN primitives, cuDNN handles. T is default
  // constructible and known to its op alone, so that core needs no library header.
  template <class T>
  T& attachment() {
    std::shared_ptr<void>& slot = attachments_[std::type_index(typeid(T))];
    if (!slot) slot = std::make_shared<T>();
    return *static_cast<T*>(slot.get());
  }

 private:
  Device device_;
  int threads_;
  Allocator allocator_;
  void* stream_ = nullptr;
  bool owns_stream_ = false;
  DeviceMemory workspace_{nullptr, DeviceMemoryDeleter{}};
  std::int64_t workspace_bytes_ = 0;
  std::unordered_map<std::type_index, std::shared_ptr<void>> attachments_;
};

// Sets every byte of the view to 0, in the order of the context's stream.
void set_zero(Context& context, const TensorView& view);

}  // namespace attune
