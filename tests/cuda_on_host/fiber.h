// Fibers: stacks with a guard page, and switches that AddressSanitizer knows of.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>

namespace cuda_on_host {

// A context with its own stack. Boost's switch itself is used, not boost::context::fiber: a fiber that has committed a
// fault must be dropped where it stands, without unwinding frames that cannot be unwound.
class Fiber {
 public:
  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Prepares to run body(argument) from the start at the next resume; what ran before is dropped.
  void start(void (*body)(void*), void* argument);
  // From the scheduler: runs the fiber until it yields or ends.
  void resume();
  // From within the fiber: back to the scheduler. With `last`, for ever.
  void yield(bool last = false);

  bool owns(const void* address) const { return address >= stack_ && address < stack_ + stack_bytes; }

 private:
  static constexpr std::size_t stack_bytes = 64 << 10;

  static void enter(boost::context::detail::transfer_t from);

  char* stack_;
  boost::context::detail::fcontext_t context_ = nullptr, scheduler_ = nullptr;
  void (*body_)(void*) = nullptr;
  void* argument_ = nullptr;
  // AddressSanitizer's view of the two stacks.
  void *own_fake_stack_ = nullptr, *scheduler_fake_stack_ = nullptr;
  const void* scheduler_stack_ = nullptr;
  std::size_t scheduler_stack_bytes_ = 0;
};

}  // namespace cuda_on_host
