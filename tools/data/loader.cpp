#include "tools/data/loader.h"

#include "core/error.h"

namespace attune::tools {

namespace {

void check(const LoaderOptions& options) {
  require(options.batch > 0 && options.size > 0, ErrorKind::argument, "loader: batch ", options.batch,
          " of size ", options.size, ", expected positive");
  require(options.threads > 0, ErrorKind::argument, "loader: ", options.threads,
          " threads, expected at least 1");
  require(options.depth >= 2, ErrorKind::argument, "loader: depth is ", options.depth,
          ", expected at least 2 (one in use, one ahead)");
  require(options.first_step >= 0 && options.first_index >= 0, ErrorKind::argument, "loader: starts at step ",
          options.first_step, ", index ", options.first_index, ", expected none negative");
}

}  // namespace

Loader::Loader(MakeSample make_sample, const LoaderOptions& options)
    : make_sample_(std::move(make_sample)),
      options_((check(options), options)),
      slots_(static_cast<std::size_t>(options.depth)),
      next_task_{options.first_step, 0},
      next_step_(options.first_step),
      oldest_step_(options.first_step) {
  for (Slot& slot : slots_) {
    const std::int64_t n = options.batch, s = options.size;
    slot.batch.composite = Tensor({n, s, s, 3}, DType::f32);
    slot.batch.real = Tensor({n, s, s, 3}, DType::f32);
    slot.batch.mask = Tensor({n, s, s}, DType::f32);
    slot.batch.names.resize(static_cast<std::size_t>(n));
    slot.missing = n;
  }
  try {
    for (int i = 0; i < options.threads; ++i) workers_.emplace_back([this] { work(); });
  } catch (...) {  // the system may refuse a thread: the others must not outlive this object
    stop();
    throw;
  }
}

Loader::~Loader() { stop(); }

void Loader::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

const Batch& Loader::next() {
  std::unique_lock lock(mutex_);
  Slot& slot = slot_of(next_step_);
  if (oldest_step_ < next_step_) {  // the batch handed out before is done with
    slot_of(oldest_step_).missing = options_.batch;
    ++oldest_step_;
    room_.notify_all();
  }
  ready_.wait(lock, [&] { return slot.missing == 0; });
  if (slot.error) std::rethrow_exception(slot.error);
  slot.batch.step = next_step_++;
  return slot.batch;
}

void Loader::work() {
  for (Task task{}; take(task);) make(task);
}

// Waits for room and takes the next sample; false when the loader stops.
bool Loader::take(Task& task) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return stopping_ || next_task_.step < oldest_step_ + options_.depth; });
  if (stopping_) return false;
  task = next_task_;
  if (++next_task_.index == options_.batch) next_task_ = {next_task_.step + 1, 0};
  return true;
}

void Loader::make(const Task& task) {
  Slot& slot = slot_of(task.step);
  const std::int64_t pixels = options_.size * options_.size;
  std::exception_ptr error;
  try {
    make_sample_(task.step, options_.first_index + task.index,
                 {slot.batch.composite.as<float>() + 3 * pixels * task.index,
                  slot.batch.real.as<float>() + 3 * pixels * task.index,
                  slot.batch.mask.as<float>() + pixels * task.index,
                  &slot.batch.names[static_cast<std::size_t>(task.index)]});
  } catch (...) {
    error = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  if (error && (!slot.error || task.index < slot.failed_index)) {
    slot.error = error;
    slot.failed_index = task.index;
  }
  if (--slot.missing == 0) ready_.notify_all();
}

}  // namespace attune::tools
