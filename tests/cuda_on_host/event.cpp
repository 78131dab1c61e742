// Events: marks in a stream that the host or another stream waits for.
#include "stream.h"

using namespace cuda_on_host;

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new cuda_on_host_event;
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

// Streams that wait for its last record still do.
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const std::lock_guard lock(runtime_lock());
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  const std::lock_guard lock(runtime_lock());
  cudaStream_t stream = find_stream(handle);
  if (!stream) return set_last_error(cudaErrorInvalidResourceHandle);
  const auto record = std::make_shared<Record>(Record{stream, false, {}, {}, stream->capture, stream->after});
  event->last = record;
  if (stream->capture) return cudaSuccess;
  return submit(stream, work_of([record] {
                  record->reached = true;
                  record->time = std::chrono::steady_clock::now();
                  record->known = clock_now();
                  return cudaSuccess;
                }));
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned) {
  const std::lock_guard lock(runtime_lock());
  cudaStream_t stream = find_stream(handle);
  if (!stream) return set_last_error(cudaErrorInvalidResourceHandle);
  if (!event->last) return cudaSuccess;
  if (stream->capture || event->last->capture) return wait_in_capture(stream, *event->last);
  return submit(stream, work_of({}), event->last);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const std::lock_guard lock(runtime_lock());
  if (!event->last) return cudaSuccess;
  const std::shared_ptr<Record> record = event->last;
  const cudaError_t refused = refuse_capture(record->capture, cudaErrorCapturedEvent);
  if (refused != cudaSuccess) return refused;
  ++counters_now().synchronizations;
  return finish(wait_for_record(*record));
}

// As cudaStreamQuery.
cudaError_t cudaEventQuery(cudaEvent_t event) {
  const std::lock_guard lock(runtime_lock());
  if (!event->last) return cudaSuccess;
  const cudaError_t refused = refuse_capture(event->last->capture, cudaErrorCapturedEvent);
  if (refused != cudaSuccess) return refused;
  if (event->last->reached) return finish(wait_for_record(*event->last));
  const cudaError_t error = advance(event->last->stream);
  return error != cudaSuccess ? set_last_error(error) : cudaErrorNotReady;
}

// The host's time: what it says of kernels means nothing.
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t stop) {
  const std::lock_guard lock(runtime_lock());
  *milliseconds = 0;
  if (!start->last || !stop->last) return set_last_error(cudaErrorInvalidResourceHandle);
  if (!start->last->reached || !stop->last->reached) return set_last_error(cudaErrorNotReady);
  *milliseconds = std::chrono::duration<float, std::milli>(stop->last->time - start->last->time).count();
  return cudaSuccess;
}
