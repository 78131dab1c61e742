// Graphs: what streams would have run, with what it follows, to be launched as one.
#include <algorithm>
#include <random>

#include "stream.h"

struct cuda_on_host_graph {
  struct Node {
    cuda_on_host::Work work;
    std::set<std::size_t> after;
    std::uint64_t branch;  // the lane of the captured stream, then one of the graph's own
  };
  std::vector<Node> nodes;
};

struct cuda_on_host_graph_exec {
  std::vector<cuda_on_host_graph::Node> nodes;
  std::shared_ptr<cuda_on_host::Record> last;  // the end of its last launch, which the next follows
};

namespace cuda_on_host {

struct Capture {
  cudaStream_t origin;
  cudaStreamCaptureMode mode;
  cuda_on_host_graph graph;
  bool spoilt = false, ended = false;
};

namespace {

using Nodes = std::vector<cuda_on_host_graph::Node>;

std::vector<std::shared_ptr<Capture>> active_captures() {
  std::vector<std::shared_ptr<Capture>> active;
  for (cudaStream_t stream : streams())
    if (stream->capture) active.push_back(stream->capture);
  return active;
}

// Whether `last` follows all of the nodes, so that what comes after it comes after all.
bool joins_all(const Nodes& nodes, std::set<std::size_t> last) {
  std::size_t count = 0;
  for (; !last.empty(); ++count) {
    const std::size_t node = *last.rbegin();  // what it follows was captured earlier
    last.erase(node);
    last.insert(nodes[node].after.begin(), nodes[node].after.end());
  }
  return count == nodes.size();
}

std::size_t choose_ready(const Nodes& nodes, const std::vector<bool>& done, std::mt19937_64& random) {
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& after = nodes[i].after;
    if (!done[i] && std::all_of(after.begin(), after.end(), [&](std::size_t before) { return done[before]; }))
      ready.push_back(i);
  }
  return ready[random() % ready.size()];
}

cudaError_t run_in_some_order(const Nodes& nodes, const std::vector<Operation>& operations) {
  static std::uint64_t runs = 0;
  std::mt19937_64 random(schedule_seed() * 1000003 + runs++);
  Clock known = clock_now();
  const Clock before = known;
  std::vector<Clock> clocks(nodes.size());
  std::vector<bool> done(nodes.size());
  cudaError_t first = cudaSuccess;
  for (std::size_t count = 0; count < nodes.size(); ++count) {
    const std::size_t next = choose_ready(nodes, done, random);
    Clock clock = before;
    for (std::size_t earlier : nodes[next].after) learn(clock, clocks[earlier]);
    begin_operation(nodes[next].branch, clock);
    const cudaError_t error = operations[next]();
    if (first == cudaSuccess) first = error;
    clocks[next] = clock_now();
    learn(known, clocks[next]);
    done[next] = true;
  }
  set_clock_now(known);
  return first;
}

}  // namespace

cudaError_t refuse_capture(const std::shared_ptr<Capture>& capture, cudaError_t error) {
  if (!capture) return cudaSuccess;
  capture->spoilt = true;
  return set_last_error(error);
}

cudaError_t refuse_any_capture() {
  cudaError_t error = cudaSuccess;
  for (const auto& capture : active_captures())
    error = refuse_capture(capture, cudaErrorStreamCaptureUnsupported);
  return error;
}

cudaError_t refuse_unsafe_in_capture() {
  cudaError_t error = cudaSuccess;
  for (const auto& capture : active_captures())
    if (capture->mode != cudaStreamCaptureModeRelaxed)
      error = refuse_capture(capture, cudaErrorStreamCaptureUnsupported);
  return error;
}

cudaError_t add_to_capture(cudaStream_t stream, const Work& work) {
  Capture& capture = *stream->capture;
  if (capture.spoilt) return set_last_error(cudaErrorStreamCaptureInvalidated);
  capture.graph.nodes.push_back({work, stream->after, stream->lane});
  stream->after = {capture.graph.nodes.size() - 1};
  return cudaSuccess;
}

