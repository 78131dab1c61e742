// Graphs: that work can be captured and launched again, and what a capture refuses.
#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "tests/cuda_on_host/control.h"
#include "tests/cuda_on_host/device_objects.h"
#include "tests/cuda_on_host/planted_faults.h"

namespace attune::test {
namespace {

constexpr cudaStreamCaptureMode global = cudaStreamCaptureModeGlobal, relaxed = cudaStreamCaptureModeRelaxed;

class Graph {
 public:
  explicit Graph(cudaGraph_t graph) : graph_(graph) {
    REQUIRE(cudaGraphInstantiate(&exec_, graph) == cudaSuccess);
  }
  ~Graph() {
    static_cast<void>(cudaGraphExecDestroy(exec_));
    static_cast<void>(cudaGraphDestroy(graph_));
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  void launch(cudaStream_t stream) { REQUIRE(cudaGraphLaunch(exec_, stream) == cudaSuccess); }

 private:
  cudaGraph_t graph_;
  cudaGraphExec_t exec_ = nullptr;
};

template <class Body>
cudaGraph_t capture(cudaStream_t stream, const Body& body) {
  REQUIRE(cudaStreamBeginCapture(stream, global) == cudaSuccess);
  body();
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  return graph;
}

TEST_CASE("captured work runs when its graph is launched, as often as that") {
  DeviceArray<int> in(std::vector<int>{1, 2, 3}), sums(std::vector<int>{0, 0});
  PinnedArray<int> result(2);
  const Stream stream;
  cuda_on_host::reset_counters();
  Graph graph(capture(stream, [&] {
    REQUIRE(launch_count(sums.data(), in.data(), 3, stream) == cudaSuccess);
    REQUIRE(cudaMemcpyAsync(result.data(), sums.data(), 8, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
    REQUIRE(cudaMemsetAsync(in.data(), 0, 4, stream) == cudaSuccess);
  }));
  CHECK(sums.get() == std::vector<int>{0, 0});
  CHECK(result[0] == 0);  // nothing is pending before the launch
  graph.launch(stream);
  CHECK(result[0] == -1);
  REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK((result[0] == 6 && result[1] == 2));
  graph.launch(stream);
  REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK((result[0] == 11 && result[1] == 3));
  CHECK(cuda_on_host::counters().launches.at("test: count_kernel") == 1);
  CHECK(cuda_on_host::counters().graph_launches == 2);
}

TEST_CASE("a graph copies what its host buffer holds when it is launched") {
  DeviceArray<float> in(std::vector<float>{0});
  PinnedArray<float> batch(1);
  const Stream stream;
  Graph graph(capture(stream, [&] {
    REQUIRE(cudaMemcpyAsync(in.data(), batch.data(), 4, cudaMemcpyHostToDevice, stream) == cudaSuccess);
  }));
  for (float value : {1.0f, 2.0f}) {
    batch[0] = value;
    graph.launch(stream);
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK(in.get()[0] == value);
  }
  graph.launch(stream);
  batch[0] = 3;
  CHECK(cudaStreamSynchronize(stream) == cudaErrorLaunchFailure);
}

// Forks a branch, which stores 3 while the origin stores 4, and joins it.
Graph forked(float* of_branch, float* of_origin, float* of_both) {
  const Stream stream, branch;
  const Event fork, join;
  return Graph(capture(stream, [&] {
    REQUIRE(cudaEventRecord(fork, stream) == cudaSuccess);
    REQUIRE(cudaStreamWaitEvent(branch, fork) == cudaSuccess);
    REQUIRE(launch_store(of_branch, 3, branch) == cudaSuccess);
    REQUIRE(launch_store(of_both, 1, branch) == cudaSuccess);
    REQUIRE(launch_store(of_origin, 4, stream) == cudaSuccess);
    REQUIRE(cudaEventRecord(join, branch) == cudaSuccess);
    REQUIRE(cudaStreamWaitEvent(stream, join) == cudaSuccess);
    REQUIRE(launch_store(of_both, 2, stream) == cudaSuccess);
  }));
}

TEST_CASE("the branches of a graph run in either order, what joins them afterwards") {
  std::vector<bool> seen(5);
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    cuda_on_host::set_schedule_seed(seed);
    DeviceArray<float> out(std::vector<float>{0}), elsewhere(std::vector<float>{0}),
        both(std::vector<float>{0});
    const Stream stream, other;
    Graph apart = forked(out.data(), elsewhere.data(), both.data());
    REQUIRE(launch_store(both.data(), 5, stream) == cudaSuccess);
    apart.launch(stream);
    apart.launch(other);  // a graph follows its own earlier launch
    REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
    CHECK(both.get()[0] == 2);

    Graph racing = forked(out.data(), out.data(), both.data());
    racing.launch(stream);
    CHECK(cudaStreamSynchronize(stream) == cudaErrorLaunchFailure);
    const std::string report = cudaGetErrorString(cudaErrorLaunchFailure);
    CHECK(report.find("in a stream that no event orders before") != std::string::npos);
    seen[static_cast<std::size_t>(out.get()[0])] = true;
  }
  CHECK((seen[3] && seen[4]));
}

TEST_CASE("a branch that is not joined spoils its capture") {
  DeviceArray<float> out(std::vector<float>{0});
  const Stream stream, branch;
  const Event fork;
  REQUIRE(cudaStreamBeginCapture(stream, global) == cudaSuccess);
  REQUIRE(cudaEventRecord(fork, stream) == cudaSuccess);
  REQUIRE(cudaStreamWaitEvent(branch, fork) == cudaSuccess);
  REQUIRE(launch_store(out.data(), 1, branch) == cudaSuccess);
  cudaGraph_t graph = nullptr;
  CHECK(cudaStreamEndCapture(branch, &graph) == cudaErrorStreamCaptureUnmatched);
  CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);

  REQUIRE(cudaStreamBeginCapture(stream, global) == cudaSuccess);
  REQUIRE(cudaEventRecord(fork, stream) == cudaSuccess);
  REQUIRE(cudaStreamWaitEvent(branch, fork) == cudaSuccess);
  REQUIRE(launch_store(out.data(), 1, branch) == cudaSuccess);
  CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureUnjoined);
  CHECK(graph == nullptr);
  REQUIRE(launch_store(out.data(), 2, branch) == cudaSuccess);
  REQUIRE(cudaStreamSynchronize(branch) == cudaSuccess);
  CHECK(out.get()[0] == 2);
}

// The call's error; the capture must not survive it.
cudaError_t captured(const std::function<cudaError_t(cudaStream_t)>& call) {
  const Stream stream;
  REQUIRE(cudaStreamBeginCapture(stream, global) == cudaSuccess);
  const cudaError_t error = call(stream);
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  CHECK(cudaStreamIsCapturing(stream, &status) == cudaSuccess);
  CHECK(status == cudaStreamCaptureStatusInvalidated);
  CHECK(cudaMemsetAsync(nullptr, 0, 0, stream) == cudaErrorStreamCaptureInvalidated);
  cudaGraph_t graph = nullptr;
  CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
  CHECK(cudaStreamIsCapturing(stream, &status) == cudaSuccess);
  CHECK(status == cudaStreamCaptureStatusNone);
  return error;
}

TEST_CASE("a capture refuses allocation, synchronization and pageable copies") {
  DeviceArray<float> array(std::vector<float>{0});
  float host = 0;
  void* data = nullptr;
  const Event outside;
  REQUIRE(cudaEventRecord(outside, nullptr) == cudaSuccess);
  cudaGraphExec_t empty = nullptr;
  const auto refuses = [](const std::function<cudaError_t(cudaStream_t)>& call) {
    return captured(call) == cudaErrorStreamCaptureUnsupported;
  };
  CHECK(refuses([&](cudaStream_t) { return cudaMalloc(&data, 4); }));
  CHECK(refuses([&](cudaStream_t) { return cudaFree(array.data()); }));
  CHECK(refuses([&](cudaStream_t) { return cudaMallocHost(&data, 4); }));
  CHECK(refuses([&](cudaStream_t) { return cudaMemcpy(&host, array.data(), 4, cudaMemcpyDeviceToHost); }));
  CHECK(refuses([&](cudaStream_t) { return cudaMemset(array.data(), 0, 4); }));
  CHECK(refuses([&](cudaStream_t) { return launch_store(array.data(), 1, nullptr); }));
  CHECK(refuses([&](cudaStream_t) { return cudaDeviceSynchronize(); }));
  CHECK(refuses([&](cudaStream_t stream) { return cudaStreamSynchronize(stream); }));
  CHECK(refuses([&](cudaStream_t stream) { return cudaStreamQuery(stream); }));
  CHECK(refuses([&](cudaStream_t stream) { return cudaGraphLaunch(empty, stream); }));
  CHECK(refuses([&](cudaStream_t stream) {
    return cudaMemcpyAsync(array.data(), &host, 4, cudaMemcpyHostToDevice, stream);
  }));
  const Event inside;
  CHECK(captured([&](cudaStream_t stream) {
          REQUIRE(cudaEventRecord(inside, stream) == cudaSuccess);
          return cudaEventSynchronize(inside);
        }) == cudaErrorCapturedEvent);
  CHECK(captured([&](cudaStream_t stream) { return cudaStreamWaitEvent(stream, outside); }) ==
        cudaErrorStreamCaptureIsolation);
  const Stream other;
  CHECK(cudaStreamWaitEvent(other, inside) == cudaErrorCapturedEvent);  // its capture has ended
  CHECK(array.get()[0] == 0);
  CHECK(data == nullptr);
}

TEST_CASE("a relaxed capture allows allocation") {
  const Stream stream;
  REQUIRE(cudaStreamBeginCapture(stream, relaxed) == cudaSuccess);
  { DeviceArray<float> array(std::vector<float>{0}); }
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  Graph(graph).launch(stream);
}

TEST_CASE("captures begin and end once, and never on the default stream") {
  const Stream stream;
  cudaGraph_t graph = nullptr;
  CHECK(cudaStreamBeginCapture(nullptr, global) == cudaErrorStreamCaptureUnsupported);
  CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorIllegalState);
  REQUIRE(cudaStreamBeginCapture(stream, global) == cudaSuccess);
  CHECK(cudaStreamBeginCapture(stream, global) == cudaErrorIllegalState);
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  CHECK(cudaGraphDestroy(graph) == cudaSuccess);
}

TEST_CASE("a fault within a graph is found when it runs") {
  std::vector<float> values(block_size);
  DeviceArray<float> in(values), out(values);
  const Stream stream;
  Graph graph(capture(stream, [&] {
    REQUIRE(launch_planted(Fault::missing_barrier, out.data(), in.data(), 1, stream) == cudaSuccess);
  }));
  graph.launch(stream);
  CHECK(cudaStreamSynchronize(stream) == cudaErrorLaunchFailure);
  CHECK(std::string(cudaGetErrorString(cudaErrorLaunchFailure)).find("race on shared slots") == 0);
}

}  // namespace
}  // namespace attune::test
