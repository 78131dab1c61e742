// Runs a launch: block after block in a shuffled order, a block's threads as fibers that switch at barriers only.
#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <optional>
#include <random>
#include <sstream>
#include <vector>

#include "fiber.h"
#include "memory.h"
#include "runtime.h"
#include "shadow.h"

// All dynamic shared memory, as core/cuda/reduce.cuh declares it. A launch uses its first bytes.
namespace attune::cuda {
alignas(128) thread_local unsigned char dynamic_shared_memory[227 << 10];
}

namespace cuda_on_host {

Registers registers;

namespace {

constexpr const char* dynamic_shared_name = "attune::cuda::dynamic_shared_memory";
constexpr unsigned char shared_poison = 0xff;  // NaN

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

class LaunchRun {
 public:
  explicit LaunchRun(const Launch& launch);
  void run();

  // Called from the running thread's fiber.
  void barrier(const char* file, int line);
  std::uint64_t meet(Collective kind, unsigned mask, std::uint64_t value, int source, const char* file,
                     int line);
  void observe(const void* address, std::size_t bytes, AccessKind kind, bool atomic, const void* code);
  // Reports and ends the launch. Always false.
  bool fault(const std::string& what);
  Thread& current() { return *current_; }
  bool in_kernel() const { return current_ != nullptr; }

 private:
  void run_block(std::uint32_t linear);
  void poison_shared();
  std::vector<unsigned> shuffled_runnable();
  void resume(unsigned index);
  bool release_barrier();
  void complete(const Meeting& meeting, unsigned warp);
  bool arrive(Collective kind, unsigned mask, std::uint64_t value, int source);
  bool note(const void* address, std::size_t bytes, AccessKind kind, bool atomic, const void* code);
  bool fault_of(const Conflict& conflict, const Access& access, const std::string& where, std::size_t base,
                const char* verb);
  // Leaves the running fiber where it stands, for ever: callers own nothing on its stack.
  void stop_here() { current_fiber().yield(true); }
  Fiber& current_fiber();
  std::string place() const;
  const Symbol* shared_object(std::size_t offset, std::size_t bytes) const;

