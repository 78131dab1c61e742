// One launch as it runs: its threads, what they wait for, and what becomes of each of their accesses.
#pragma once

#include <array>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "fiber.h"
#include "memory.h"
#include "order.h"
#include "runtime.h"
#include "shadow.h"

// All dynamic shared memory, as core/cuda/reduce.cuh declares it. A launch uses its first bytes.
namespace attune::cuda {
extern thread_local unsigned char dynamic_shared_memory[227 << 10];
}

namespace cuda_on_host {

enum class Wait { none, barrier, collective, ended };

struct Thread {
  unsigned index = 0;
  Wait wait = Wait::none;
  const char* file = "";
  int line = 0;
  std::uint64_t received = 0;
  std::uint32_t barriers = 0;
  std::array<std::uint32_t, 32>
      clocks{};  // what it knows of its warp's lanes; its own entry counts its syncwarps

  std::string describe_wait() const;
  unsigned lane() const { return index % 32; }
  unsigned warp() const { return index / 32; }
};

// Lanes of one warp that meet: complete when all of `mask` have arrived.
struct Meeting {
  Collective kind;
  unsigned mask, arrived = 0;
  std::array<std::uint64_t, 32> values{};
  std::array<int, 32> sources{};
};

// Where an access lies, for a report.
struct Location {
  std::string object;
  const unsigned char* base;  // of what the shadow covers
  std::size_t object_offset;  // from there
  bool written;
};

class LaunchRun {
 public:
  explicit LaunchRun(const Launch& launch);
  void run();

  // Called from the running thread's fiber.
  void barrier(const char* file, int line);
  std::uint64_t meet(Collective kind, unsigned mask, std::uint64_t value, int source, const char* file,
                     int line);
  void observe(const void* address, std::size_t bytes, AccessKind kind, const Instruction& code);
  // Reports and ends the launch. Always false.
  bool fault(const std::string& what);
  // ", in KERNEL, block B, thread T"
  std::string place(const Thread& thread) const;
  std::string place() const { return place(*current_); }
  Thread& current() { return *current_; }
  bool in_kernel() const { return current_ != nullptr; }

 private:
  void run_block(std::uint32_t linear);
  void poison_shared();
  std::vector<unsigned> shuffled_runnable();
  void resume(unsigned index);
  bool release_barrier();
  std::string describe_divergence() const;
  std::string describe_missing_lane() const;
  std::string describe_operation(const Thread& thread, unsigned mask) const;
  void complete(const Meeting& meeting, unsigned warp);
  bool arrive(Collective kind, unsigned mask, std::uint64_t value, int source);
  bool note(const void* address, std::size_t bytes, AccessKind kind, const Instruction& code);
  bool fault_of(const Conflict& conflict, const Access& access, const Location& location);
  // Leaves the running fiber where it stands, for ever: callers own nothing on its stack.
  void stop_here() { current_fiber().yield(true); }
  Fiber& current_fiber() { return *fiber_; }
  const Symbol* shared_object(std::size_t offset, std::size_t bytes) const;

  const Launch& launch_;
  const Symbols& symbols_ = Symbols::of_executable();
  const std::string name_ = symbols_.function_at(reinterpret_cast<std::uintptr_t>(launch_.kernel));
  const Symbols::Segment segment_ = Symbols::thread_local_segment();
  Shadow shared_shadow_{Shadow::Scope::shared, segment_.size};
  std::mt19937_64 random_;
  const std::vector<BlockRange> unordered_ = unordered_blocks();
  const std::uint32_t first_block_ = claim_blocks(launch_.grid.x * launch_.grid.y * launch_.grid.z, name_);
  std::uint32_t first_unordered_block_ = first_block_, block_ = 0;
  std::vector<Thread> threads_;
  std::vector<std::vector<Meeting>> meetings_;  // by warp
  Thread* current_ = nullptr;
  Fiber* fiber_ = nullptr;  // the current thread's
  bool stopped_ = false;
  DeviceAllocation* last_allocation_ = nullptr;
};

// What outlives a launch.
struct Machine {
  std::deque<Fiber> fibers;
  std::uint64_t launches = 0;  // each has its own order
  LaunchRun* running = nullptr;
};

Machine& machine();

}  // namespace cuda_on_host
