// Devices, and the memory on them. Every allocation is 64-byte aligned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>

namespace attune {

enum class DeviceKind : std::uint8_t { cpu, cuda };

struct Device {
  DeviceKind kind = DeviceKind::cpu;
  int index = 0;

  friend bool operator==(Device a, Device b) { return a.kind == b.kind && a.index == b.index; }
  friend bool operator!=(Device a, Device b) { return !(a == b); }
};
std::ostream& operator<<(std::ostream& out, Device device);

// True where the CUDA backend was compiled in (by nvcc, or by the host compiler against tests/cuda_on_host).
// A discarded `if constexpr (built_with_cuda)` needs no CUDA symbol at link time.
#ifdef ATTUNE_WITH_CUDA
inline constexpr bool built_with_cuda = true;
#else
inline constexpr bool built_with_cuda = false;
#endif

// The same of the core that is linked, for code that both kinds of build share.
bool has_cuda_backend() noexcept;

// The number of usable CUDA devices: 0 without the backend, a driver or a GPU. Never throws.
int cuda_device_count() noexcept;

// Makes a CUDA device the thread's current one in its scope; the one before comes back. Of the CPU, or a device that is not
// there, it does nothing. Contexts are made and used with their device current.
class CurrentDevice {
 public:
  explicit CurrentDevice(Device device);
  ~CurrentDevice();
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int previous_ = -1;  // where it is to come back
};

// Whether `data` lies in a CUDA device's own memory, or in managed memory.
bool is_reachable(Device device, const void* data);

// Where CPU memory comes from in the C library's place: an embedding program's functions, called on any thread. `allocate`
// returns null where there is none; it is asked for whole cache lines, one at least. It must outlive what it gave.
struct Allocator {
  void* (*allocate)(void* user, std::size_t bytes, std::size_t alignment) = nullptr;
  void (*release)(void* user, void* data, std::size_t bytes) = nullptr;
  void* user = nullptr;
};

struct DeviceMemoryDeleter {
  Device device;
  Allocator allocator;  // with its functions, where it gave the memory
  std::size_t bytes = 0;
  void operator()(void* data) const noexcept;
};
using DeviceMemory = std::unique_ptr<void, DeviceMemoryDeleter>;

// Throws ErrorKind::out_of_memory (how much was asked and, on CUDA, how much was free) or unsupported.
// The bytes are not initialized. Without its functions `allocator` is the C library's.
DeviceMemory allocate(Device device, std::int64_t bytes, const Allocator& allocator = {});

// Synchronous copy and fill between any two devices, after all earlier work on every stream and before all later work
// (a plain cudaMemcpy orders neither with a context's stream); for setting up and tests, not for the training step.
void copy_bytes(void* target, Device target_device, const void* source, Device source_device,
                std::int64_t bytes);
void fill_bytes(void* target, Device device, unsigned char value, std::int64_t bytes);

}  // namespace attune
