#include "stream.h"

#include <algorithm>
#include <random>

namespace cuda_on_host {

namespace {

std::mt19937_64& random_order() {
  static std::uint64_t seed = 0;
  static std::mt19937_64 random;
  if (seed != schedule_seed()) random.seed(seed = schedule_seed());
  return random;
}

// With odd seeds only what is waited for runs, so that a result that nobody waited for is missing; with even ones other
// streams' work may run before it, so that work that no event orders shows.
bool others_may_run() { return schedule_seed() % 2 == 0; }

cudaError_t run_next(cudaStream_t stream) {
  const Pending operation = std::move(stream->pending.front());
  stream->pending.pop_front();
  learn(stream->known, operation.known);
  if (operation.waits_for) learn(stream->known, operation.waits_for->known);
  begin_operation(stream->lane, stream->known);
  const cudaError_t error = operation.run ? operation.run() : cudaSuccess;
  learn(stream->known, clock_now());  // a graph's branches
  return error;
}

// `stream`, or the one that it waits for, directly or not.
cudaStream_t runnable(cudaStream_t stream) {
  while (!stream->pending.front().ready()) stream = stream->pending.front().waits_for->stream;
  return stream;
}

template <class Chosen>
std::vector<cudaStream_t> ready_streams(const Chosen& chosen) {
  std::vector<cudaStream_t> ready;
  for (cudaStream_t stream : streams())
    if (!stream->pending.empty() && chosen(*stream)) ready.push_back(runnable(stream));
  return ready;
}

// Runs one operation after another until `done`, each of a stream that `next` gives to choose from.
template <class Done, class Next>
cudaError_t run_until(const Done& done, const Next& next) {
  cudaError_t first = cudaSuccess;
  while (!done()) {
    const std::vector<cudaStream_t> ready = next();
    const cudaError_t error = run_next(ready[random_order()() % ready.size()]);
    if (first == cudaSuccess) first = error;
  }
  return first;
}

template <class Done>
cudaError_t run_for(cudaStream_t stream, const Done& done) {
  return run_until(done, [stream] {
    return others_may_run() ? ready_streams([](const cuda_on_host_stream&) { return true; })
                            : std::vector<cudaStream_t>{runnable(stream)};
  });
}

template <class Chosen>
cudaError_t drain_chosen(const Chosen& chosen) {
  return run_until([&] { return ready_streams(chosen).empty(); }, [&] { return ready_streams(chosen); });
}

cudaError_t drain_blocking() {
  return drain_chosen([](const cuda_on_host_stream& stream) { return stream.blocking; });
}

void host_learns(const Clock& known) {
  learn(host_clock(), known);
  const bool idle = std::all_of(streams().begin(), streams().end(),
                                [](cudaStream_t stream) { return stream->pending.empty(); });
  if (idle) forget_what_the_host_knows();
}

}  // namespace

std::vector<cudaStream_t>& streams() {
  // Never destroyed, for work that nobody waited for may still refer to other static objects.
  static auto& all = *new std::vector<cudaStream_t>{new cuda_on_host_stream};
  return all;
}

cudaStream_t find_stream(cudaStream_t handle) {
  if (!handle) return streams().front();
  return std::find(streams().begin(), streams().end(), handle) != streams().end() ? handle : nullptr;
}

cudaError_t advance(cudaStream_t stream) {
  return stream->pending.empty() ? cudaSuccess : run_next(runnable(stream));
}

cudaError_t drain(cudaStream_t stream) {
  return run_for(stream, [stream] { return stream->pending.empty(); });
}

cudaError_t wait_for_stream(cudaStream_t stream) {
  const cudaError_t error = is_default(stream) ? drain_blocking() : drain(stream);
  for (cudaStream_t other : streams())
    if (other == stream || (is_default(stream) && other->blocking)) host_learns(other->known);
  return error;
}

cudaError_t wait_for_all() {
  const cudaError_t error = drain_chosen([](const cuda_on_host_stream&) { return true; });
  for (cudaStream_t stream : streams()) host_learns(stream->known);
  // All later work follows all of this: what is known of streams that are gone need not be kept.
  host_clock().clear();
  for (cudaStream_t stream : streams()) stream->known = {{stream->lane, stream->known[stream->lane]}};
  return error;
}

cudaError_t wait_for_record(const Record& record) {
  const cudaError_t error =
      record.reached ? cudaSuccess : run_for(record.stream, [&record] { return record.reached; });
  host_learns(record.known);
  return error;
}

// The default stream's work follows all that blocking streams hold, and theirs follows its.
cudaError_t submit(cudaStream_t handle, const Work& work, std::shared_ptr<Record> waits_for) {
  cudaStream_t stream = find_stream(handle);
  if (!stream) return set_last_error(cudaErrorInvalidResourceHandle);
  if (stream->capture) return add_to_capture(stream, work);
  cudaError_t error = is_default(stream) ? refuse_unsafe_in_capture() : cudaSuccess;
  if (error != cudaSuccess) return error;
  Clock known = host_clock();
  if (stream->blocking) {
    error = is_default(stream) ? drain_blocking() : drain(streams().front());
    for (cudaStream_t other : streams())
      if (is_default(other) || (is_default(stream) && other->blocking)) learn(known, other->known);
  }
  stream->pending.push_back({work(), std::move(waits_for), std::move(known)});
  return error;
}

cudaError_t enqueue(cudaStream_t stream, const Launch& launch) {
  return submit(stream, work_of([launch] {
                  run(launch);
                  return cudaSuccess;
                }));
}

cudaError_t finish(cudaError_t error) {
  const cudaError_t fault = take_error();
  return error != cudaSuccess ? set_last_error(error) : fault;
}

}  // namespace cuda_on_host

