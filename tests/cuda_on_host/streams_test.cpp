// Streams, events, asynchronous copies, graphs and what is counted of them.
#include <catch2/catch.hpp>
#include <cmath>
#include <regex>
#include <vector>

#include "tests/cuda_on_host/control.h"
#include "tests/cuda_on_host/device_objects.h"
#include "tests/cuda_on_host/planted_faults.h"

namespace attune::test {
namespace {

// The report of the fault that was found, as the synchronizing call gives it.
std::string fault_of(cudaError_t error) {
  return error == cudaErrorLaunchFailure ? cudaGetErrorString(error) : "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("streams run late, so that a missing synchronization shows") {
  cuda_on_host::set_schedule_seed(1);
  DeviceArray<float> out(std::vector<float>{0});
  const Stream stream, blocking(cudaStreamDefault);
  REQUIRE(launch_store(out.data(), 1, stream) == cudaSuccess);
  CHECK(out.get()[0] == 0);  // the default stream does not wait for a non-blocking one
  const std::string report = fault_of(cudaStreamSynchronize(stream));
  CHECK(contains(report, "race on global memory, an allocation of 4 bytes, + 0 bytes (0x"));
  CHECK(contains(report,
                 "store_kernel(float*, float), block 0, thread 0 writes it, and a copy or fill read it in "
                 "a stream that no event orders before"));
  REQUIRE(launch_store(out.data(), 2, stream) == cudaSuccess);
  REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(out.get()[0] == 2);
  REQUIRE(launch_store(out.data(), 3, blocking) == cudaSuccess);
  CHECK(out.get()[0] == 3);
}

TEST_CASE("work on one array that no event orders is found, in whatever order it runs") {
  std::vector<bool> seen(5);
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    cuda_on_host::set_schedule_seed(seed);
    DeviceArray<float> out(std::vector<float>{0});
    const Stream stream, other;
    REQUIRE(launch_store(out.data(), 3, stream) == cudaSuccess);
    REQUIRE(launch_store(out.data(), 4, other) == cudaSuccess);
    const std::string report = fault_of(cudaDeviceSynchronize());
    INFO("report: " << report);
    const std::regex form(
        R"(race on global memory, an allocation of 4 bytes, \+ 0 bytes \(0x[0-9a-f]+\), in )"
        R"(.*store_kernel\(.*\), block 0, thread 0 writes it, and block 0, thread 0 of )"
        R"(.*store_kernel\(.*\) wrote it in a stream that no event orders before .*)");
    CHECK(std::regex_match(report, form));
    seen[static_cast<std::size_t>(out.get()[0])] = true;  // the second store is not made
  }
  CHECK((seen[3] && seen[4]));
}

TEST_CASE("copies and fills that no event orders are found") {
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    cuda_on_host::set_schedule_seed(seed);
    DeviceArray<float> out(std::vector<float>{0});
    PinnedArray<float> result(1);
    const Stream stream, other;
    REQUIRE(launch_store(out.data(), 1, stream) == cudaSuccess);
    REQUIRE(cudaMemcpyAsync(result.data(), out.data(), 4, cudaMemcpyDeviceToHost, other) == cudaSuccess);
    CHECK(contains(fault_of(cudaDeviceSynchronize()), "in a stream that no event orders before"));
    REQUIRE(cudaMemsetAsync(out.data(), 0, 4, stream) == cudaSuccess);
    REQUIRE(cudaMemcpyAsync(out.data(), result.data(), 4, cudaMemcpyHostToDevice, other) == cudaSuccess);
    CHECK(contains(fault_of(cudaDeviceSynchronize()),
                   "a copy or fill writes it, and a copy or fill wrote it in"));
  }
}

TEST_CASE("events, synchronization and the default stream order work") {
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    cuda_on_host::set_schedule_seed(seed);
    DeviceArray<float> out(std::vector<float>{0});
    const Stream stream, other, blocking(cudaStreamDefault);
    const Event event;
    REQUIRE(launch_store(out.data(), 1, stream) == cudaSuccess);
    REQUIRE(cudaEventRecord(event, stream) == cudaSuccess);
    REQUIRE(cudaStreamWaitEvent(other, event) == cudaSuccess);
    REQUIRE(launch_store(out.data(), 2, other) == cudaSuccess);
    REQUIRE(cudaEventRecord(event, other) == cudaSuccess);
    REQUIRE(cudaEventSynchronize(event) == cudaSuccess);
    REQUIRE(launch_store(out.data(), 3, stream) == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK(out.get()[0] == 3);
    REQUIRE(launch_store(out.data(), 4, blocking) == cudaSuccess);
    REQUIRE(launch_store(out.data(), 5, nullptr) == cudaSuccess);
    REQUIRE(cudaMemsetAsync(out.data(), 0, 4, blocking) == cudaSuccess);
    CHECK(out.get()[0] == 0);
  }
}

TEST_CASE("an event orders only what was recorded before it") {
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    cuda_on_host::set_schedule_seed(seed);
    DeviceArray<float> out(std::vector<float>{0});
    const Stream stream, other;
    const Event event;
    REQUIRE(cudaEventRecord(event, stream) == cudaSuccess);
    REQUIRE(launch_store(out.data(), 1, stream) == cudaSuccess);
    REQUIRE(cudaStreamWaitEvent(other, event) == cudaSuccess);
    REQUIRE(launch_store(out.data(), 2, other) == cudaSuccess);
    CHECK(contains(fault_of(cudaDeviceSynchronize()), "in a stream that no event orders before"));
  }
}