  const Launch& launch_;
  const Symbols& symbols_ = Symbols::of_executable();
  const std::string name_ = symbols_.function_at(reinterpret_cast<std::uintptr_t>(launch_.kernel));
  const Symbols::Segment segment_ = Symbols::thread_local_segment();
  Shadow shared_shadow_{Shadow::Scope::shared, segment_.size};
  std::mt19937_64 random_;
  std::uint32_t first_block_ = 0, block_ = 0;
  std::vector<Thread> threads_;
  std::vector<std::vector<Meeting>> meetings_;  // by warp
  Thread* current_ = nullptr;
  bool stopped_ = false;
  DeviceAllocation* last_allocation_ = nullptr;
};

// What outlives a launch.
struct Machine {
  std::deque<Fiber> fibers;
  std::uint32_t blocks = 0;    // started in this process, numbered from 1
  std::uint64_t launches = 0;  // each has its own order
  LaunchRun* running = nullptr;
};

Machine& machine() {
  static Machine instance;
  return instance;
}

Fiber& LaunchRun::current_fiber() { return machine().fibers[current_->index]; }

std::string short_name(const Symbol& symbol) {
  const std::size_t colons = symbol.name.rfind("::");
  return colons == std::string::npos ? symbol.name : symbol.name.substr(colons + 2);
}

LaunchRun::LaunchRun(const Launch& launch)
    : launch_(launch), random_(schedule_seed() * 1000003 + machine().launches++) {}

void LaunchRun::run() {
  const std::uint32_t count = launch_.grid.x * launch_.grid.y * launch_.grid.z;
  const unsigned threads = launch_.block.x * launch_.block.y * launch_.block.z;
  while (machine().fibers.size() < threads) machine().fibers.emplace_back();
  registers.block_size = launch_.block;
  registers.grid_size = launch_.grid;
  threads_.resize(threads);
  first_block_ = machine().blocks + 1;
  machine().blocks += count;
  std::vector<std::uint32_t> order(count);
  for (std::uint32_t i = 0; i < count; ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), random_);
  for (std::uint32_t block : order)
    if (!stopped_) run_block(block);
}

// Every block-scope thread-local object of the executable is a __shared__ one.
void LaunchRun::poison_shared() {
  for (const Symbol& object : symbols_.thread_local_objects())
    if (object.block_scope) std::fill_n(segment_.begin + object.begin, object.size, shared_poison);
  std::fill_n(attune::cuda::dynamic_shared_memory, launch_.dynamic_shared_bytes, shared_poison);
}

void LaunchRun::run_block(std::uint32_t linear) {
  block_ = first_block_ + linear;
  const dim3 grid = launch_.grid;
  registers.block_index = {linear % grid.x, linear / grid.x % grid.y, linear / grid.x / grid.y};
  poison_shared();
  meetings_.assign((threads_.size() + 31) / 32, {});
  for (unsigned i = 0; i < threads_.size(); ++i) {
    threads_[i] = Thread{};
    threads_[i].index = i;
    threads_[i].clocks[i % 32] = 1;
    machine().fibers[i].start(
        [](void* run) {
          auto& self = *static_cast<LaunchRun*>(run);
          self.launch_.arguments.call(self.launch_.kernel, self.launch_.arguments.values.get());
          self.current().wait = Wait::ended;
        },
        this);
  }
  for (;;) {
    const std::vector<unsigned> runnable = shuffled_runnable();
    if (runnable.empty() && !release_barrier()) return;
    for (unsigned index : runnable) {
      resume(index);
      if (stopped_) return;
    }
  }
}

// In half of the rounds warps stay together, as they mostly do on a GPU; in the others any thread may be next.
std::vector<unsigned> LaunchRun::shuffled_runnable() {
  std::vector<unsigned> order;
  for (const Thread& thread : threads_)
    if (thread.wait == Wait::none) order.push_back(thread.index);
  std::shuffle(order.begin(), order.end(), random_);
  if (random_() % 2 == 0) {
    std::vector<std::uint64_t> rank(meetings_.size());
    for (std::uint64_t& r : rank) r = random_();
    std::stable_sort(order.begin(), order.end(),
                     [&](unsigned a, unsigned b) { return rank[a / 32] < rank[b / 32]; });
  }
  return order;
}

void LaunchRun::resume(unsigned index) {
  Thread& thread = threads_[index];
  const dim3 block = launch_.block;
  registers.thread_index = {index % block.x, index / block.x % block.y, index / block.x / block.y};
  current_ = &thread;
  machine().fibers[index].resume();
  current_ = nullptr;
}

// No thread can run: all have ended (false), all wait at one barrier (they go on), or the kernel is wrong.
bool LaunchRun::release_barrier() {
  const Thread& first = threads_.front();
  bool all_ended = true, all_here = true;
  for (const Thread& thread : threads_) {
    all_ended &= thread.wait == Wait::ended;
    all_here &=
        thread.wait == Wait::barrier && thread.line == first.line && std::string(thread.file) == first.file;
  }
  if (all_ended) return false;
  if (all_here) {
    for (Thread& thread : threads_) {
      thread.wait = Wait::none;
      ++thread.barriers;
    }
    return true;
  }
  std::ostringstream text;
  text << "divergent barrier in " << name_ << ", block " << block_ - first_block_ << ":";
  std::vector<std::string> seen;
  for (const Thread& thread : threads_) {
    const std::string where = thread.wait == Wait::ended ? "has ended"
                                                         : "waits at " + std::string(thread.file) + ":" +
                                                               std::to_string(thread.line);
    if (std::find(seen.begin(), seen.end(), where) != seen.end()) continue;
    seen.push_back(where);
    text << (seen.size() > 1 ? ", " : " ") << "thread " << thread.index << " " << where;
  }
  stopped_ = true;
  report_fault(text.str());
  return false;
}

void LaunchRun::barrier(const char* file, int line) {
  Thread& thread = *current_;
  thread.file = file;
  thread.line = line;
  thread.wait = Wait::barrier;
  current_fiber().yield();
}

std::uint64_t LaunchRun::meet(Collective kind, unsigned mask, std::uint64_t value, int source,
                              const char* file, int line) {
  Thread& thread = *current_;
  thread.file = file;
  thread.line = line;
  if (!arrive(kind, mask, value, source)) stop_here();
  if (thread.wait == Wait::collective) current_fiber().yield();
  return thread.received;
}

bool LaunchRun::arrive(Collective kind, unsigned mask, std::uint64_t value, int source) {
  Thread& thread = *current_;
  const unsigned self = 1u << thread.lane();
  if (!(mask & self)) return fault("a lane that the mask of its own warp operation leaves out" + place());
  if (kind == Collective::shuffle && !(mask >> source & 1u))
    return fault("a shuffle from lane " + std::to_string(source) + ", which the mask leaves out" + place());
  std::vector<Meeting>& open = meetings_[thread.warp()];
  auto meeting = std::find_if(open.begin(), open.end(), [&](const Meeting& m) { return m.mask & mask; });
  if (meeting == open.end()) meeting = open.insert(open.end(), Meeting{kind, mask});
  if (meeting->kind != kind || meeting->mask != mask)
    return fault("lanes of one warp meet in different operations or with different masks" + place());
  meeting->arrived |= self;
  meeting->values[thread.lane()] = value;
  meeting->sources[thread.lane()] = source;
  thread.wait = Wait::collective;
  if (meeting->arrived == mask) {
    const Meeting all = *meeting;
    open.erase(meeting);
    complete(all, thread.warp());
  }
  return true;
}

// Of the warp operations __syncwarp alone orders memory: its lanes then know what each of them knew.
void LaunchRun::complete(const Meeting& meeting, unsigned warp) {
  std::uint64_t ballot = 0;
  std::array<std::uint32_t, 32> known{};
  const auto each = [&](auto visit) {
    for (unsigned lane = 0; lane < 32; ++lane)
      if (meeting.mask >> lane & 1u) visit(threads_[warp * 32 + lane], lane);
  };
  each([&](const Thread& thread, unsigned lane) {
    ballot |= (meeting.values[lane] & 1u) << lane;
    for (std::size_t i = 0; i < 32; ++i) known[i] = std::max(known[i], thread.clocks[i]);
  });
  each([&](Thread& thread, unsigned lane) {
    thread.wait = Wait::none;
    thread.received = meeting.kind == Collective::shuffle
                          ? meeting.values[static_cast<unsigned>(meeting.sources[lane])]
                          : ballot;
    if (meeting.kind != Collective::syncwarp) return;
    thread.clocks = known;
    ++thread.clocks[lane];
  });
}

bool LaunchRun::fault(const std::string& what) {
  report_fault(what);
  stopped_ = true;
  return false;
}

std::string LaunchRun::place() const {
  return ", in " + name_ + ", block " + std::to_string(block_ - first_block_) + ", thread " +
         std::to_string(current_->index);
}

const Symbol* LaunchRun::shared_object(std::size_t offset, std::size_t bytes) const {
  const std::vector<Symbol>& objects = symbols_.thread_local_objects();
  const auto after = std::upper_bound(objects.begin(), objects.end(), offset,
                                      [](std::size_t o, const Symbol& symbol) { return o < symbol.begin; });
  if (after == objects.begin()) return nullptr;
  const Symbol& object = *std::prev(after);
  const bool dynamic = object.name == dynamic_shared_name;
  const std::size_t size = dynamic ? launch_.dynamic_shared_bytes : object.size;
  return (dynamic || object.block_scope) && offset + bytes <= object.begin + size ? &object : nullptr;
}

bool LaunchRun::fault_of(const Conflict& conflict, const Access& access, const std::string& where,
                         std::size_t base, const char* verb) {
  std::ostringstream text;
  const bool race = conflict.kind == Conflict::Kind::race;
  text << (race ? "race on " : "read of unwritten ") << where << " + " << conflict.offset - base << " bytes"
       << place() << " " << verb << " it";
  if (race) {
    text << ", and block " << conflict.other.block - first_block_ << ", thread " << conflict.other.thread
         << (conflict.other_wrote ? " wrote" : " read") << " it without a barrier between ("
         << symbols_.describe_code(conflict.other.code) << ")";
  }
  text << " (" << symbols_.describe_code(access.code) << ")";
  return fault(text.str());
}

void LaunchRun::observe(const void* address, std::size_t bytes, AccessKind kind, bool atomic,
                        const void* code) {
  const bool stopped_by_undefined_behaviour = stopped_;
  if (stopped_by_undefined_behaviour || !note(address, bytes, kind, atomic, code)) stop_here();
}

// False where the access is a fault, which is then reported.
bool LaunchRun::note(const void* address, std::size_t bytes, AccessKind kind, bool atomic, const void* code) {
  const Thread& thread = *current_;
  if (current_fiber().owns(address)) return true;
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  const bool writes = kind == AccessKind::write;
  const char* verb = writes ? "writes" : "reads";

  Access access;
  access.block = block_;
  access.barriers = thread.barriers;
  access.warp_clock = thread.clocks[thread.lane()];
  access.code = symbols_.code_offset(code);
  access.thread = static_cast<std::uint16_t>(thread.index);
  access.atomic = atomic;
  const Order order{first_block_, thread.clocks.data()};
  const auto conflict_in = [&](Shadow& shadow, std::size_t offset) {
    return writes ? shadow.write(offset, bytes, access, order) : shadow.read(offset, bytes, access, order);
  };
  const auto misplaced = [&](const std::string& what) {
    return fault(what + place() + " " + verb + " (" + symbols_.describe_code(access.code) + ")");
  };

  const std::size_t in_segment = number - reinterpret_cast<std::uintptr_t>(segment_.begin);
  if (in_segment < segment_.size) {
    const Symbol* object = shared_object(in_segment, bytes);
    if (!object) return misplaced(std::to_string(bytes) + " bytes outside every __shared__ object");
    const auto conflict = conflict_in(shared_shadow_, in_segment);
    return !conflict || fault_of(*conflict, access, "shared " + short_name(*object), object->begin, verb);
  }
  if (!last_allocation_ || !last_allocation_->holds(address, bytes))
    last_allocation_ = find_allocation(address, bytes);
  if (last_allocation_) {
    const auto conflict = conflict_in(last_allocation_->shadow, last_allocation_->offset_of(address));
    return !conflict ||
           fault_of(*conflict, access,
                    "global memory, an allocation of " + std::to_string(last_allocation_->bytes) + " bytes,",
                    0, verb);
  }
  const auto values = reinterpret_cast<std::uintptr_t>(launch_.arguments.values.get());
  const bool is_argument = number >= values && number + bytes <= values + launch_.arguments.bytes;
  // Parameters, built-in variables and constants.
  if (!writes && (is_argument || symbols_.in_image(number))) return true;
  return misplaced("out of bounds: " + describe_device_address(address, bytes));
}

}  // namespace

