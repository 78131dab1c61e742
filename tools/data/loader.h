// Loader: worker threads that make batches ahead of the training loop.
//
// Batches come in the order of their steps, and what is in them depends on the step alone, not on the
// threads: each worker takes the next sample (not the next batch, so that the first batch is there soon), and
// writes it to its place.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/tensor.h"
#include "tools/data/sampler.h"

namespace attune::tools {

struct LoaderOptions {
  std::int64_t batch = 8;
  std::int64_t size = 256;       // S
  std::int64_t first_step = 0;   // where a resumed run goes on
  std::int64_t first_index = 0;  // of this batch's samples within the step: rank * batch
  int threads = 1;
  int depth = 3;  // batches held in memory, the one in use included
};

struct Batch {
  std::int64_t step = 0;
  Tensor composite;                // [N, S, S, 3] f32 in host memory
  Tensor real;                     // [N, S, S, 3]
  Tensor mask;                     // [N, S, S]
  std::vector<std::string> names;  // N
};

class Loader {
 public:
  // Makes sample `index` of `step`; called from the workers, so it must be safe to call concurrently.
  using MakeSample = std::function<void(std::int64_t step, std::int64_t index, const SampleTarget& target)>;

  // Starts the workers. Throws ErrorKind::argument where a size is not positive or depth is below 2.
  Loader(MakeSample make_sample, const LoaderOptions& options);
  // Stops at any time: workers finish the sample they are at.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The next step's batch, valid until the following call. Where making a sample threw, this throws the same
  // exception (of several, that of the lowest index), and so does every later call.
  const Batch& next();

 private:
  // A batch being filled. Workers write different samples of it at the same time, outside the lock.
  struct Slot {
    Batch batch;
    std::int64_t missing = 0;  // samples not yet made
    std::int64_t failed_index = 0;
    std::exception_ptr error;
  };
  // One sample to make.
  struct Task {
    std::int64_t step, index;
  };

  Slot& slot_of(std::int64_t step) { return slots_[static_cast<std::size_t>(step) % slots_.size()]; }
  void work();
  bool take(Task& task);
  void make(const Task& task);
  void stop();

  const MakeSample make_sample_;
  const LoaderOptions options_;
  std::vector<Slot> slots_;  // step s is in slot s modulo their number

  std::mutex mutex_;  // guards everything below, and the slots' missing, failed_index and error
  std::condition_variable room_, ready_;
  Task next_task_;
  std::int64_t next_step_;    // the step that next() returns
  std::int64_t oldest_step_;  // the oldest step still in use: slots of earlier ones are free
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace attune::tools
