#include "stream.h"

#include <deque>
#include <functional>
#include <random>
#include <vector>

// A stream's work, in order.
struct cuda_on_host_stream {
  bool blocking = true;  // waits for, and is waited for by, the default stream
  std::deque<std::function<cudaError_t()>> pending;
};

// `reached` counts completed records; a wait is for the record that was the last one when it was enqueued.
struct cuda_on_host_event {
  cudaStream_t stream = nullptr;
  std::uint64_t recorded = 0, reached = 0;
};

namespace cuda_on_host {

namespace {

std::vector<cudaStream_t>& streams() {
  static std::vector<cudaStream_t> all;
  return all;
}

bool known(cudaStream_t stream) {
  return !stream || std::find(streams().begin(), streams().end(), stream) != streams().end();
}

cudaError_t run_next(cudaStream_t stream) {
  const std::function<cudaError_t()> operation = std::move(stream->pending.front());
  stream->pending.pop_front();
  return operation();
}

cudaError_t drain(cudaStream_t stream) {
  cudaError_t first = cudaSuccess;
  while (!stream->pending.empty()) {
    const cudaError_t error = run_next(stream);
    if (first == cudaSuccess) first = error;
  }
  return first;
}

// All streams (or the blocking ones), an operation of one and then of another, in an order that the seed chooses.
cudaError_t drain_all(bool only_blocking) {
  std::mt19937_64 random(schedule_seed());
  cudaError_t first = cudaSuccess;
  for (;;) {
    std::vector<cudaStream_t> ready;
    for (cudaStream_t stream : streams())
      if (!stream->pending.empty() && (stream->blocking || !only_blocking)) ready.push_back(stream);
    if (ready.empty()) return first;
    const cudaError_t error = run_next(ready[random() % ready.size()]);
    if (first == cudaSuccess) first = error;
  }
}

// The default stream runs at once, after all that blocking streams hold; non-blocking streams do not wait for it.
cudaError_t submit(cudaStream_t stream, std::function<cudaError_t()> operation) {
  if (!known(stream)) return set_last_error(cudaErrorInvalidResourceHandle);
  if (stream) {
    stream->pending.push_back(std::move(operation));
    return cudaSuccess;
  }
  const cudaError_t earlier = drain_all(true), error = operation();
  return earlier != cudaSuccess ? earlier : error;
}

cudaError_t reach(cudaEvent_t event, std::uint64_t record) {
  cudaError_t first = cudaSuccess;
  while (event->reached < record && event->stream && !event->stream->pending.empty()) {
    const cudaError_t error = run_next(event->stream);
    if (first == cudaSuccess) first = error;
  }
  return first;
}

// The result of a synchronizing call: an invalid operation, or a fault of a kernel that has run.
cudaError_t finish(cudaError_t error) {
  const cudaError_t fault = take_error();
  return error != cudaSuccess ? set_last_error(error) : fault;
}

}  // namespace

void finish_all_work() { static_cast<void>(drain_all(false)); }

cudaError_t enqueue(cudaStream_t stream, std::function<cudaError_t()> operation) {
  return submit(stream, std::move(operation));
}

cudaError_t enqueue(cudaStream_t stream, Launch launch) {
  return submit(stream, [launch = std::move(launch)] {
    run(launch);
    return cudaSuccess;
  });
}

}  // namespace cuda_on_host

using namespace cuda_on_host;

cudaError_t cudaDeviceSynchronize() {
  const std::lock_guard lock(runtime_lock());
  return finish(drain_all(false));
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  const std::lock_guard lock(runtime_lock());
  *stream = new cuda_on_host_stream{flags != cudaStreamNonBlocking, {}};
  streams().push_back(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const std::lock_guard lock(runtime_lock());
  if (!stream || !known(stream)) return set_last_error(cudaErrorInvalidResourceHandle);
  const cudaError_t error = drain(stream);  // its work still completes; a fault stays pending
  streams().erase(std::find(streams().begin(), streams().end(), stream));
  delete stream;
  return error;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const std::lock_guard lock(runtime_lock());
  if (!known(stream)) return set_last_error(cudaErrorInvalidResourceHandle);
  return finish(stream ? drain(stream) : drain_all(true));
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const std::lock_guard lock(runtime_lock());
  return submit(stream, [event, record = event->recorded] { return reach(event, record); });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new cuda_on_host_event;
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const std::lock_guard lock(runtime_lock());
  finish_all_work();  // streams may wait for it
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const std::lock_guard lock(runtime_lock());
  event->stream = stream;
  return submit(stream, [event, record = ++event->recorded] {
    event->reached = record;
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const std::lock_guard lock(runtime_lock());
  return finish(reach(event, event->recorded));
}

// Time does not pass here: kernels are timed on a GPU.
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t stop) {
  const std::lock_guard lock(runtime_lock());
  *milliseconds = 0;
  const bool complete = start->reached == start->recorded && stop->reached == stop->recorded;
  return complete ? cudaSuccess : set_last_error(cudaErrorInvalidResourceHandle);
}

cudaError_t cudaMemcpy(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind) {
  const std::lock_guard lock(runtime_lock());
  return finish(submit(nullptr, [=] { return copy_now(target, source, bytes, kind); }));
}

cudaError_t cudaMemset(void* data, int value, std::size_t bytes) {
  const std::lock_guard lock(runtime_lock());
  return finish(submit(nullptr, [=] { return fill_now(data, value, bytes); }));
}

cudaError_t cudaMemcpyAsync(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  const std::lock_guard lock(runtime_lock());
  return submit(stream, [=] { return copy_now(target, source, bytes, kind); });
}

cudaError_t cudaMemsetAsync(void* data, int value, std::size_t bytes, cudaStream_t stream) {
  const std::lock_guard lock(runtime_lock());
  return submit(stream, [=] { return fill_now(data, value, bytes); });
}
