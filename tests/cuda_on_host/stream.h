// Streams and events: work waits in its stream until something synchronizes, so that a missing synchronization shows.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <set>

#include "order.h"
#include "runtime.h"

namespace cuda_on_host {

struct Capture;

// What a stream runs later.
using Operation = std::function<cudaError_t()>;
// Called when it enters a stream, by itself or as a part of a graph: gives what the stream runs later.
using Work = std::function<Operation()>;
inline Work work_of(Operation operation) {
  return [operation = std::move(operation)] { return operation; };
}

// One cudaEventRecord, in a stream or in the capture of one.
struct Record {
  cudaStream_t stream = nullptr;
  bool reached = false;
  std::chrono::steady_clock::time_point time;  // when it was
  Clock known;                                 // to what waits for it
  std::shared_ptr<Capture> capture;
  std::set<std::size_t> after;  // the capture's work that it follows
};

struct Pending {
  Operation run;
  std::shared_ptr<Record> waits_for;
  Clock known;  // to the host that submitted it

  bool ready() const { return !waits_for || waits_for->reached; }
};

}  // namespace cuda_on_host

// A stream's work, in order.
struct cuda_on_host_stream {
  bool blocking = true;  // waits for, and is waited for by, the default stream
  std::uint64_t lane = cuda_on_host::new_lane();
  cuda_on_host::Clock known;  // to what has run last
  std::deque<cuda_on_host::Pending> pending;
  std::shared_ptr<cuda_on_host::Capture> capture;  // which its work enters instead
  std::set<std::size_t> after;                     // the capture's work that its next work follows
};

struct cuda_on_host_event {
  std::shared_ptr<cuda_on_host::Record> last;
};

namespace cuda_on_host {

// The stream that a handle means, the default stream for a null one; null where there is none.
cudaStream_t find_stream(cudaStream_t handle);
std::vector<cudaStream_t>& streams();  // the default stream is the first
inline bool is_default(cudaStream_t stream) { return stream == streams().front(); }

cudaError_t submit(cudaStream_t handle, const Work& work, std::shared_ptr<Record> waits_for = nullptr);
// Runs what the host waits for: what a stream holds (with the default stream, all that block), or all, or what comes
// before a record. Faults stay pending.
cudaError_t wait_for_stream(cudaStream_t stream);
cudaError_t wait_for_all();
cudaError_t wait_for_record(const Record& record);
// Runs what a stream holds, without the host's waiting.
cudaError_t drain(cudaStream_t stream);
// Runs one operation of `stream`, or one that it waits for.
cudaError_t advance(cudaStream_t stream);
// The result of a synchronizing call: an invalid operation, or a fault of a kernel that has run.
cudaError_t finish(cudaError_t error);

// --- graph.cpp ---
// Success where nothing is captured; otherwise an error, and the capture is spoilt.
cudaError_t refuse_capture(const std::shared_ptr<Capture>& capture, cudaError_t error);
cudaError_t refuse_any_capture();
cudaError_t refuse_unsafe_in_capture();  // but for relaxed captures
cudaError_t add_to_capture(cudaStream_t stream, const Work& work);
cudaError_t wait_in_capture(cudaStream_t stream, const Record& record);

// --- a launch (stream.cpp) ---
cudaError_t enqueue(cudaStream_t stream, const Launch& launch);

}  // namespace cuda_on_host
