// The runtime itself: the standard calls, and that each planted fault is found, whatever the schedule.
#include <catch2/catch.hpp>
#include <numeric>
#include <regex>
#include <sstream>
#include <vector>

#include "tests/cuda_on_host/control.h"
#include "tests/cuda_on_host/device_objects.h"
#include "tests/cuda_on_host/planted_faults.h"

namespace attune::test {
namespace {

std::vector<float> counting(int count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

constexpr int blocks = 3;

// The report of a run with this fault; an empty one where nothing was found.
std::string report_of(Fault fault, std::uint64_t seed) {
  cuda_on_host::set_schedule_seed(seed);
  const Stream stream;
  DeviceArray<float> in(counting(blocks * block_size)), out(counting(blocks * block_size));
  float* fresh = nullptr;  // as long as `out` and one block more, which nobody writes
  REQUIRE(cudaMalloc(&fresh, (blocks + 1) * block_size * sizeof(float)) == cudaSuccess);
  float* const target = fault == Fault::unwritten_global ? fresh : out.data();
  REQUIRE(launch_planted(fault, target, in.data(), blocks, stream) == cudaSuccess);
  const cudaError_t error = cudaStreamSynchronize(stream);
  std::string report = error == cudaSuccess ? "" : cudaGetErrorString(error);
  if (error == cudaSuccess) {
    const std::vector<float> result = out.get();
    for (int i = 0; i < blocks * block_size; ++i) {
      const int expected = i / block_size * block_size + block_size - i % block_size;
      CHECK(result[static_cast<std::size_t>(i)] == static_cast<float>(expected));
    }
  }
  REQUIRE(cudaFree(fresh) == cudaSuccess);
  return report;
}

void check_found(Fault fault, const std::vector<std::string>& expected, std::uint64_t seeds = schedules) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const std::string report = report_of(fault, seed);
    INFO("seed " << seed << ", report: " << report);
    for (const std::string& part : expected) CHECK(report.find(part) != std::string::npos);
    CHECK(report.find("planted_kernel") != std::string::npos);
    CHECK(report.find(", thread ") != std::string::npos);
  }
}

// Two threads, each with its block, and the address.
void check_race(Fault fault, const std::string& object, const std::string& others) {
  std::ostringstream form;
  form << "race on " << object << R"( \+ \d+ bytes \(0x[0-9a-f]+\), in .*planted_kernel.*, )"
       << R"(block \d, thread \d+ (writes|reads) it, and block \d, thread \d+ (wrote|read) it )" << others
       << ".*";
  const std::regex expected(form.str());
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    const std::string report = report_of(fault, seed);
    INFO("seed " << seed << ", report: " << report);
    CHECK(std::regex_match(report, expected));
  }
}

TEST_CASE("a right kernel passes") {
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) CHECK(report_of(Fault::none, seed).empty());
}

TEST_CASE("races are found") {
  const std::string in_block = "without a barrier between", in_launch = "in the same launch";
  check_race(Fault::missing_barrier, "shared slots", in_block);
  check_race(Fault::missing_syncwarp, "shared slots", in_block);
  check_race(Fault::shuffle_is_no_barrier, "shared slots", in_block);
  check_race(Fault::write_after_read, "shared slots", in_block);
  check_race(Fault::atomic_and_plain, "shared counter", in_block);
  const std::string global = "global memory, an allocation of 768 bytes,";
  check_race(Fault::global_missing_barrier, global, in_block);
  check_race(Fault::two_blocks_write, global, in_launch);
  check_race(Fault::read_across_blocks, global, in_launch);
}

TEST_CASE("divergent barriers are found") {
  check_found(Fault::divergent_barrier,
              {"divergent barrier in ", ", thread 0 waits at ", ", thread 32 waits at "});
  check_found(Fault::two_barriers,
              {"divergent barrier in ", ", thread 0 waits at ", ", thread 32 waits at "});
  check_found(Fault::barrier_after_exit,
              {"divergent barrier in ", ", thread 0 has ended, thread 32 waits at "});
}

