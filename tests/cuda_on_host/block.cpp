// Runs a launch: block after block in a shuffled order, a block's threads as fibers that switch at barriers only.
#include <algorithm>
#include <sstream>

#include "launch_run.h"

namespace attune::cuda {
alignas(128) thread_local unsigned char dynamic_shared_memory[227 << 10];
}

namespace cuda_on_host {

Registers registers;

namespace {
constexpr unsigned char shared_poison = 0xff;  // NaN
}

std::string Thread::describe_wait() const {
  return wait == Wait::ended ? "has ended" : "waits at " + std::string(file) + ":" + std::to_string(line);
}

Machine& machine() {
  static Machine instance;
  return instance;
}

LaunchRun::LaunchRun(const Launch& launch)
    : launch_(launch), random_(schedule_seed() * 1000003 + machine().launches++) {
  for (const BlockRange& range : unordered_)
    first_unordered_block_ = std::min(first_unordered_block_, range.first);
}

void LaunchRun::run() {
  const std::uint32_t count = launch_.grid.x * launch_.grid.y * launch_.grid.z;
  const unsigned threads = launch_.block.x * launch_.block.y * launch_.block.z;
  while (machine().fibers.size() < threads) machine().fibers.emplace_back();
  registers.block_size = launch_.block;
  registers.grid_size = launch_.grid;
  threads_.resize(threads);
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
  fiber_ = &machine().fibers[index];
  fiber_->resume();
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
  const std::string missing_lane = describe_missing_lane();
  return fault(missing_lane.empty() ? describe_divergence() : missing_lane);
}

std::string LaunchRun::describe_divergence() const {
  std::ostringstream text;
  text << "divergent barrier in " << name_ << ", block " << block_ - first_block_;
  std::vector<std::string> seen;
  for (const Thread& thread : threads_) {
    const std::string what = thread.describe_wait();
    if (std::find(seen.begin(), seen.end(), what) != seen.end()) continue;
    seen.push_back(what);
    text << ", thread " << thread.index << " " << what;
  }
  return text.str();
}

void LaunchRun::barrier(const char* file, int line) {
  Thread& thread = *current_;
  thread.file = file;
  thread.line = line;
  thread.wait = Wait::barrier;
  current_fiber().yield();
}

void run(const Launch& launch) {
  if (fault_pending()) return;  // as after a fault on the device, until a call has returned it
  LaunchRun run(launch);
  machine().running = &run;
  run.run();
  machine().running = nullptr;
}

void block_barrier(const char* file, int line) { machine().running->barrier(file, line); }

}  // namespace cuda_on_host