// A stream outside of the capture joins it by waiting for one of its events.
cudaError_t wait_in_capture(cudaStream_t stream, const Record& record) {
  if (!record.capture) return refuse_capture(stream->capture, cudaErrorStreamCaptureIsolation);
  if (record.capture->ended || (stream->capture && stream->capture != record.capture)) {
    static_cast<void>(refuse_capture(stream->capture, cudaErrorCapturedEvent));
    return set_last_error(cudaErrorCapturedEvent);
  }
  if (is_default(stream)) return refuse_capture(record.capture, cudaErrorStreamCaptureImplicit);
  if (record.capture->spoilt) return set_last_error(cudaErrorStreamCaptureInvalidated);
  stream->capture = record.capture;
  stream->after.insert(record.after.begin(), record.after.end());
  return cudaSuccess;
}

}  // namespace cuda_on_host

using namespace cuda_on_host;

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  const std::lock_guard lock(runtime_lock());
  cudaStream_t stream = find_stream(handle);
  if (!stream) return set_last_error(cudaErrorInvalidResourceHandle);
  if (is_default(stream)) return set_last_error(cudaErrorStreamCaptureUnsupported);
  if (stream->capture) return set_last_error(cudaErrorIllegalState);
  stream->capture = std::make_shared<Capture>(Capture{stream, mode, {}});
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
  const std::lock_guard lock(runtime_lock());
  *graph = nullptr;
  cudaStream_t stream = find_stream(handle);
  if (!stream) return set_last_error(cudaErrorInvalidResourceHandle);
  const std::shared_ptr<Capture> capture = stream->capture;
  if (!capture) return set_last_error(cudaErrorIllegalState);
  if (capture->origin != stream) return refuse_capture(capture, cudaErrorStreamCaptureUnmatched);
  const bool joined = joins_all(capture->graph.nodes, stream->after);
  capture->ended = true;
  for (cudaStream_t other : streams()) {
    if (other->capture != capture) continue;
    other->capture = nullptr;
    other->after.clear();
  }
  if (capture->spoilt) return set_last_error(cudaErrorStreamCaptureInvalidated);
  if (!joined) return set_last_error(cudaErrorStreamCaptureUnjoined);
  *graph = new cuda_on_host_graph(std::move(capture->graph));
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  const std::lock_guard lock(runtime_lock());
  cudaStream_t stream = find_stream(handle);
  if (!stream) return set_last_error(cudaErrorInvalidResourceHandle);
  *status = !stream->capture          ? cudaStreamCaptureStatusNone
            : stream->capture->spoilt ? cudaStreamCaptureStatusInvalidated
                                      : cudaStreamCaptureStatusActive;
  return cudaSuccess;
}

// A node per captured call: equal numbers of them are taken for equal calls with other arguments.
cudaError_t cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph,
                                cudaGraphExecUpdateResultInfo* difference) {
  const std::lock_guard lock(runtime_lock());
  *difference = {};
  if (exec->nodes.size() != graph->nodes.size()) return set_last_error(cudaErrorGraphExecUpdateFailure);
  for (std::size_t i = 0; i < graph->nodes.size(); ++i) exec->nodes[i].work = graph->nodes[i].work;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  if (!graph) return set_last_error(cudaErrorInvalidValue);
  *exec = new cuda_on_host_graph_exec{graph->nodes, nullptr};
  std::map<std::uint64_t, std::uint64_t> lanes;
  for (auto& node : (*exec)->nodes) {
    std::uint64_t& lane = lanes[node.branch];
    if (lane == 0) lane = new_lane();
    node.branch = lane;
  }
  return cudaSuccess;
}

// Within a capture, where it would become a part of another graph, it is refused: attune has no such use.
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t handle) {
  const std::lock_guard lock(runtime_lock());
  cudaStream_t stream = find_stream(handle);
  if (!stream) return set_last_error(cudaErrorInvalidResourceHandle);
  const cudaError_t refused = refuse_capture(stream->capture, cudaErrorStreamCaptureUnsupported);
  if (refused != cudaSuccess) return refused;
  ++counters_now().graph_launches;
  const auto end = std::make_shared<Record>();
  end->stream = stream;
  const Work work = [nodes = exec->nodes, end]() -> Operation {
    std::vector<Operation> operations;
    for (const auto& node : nodes) operations.push_back(node.work());
    return [nodes, operations, end] {
      const cudaError_t error = run_in_some_order(nodes, operations);
      end->reached = true;
      end->known = clock_now();
      return error;
    };
  };
  return submit(handle, work, std::exchange(exec->last, end));
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  delete exec;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