TEST_CASE("warp operations with wrong masks are found") {
  check_found(Fault::lane_outside_mask, {"with mask 0x1 at ", "leaves itself out"});
  check_found(Fault::shuffle_without_self, {"with mask 0xfffe at ", "leaves itself out"});
  check_found(Fault::shuffle_from_outside_mask,
              {"with mask 0xffff at ", "reads lane 20, which the mask leaves out"});
  check_found(Fault::lane_that_ended,
              {"with mask 0xffffffff at ", "waits for lane 7, thread ", "which has ended"});
  check_found(Fault::lane_elsewhere,
              {"with mask 0xffffffff at ", "waits for lane 16, thread 16, which waits at "});
  check_found(Fault::two_operations,
              {"with mask 0xffffffff at ", " meets one of another kind with mask 0xffffffff, of thread "});
  check_found(Fault::different_masks,
              {"a warp operation with mask 0xffff", " meets one with mask 0xffff", ", of thread "});
}

TEST_CASE("accesses out of bounds are found") {
  check_found(Fault::dynamic_out_of_bounds, {"outside every __shared__ object"});
  check_found(Fault::global_read_out_of_bounds,
              {"out of bounds: 4 bytes at byte 768 of an allocation of 768 bytes"});
  check_found(Fault::global_write_out_of_bounds, {"4 bytes at byte 768 of an allocation of 768 bytes"});
  // UndefinedBehaviorSanitizer reports a place in the source once.
  check_found(Fault::shared_out_of_bounds, {"out of bounds"}, 1);
  check_found(Fault::rows_out_of_bounds, {"out of bounds"}, 1);
  check_found(Fault::misaligned_vector, {"misaligned address 0x"}, 1);
}

TEST_CASE("misaligned vectors are found") { check_found(Fault::misaligned_store, {"misaligned", "0x"}); }

TEST_CASE("reads of unwritten memory are found") {
  check_found(Fault::unwritten_shared, {"read of unwritten shared counter"});
  check_found(Fault::unwritten_global, {"read of unwritten global memory"});
}

TEST_CASE("copies of unwritten memory are found, even through a second copy") {
  float *data = nullptr, *copy = nullptr, host[4] = {};
  REQUIRE(cudaMalloc(&data, sizeof host) == cudaSuccess);
  REQUIRE(cudaMalloc(&copy, sizeof host) == cudaSuccess);
  REQUIRE(cudaMemset(data, 0, sizeof host / 2) == cudaSuccess);
  REQUIRE(cudaMemcpy(copy, data, sizeof host, cudaMemcpyDefault) == cudaSuccess);
  CHECK(cudaMemcpy(host, copy, sizeof host / 2, cudaMemcpyDefault) == cudaSuccess);
  CHECK(cudaMemcpy(host, copy, sizeof host, cudaMemcpyDefault) == cudaErrorLaunchFailure);
  const std::string report = cudaGetErrorString(cudaErrorLaunchFailure);
  CHECK(report.find("unwritten global memory, an allocation of 16 bytes, + 8 bytes (0x") !=
        std::string::npos);
  REQUIRE(cudaFree(data) == cudaSuccess);
  REQUIRE(cudaFree(copy) == cudaSuccess);
}

TEST_CASE("a fault reaches the caller once, as an error of the next synchronizing call") {
  DeviceArray<float> in(counting(block_size)), out(counting(block_size));
  const Stream stream;
  static_cast<void>(cudaGetLastError());
  REQUIRE(launch_planted(Fault::missing_barrier, out.data(), in.data(), 1, stream) == cudaSuccess);
  CHECK(cudaGetLastError() == cudaSuccess);
  CHECK(cudaStreamSynchronize(stream) == cudaErrorLaunchFailure);
  CHECK(cudaGetLastError() == cudaErrorLaunchFailure);
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(cuda_on_host::take_fault().empty());
}

TEST_CASE("a host write around a device allocation is found when it is freed") {
#if !defined(__SANITIZE_ADDRESS__)  // which ends the program at the write
  unsigned char* data = nullptr;
  REQUIRE(cudaMalloc(&data, 100) == cudaSuccess);
  data[100] = 1;
  REQUIRE(cudaFree(data) == cudaSuccess);
  CHECK(cuda_on_host::take_fault().find("host code wrote around") != std::string::npos);
#endif
}

