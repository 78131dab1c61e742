#include "benchmarks/cuda/replay_timing.h"

#include <algorithm>
#include <array>
#include <string>

#include "benchmarks/cuda/clocks.h"
#include "benchmarks/cuda/event_time_reporter.h"
#include "benchmarks/machine.h"
#include "core/cuda_check.h"
#include "core/tensor.h"

namespace attune::bench {

namespace {

// Of one hot batch: many calls in a graph, for between graphs a GPU pauses about as long as a small kernel runs.
constexpr std::int64_t calls_per_graph = 16, graphs_per_batch = 16;
constexpr std::int64_t cold_calls_per_batch = 32;

cudaStream_t stream_of(const Context& context) { return static_cast<cudaStream_t>(context.stream()); }

// `calls` times what `call` enqueues.
class Graph {
 public:
  Graph(const Context& context, const std::function<void()>& call, std::int64_t calls)
      : stream_(stream_of(context)) {
    cuda_check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    cudaGraph_t graph = nullptr;
    try {
      for (std::int64_t i = 0; i < calls; ++i) call();
    } catch (...) {
      if (cudaStreamEndCapture(stream_, &graph) == cudaSuccess) static_cast<void>(cudaGraphDestroy(graph));
      static_cast<void>(cudaGetLastError());
      throw;
    }
    cuda_check(cudaStreamEndCapture(stream_, &graph), "cudaStreamEndCapture");
    const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
    static_cast<void>(cudaGraphDestroy(graph));
    cuda_check(status, "cudaGraphInstantiate");
  }
  ~Graph() { static_cast<void>(cudaGraphExecDestroy(executable_)); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void launch() const { cuda_check(cudaGraphLaunch(executable_, stream_), "cudaGraphLaunch"); }

 private:
  cudaStream_t stream_;
  cudaGraphExec_t executable_ = nullptr;
};

// Two points in a stream and the time between them.
class Interval {
 public:
  Interval() {
    for (cudaEvent_t& event : events_) cuda_check(cudaEventCreate(&event), "cudaEventCreate");
  }
  ~Interval() {
    for (cudaEvent_t event : events_)
      if (event) static_cast<void>(cudaEventDestroy(event));
  }
  Interval(const Interval&) = delete;
  Interval& operator=(const Interval&) = delete;

  void start(const Context& context) { record(events_[0], context); }
  void stop(const Context& context) { record(events_[1], context); }
  // Waits for its end.
  double seconds() const {
    cuda_check(cudaEventSynchronize(events_[1]), "cudaEventSynchronize");
    float milliseconds = 0;
    cuda_check(cudaEventElapsedTime(&milliseconds, events_[0], events_[1]), "cudaEventElapsedTime");
    return static_cast<double>(milliseconds) * 1e-3;
  }

 private:
  static void record(cudaEvent_t event, const Context& context) {
    cuda_check(cudaEventRecord(event, stream_of(context)), "cudaEventRecord");
  }
  std::array<cudaEvent_t, 2> events_ = {};
};

// The graph that is launched before the clock starts keeps the GPU busy while the host enqueues the others.
double hot_batch(const Context& context, const Graph& graph, std::int64_t launches) {
  Interval interval;
  graph.launch();
  interval.start(context);
  for (std::int64_t i = 0; i < launches; ++i) graph.launch();
  interval.stop(context);
  return interval.seconds();
}

// Overwriting takes long enough for the host to enqueue the rest.
double cold_batch(const Context& context, const Graph& graph, Tensor& flushed, std::int64_t calls) {
  std::array<Interval, cold_calls_per_batch> intervals;
  for (std::int64_t i = 0; i < calls; ++i) {
    cuda_check(cudaMemsetAsync(flushed.view().data, 0, static_cast<std::size_t>(flushed.view().bytes()),
                               stream_of(context)),
               "cudaMemsetAsync");
    Interval& interval = intervals[static_cast<std::size_t>(i)];
    interval.start(context);
    graph.launch();
    interval.stop(context);
  }
  double seconds = 0;
  for (std::int64_t i = 0; i < calls; ++i) seconds += intervals[static_cast<std::size_t>(i)].seconds();
  return seconds;
}

// Of a sample that takes so many of the calls that the library asks for.
std::int64_t batch_of(std::int64_t asked, std::int64_t most) {
  return std::clamp<std::int64_t>(asked / samples_wanted, 1, most);
}

// While the graph runs: an idle GPU lowers its clocks.
void note_clocks(benchmark::State& state, const Context& context, const Graph& graph) {
  graph.launch();
  if (const auto clocks = read_clocks(context.device().index)) {
    state.counters["sm_MHz"] = clocks->multiprocessor_mhz;
    state.counters["memory_MHz"] = clocks->memory_mhz;
    state.SetLabel("throttled: " + clocks->throttle_reasons);
  }
  context.synchronize();
}

}  // namespace

Timing timed_replays(benchmark::State& state, Context& context, const std::function<void()>& call,
                     CacheState cache) {
  const auto asked = static_cast<std::int64_t>(state.max_iterations);
  const std::int64_t calls = cache == CacheState::hot ? batch_of(asked, calls_per_graph) : 1;
  const Graph graph(context, call, calls);
  Timing timing;
  if (cache == CacheState::hot) {
    const std::int64_t launches = batch_of(asked / calls, graphs_per_batch);
    timing = time_samples(state, calls * launches, [&] { return hot_batch(context, graph, launches); });
  } else {
    const std::int64_t batch = batch_of(asked, cold_calls_per_batch);
    Tensor flushed({2 * gpu_cache_bytes()}, DType::u8, context.device());
    timing = time_samples(state, batch, [&] { return cold_batch(context, graph, flushed, batch); });
  }
  state.counters[event_seconds] = timing.seconds;
  note_clocks(state, context, graph);
  return timing;
}

double best_gpu_seconds(Context& context, const std::function<void()>& work) {
  constexpr int attempts = 8;
  double best = 1e30;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    Interval interval;
    interval.start(context);
    work();
    interval.stop(context);
    best = std::min(best, interval.seconds());
  }
  return best;
}

}  // namespace attune::bench