void run(const Launch& launch) {
  if (fault_pending()) return;  // as after a fault on the device, until a call has returned it
  LaunchRun run(launch);
  machine().running = &run;
  run.run();
  machine().running = nullptr;
}

void observe(const void* address, std::size_t bytes, AccessKind kind, const void* code) {
  LaunchRun* run = machine().running;
  if (run && run->in_kernel()) run->observe(address, bytes, kind, false, code);
}

void observe_undefined_behaviour(const std::string& what) {
  LaunchRun* run = machine().running;
  if (run && run->in_kernel()) {
    run->fault(what);
  } else {
    report_fault(what);
  }
}

void block_barrier(const char* file, int line) { machine().running->barrier(file, line); }

std::uint64_t meet(Collective kind, unsigned mask, std::uint64_t value, int source_lane, const char* file,
                   int line) {
  return machine().running->meet(kind, mask, value, source_lane, file, line);
}

int lane() { return static_cast<int>(machine().running->current().lane()); }

template <class T>
T atomic(Atomic operation, T* address, T value, T expected) {
  LaunchRun& run = *machine().running;
  run.observe(address, sizeof(T), AccessKind::read, true, __builtin_return_address(0));
  run.observe(address, sizeof(T), AccessKind::write, true, __builtin_return_address(0));
  const T before = *address;
  switch (operation) {
    case Atomic::add:
      *address = static_cast<T>(before + value);
      break;
    case Atomic::minimum:
      *address = std::min(before, value);
      break;
    case Atomic::maximum:
      *address = std::max(before, value);
      break;
    case Atomic::bit_and:
      *address = before & value;
      break;
    case Atomic::bit_or:
      *address = before | value;
      break;
    case Atomic::exchange:
      *address = value;
      break;
    case Atomic::compare_and_swap:
      *address = before == expected ? value : before;
      break;
  }
  return before;
}
template int atomic(Atomic, int*, int, int);
template unsigned atomic(Atomic, unsigned*, unsigned, unsigned);
template unsigned long long atomic(Atomic, unsigned long long*, unsigned long long, unsigned long long);

}  // namespace cuda_on_host