TEST_CASE("atomics and ballots count") {
  std::vector<int> values(1000);
  std::iota(values.begin(), values.end(), -300);
  DeviceArray<int> in(values), out(std::vector<int>{0, 0});
  const Stream stream;
  REQUIRE(launch_count(out.data(), in.data(), 1000, stream) == cudaSuccess);
  REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK(out.get() == std::vector<int>{std::accumulate(values.begin(), values.end(), 0), 500});
}

TEST_CASE("shuffles follow the manual's rules for segments") {
  for (const int width : {32, 8}) {
    DeviceArray<int> out(std::vector<int>(128));
    REQUIRE(launch_shuffles(out.data(), width, nullptr) == cudaSuccess);
    const std::vector<int> result = out.get();
    for (int lane = 0; lane < 32; ++lane) {
      const int first = lane / width * width, last = first + width - 1;
      const auto row = [&](int kind) {
        return result.at(static_cast<std::size_t>(kind) * 32 + static_cast<std::size_t>(lane));
      };
      CHECK(row(0) == first + 3);
      CHECK(row(1) == (lane - 2 < first ? lane : lane - 2));
      CHECK(row(2) == (lane + 2 > last ? lane : lane + 2));
      CHECK(row(3) == (lane ^ 5));
    }
  }
}

TEST_CASE("more than 48 KiB of shared memory is allowed on request, and limits how many blocks there are") {
  DeviceArray<int> out(std::vector<int>{0});
  const std::size_t large = 100 << 10;
  CHECK(launch_with_shared(out.data(), large, nullptr) == cudaErrorInvalidConfiguration);
  CHECK(active_blocks(256, large) == 0);
  CHECK(allow_shared(228 << 10) == cudaErrorInvalidValue);
  REQUIRE(allow_shared(large) == cudaSuccess);
  REQUIRE(launch_with_shared(out.data(), large, nullptr) == cudaSuccess);
  CHECK(out.get()[0] == 1);
  CHECK(active_blocks(256, large) == 2);
  CHECK(active_blocks(256, 0) == 8);
  CHECK(active_blocks(33, 0) == 32);
  CHECK(active_blocks(0, 0) == -1);
  CHECK(active_blocks(1025, 0) == 0);
}

TEST_CASE("the device's attributes are an H100's, but for its number of multiprocessors") {
  const auto attribute = [](cudaDeviceAttr which) {
    int value = -1;
    CHECK(cudaDeviceGetAttribute(&value, which, 0) == cudaSuccess);
    return value;
  };
  CHECK(attribute(cudaDevAttrMultiProcessorCount) == cuda_on_host::default_multiprocessors);
  CHECK(attribute(cudaDevAttrMaxThreadsPerBlock) == 1024);
  CHECK(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin) == 227 << 10);
  CHECK(attribute(cudaDevAttrComputeCapabilityMajor) == 9);
  int value = 0;
  CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 1) == cudaErrorInvalidDevice);
}

TEST_CASE("wrong calls are refused") {
  DeviceArray<float> array(std::vector<float>(4));
  float host[8] = {};
  CHECK(cudaMemcpy(array.data(), host, 32, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(host, array.data() + 1, 16, cudaMemcpyDefault) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(host, host + 4, 16, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
  CHECK(cudaMemset(host, 0, 4) == cudaErrorInvalidValue);
  CHECK(cudaFree(host) == cudaErrorInvalidValue);
  CHECK(launch_count(nullptr, nullptr, 0, nullptr) == cudaErrorInvalidConfiguration);
  void* data = nullptr;
  CHECK(cudaMalloc(&data, std::size_t{1} << 40) == cudaErrorMemoryAllocation);
  CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
  CHECK(cudaGetLastError() == cudaSuccess);
  CHECK(cudaSetDevice(1) == cudaErrorInvalidDevice);
  cudaDeviceProp properties;
  CHECK(cudaGetDeviceProperties(&properties, 0) == cudaSuccess);
  CHECK(properties.warpSize == 32);
}

// Fails, as a test of a kernel with this fault would: tests/gpu/test_accept.py runs it.
TEST_CASE("a planted race", "[.planted]") {
  const std::string report = report_of(Fault::missing_barrier, 1);
  INFO(report);
  CHECK(report.empty());
}

}  // namespace
}  // namespace attune::test