TEST_CASE("other streams' work may run before what the host waits for, or not") {
  std::vector<bool> seen(2);
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    cuda_on_host::set_schedule_seed(seed);
    DeviceArray<float> one(std::vector<float>{1}), elsewhere(std::vector<float>{0});
    PinnedArray<float> result(1);
    const Stream stream, other;
    REQUIRE(cudaMemcpyAsync(result.data(), one.data(), 4, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
    REQUIRE(launch_store(elsewhere.data(), 1, other) == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(other) == cudaSuccess);
    seen[std::isnan(result[0]) ? 0 : 1] = true;
  }
  CHECK((seen[0] && seen[1]));
}

TEST_CASE("a query lets a stream go on, and says when it has ended") {
  DeviceArray<float> out(std::vector<float>{0});
  const Stream stream;
  const Event event;
  CHECK(cudaEventQuery(event) == cudaSuccess);
  REQUIRE(launch_store(out.data(), 1, stream) == cudaSuccess);
  REQUIRE(cudaEventRecord(event, stream) == cudaSuccess);
  REQUIRE(launch_store(out.data(), 2, stream) == cudaSuccess);
  CHECK(cudaEventQuery(event) == cudaErrorNotReady);
  CHECK(cudaEventQuery(event) == cudaErrorNotReady);
  CHECK(cudaEventQuery(event) == cudaSuccess);
  CHECK(cudaStreamQuery(stream) == cudaErrorNotReady);
  CHECK(cudaStreamQuery(stream) == cudaSuccess);
  CHECK(out.get()[0] == 2);
}

TEST_CASE("a result that is read before its event completes is NaN") {
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    cuda_on_host::set_schedule_seed(seed);
    DeviceArray<float> out(std::vector<float>{0});
    PinnedArray<float> result(1);
    const Stream stream;
    const Event stored, copied;
    REQUIRE(launch_store(out.data(), 1, stream) == cudaSuccess);
    REQUIRE(cudaEventRecord(stored, stream) == cudaSuccess);
    REQUIRE(cudaMemcpyAsync(result.data(), out.data(), 4, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
    REQUIRE(cudaEventRecord(copied, stream) == cudaSuccess);
    CHECK(std::isnan(result[0]));
    const bool lazily = seed % 2 == 1;
    REQUIRE(cudaEventSynchronize(stored) == cudaSuccess);
    if (lazily) CHECK(std::isnan(result[0]));
    REQUIRE(cudaEventSynchronize(copied) == cudaSuccess);
    CHECK(result[0] == 1);
  }
}

TEST_CASE("a host buffer that is used again too early is found") {
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    cuda_on_host::set_schedule_seed(seed);
    DeviceArray<float> in(std::vector<float>(4));
    PinnedArray<float> batch(4);
    const Stream stream;
    REQUIRE(cudaMemcpyAsync(in.data(), batch.data(), 16, cudaMemcpyHostToDevice, stream) == cudaSuccess);
    batch[2] = 1;
    const std::string source = fault_of(cudaStreamSynchronize(stream));
    CHECK(contains(source, "host code wrote to byte 10 of 16 pinned bytes (0x"));
    CHECK(contains(source, "which a pending copy reads"));

    REQUIRE(cudaMemcpyAsync(batch.data(), in.data(), 16, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
    batch[1] = 1;
    CHECK(contains(fault_of(cudaStreamSynchronize(stream)), "which a pending copy is to overwrite"));
  }
}

TEST_CASE("a host buffer may be used again once its copy is complete, and within its stream at once") {
  DeviceArray<float> in(std::vector<float>{1, 2}), out(std::vector<float>{3, 4});
  PinnedArray<float> buffer(2);
  const Stream stream;
  const Event copied;
  for (int step = 0; step < 3; ++step) {
    buffer[0] = static_cast<float>(step);
    REQUIRE(cudaMemcpyAsync(in.data(), buffer.data(), 8, cudaMemcpyHostToDevice, stream) == cudaSuccess);
    REQUIRE(cudaMemcpyAsync(buffer.data(), out.data(), 8, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
    REQUIRE(cudaMemcpyAsync(out.data(), buffer.data(), 8, cudaMemcpyHostToDevice, stream) == cudaSuccess);
    REQUIRE(cudaEventRecord(copied, stream) == cudaSuccess);
    REQUIRE(cudaEventSynchronize(copied) == cudaSuccess);
    CHECK(buffer[0] == 3);
    CHECK(in.get()[0] == static_cast<float>(step));
  }
}

TEST_CASE("pageable copies make the host wait, and everything is counted") {
  DeviceArray<float> out(std::vector<float>{0});
  const Stream stream;
  cuda_on_host::reset_counters();
  float host = 0;
  REQUIRE(launch_store(out.data(), 1, stream) == cudaSuccess);
  REQUIRE(launch_store(out.data(), 2, stream) == cudaSuccess);
  REQUIRE(cudaMemcpyAsync(&host, out.data(), 4, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
  CHECK(host == 2);
  CHECK(cuda_on_host::counters().synchronizations == 0);
  { const PinnedArray<float> pinned(1); }
  REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
  const cuda_on_host::Counters counters = cuda_on_host::counters();
  CHECK(counters.launches == std::map<std::string, std::int64_t>{{"test: store_kernel", 2}});
  CHECK(counters.allocations == 1);
  CHECK(counters.synchronizations == 2);
  CHECK(counters.pageable_copies == 1);
}

}  // namespace
}  // namespace attune::test