using namespace cuda_on_host;

cudaError_t cudaDeviceSynchronize() {
  const std::lock_guard lock(runtime_lock());
  const cudaError_t refused = refuse_any_capture();
  if (refused != cudaSuccess) return refused;
  ++counters_now().synchronizations;
  return finish(wait_for_all());
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  const std::lock_guard lock(runtime_lock());
  *stream = new cuda_on_host_stream;
  (*stream)->blocking = flags != cudaStreamNonBlocking;
  streams().push_back(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const std::lock_guard lock(runtime_lock());
  if (!stream || !find_stream(stream)) return set_last_error(cudaErrorInvalidResourceHandle);
  static_cast<void>(refuse_capture(stream->capture, cudaErrorStreamCaptureUnsupported));
  const cudaError_t error = drain(stream);  // its work still completes; a fault stays pending
  streams().erase(std::find(streams().begin(), streams().end(), stream));
  delete stream;
  return error;
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  const std::lock_guard lock(runtime_lock());
  cudaStream_t stream = find_stream(handle);
  if (!stream) return set_last_error(cudaErrorInvalidResourceHandle);
  const cudaError_t refused = refuse_capture(stream->capture, cudaErrorStreamCaptureUnsupported);
  if (refused != cudaSuccess) return refused;
  ++counters_now().synchronizations;
  return finish(wait_for_stream(stream));
}

// Each question lets the stream go on a little: a loop that asks ends.
cudaError_t cudaStreamQuery(cudaStream_t handle) {
  const std::lock_guard lock(runtime_lock());
  cudaStream_t stream = find_stream(handle);
  if (!stream) return set_last_error(cudaErrorInvalidResourceHandle);
  const cudaError_t refused = refuse_capture(stream->capture, cudaErrorStreamCaptureUnsupported);
  if (refused != cudaSuccess) return refused;
  if (stream->pending.empty()) return finish(wait_for_stream(stream));
  const cudaError_t error = advance(stream);
  return error != cudaSuccess ? set_last_error(error) : cudaErrorNotReady;
}
