// A planned step of the whole training graph allocates nothing.
#include <dlfcn.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>
#include <oneapi/dnnl/dnnl.hpp>

#include "tests/losses/training_graph.h"

namespace {

std::atomic<int> allocations{0};
std::atomic<bool> counting{false};

}  // namespace

// All that attune allocates goes through these: `new`, and posix_memalign for tensors. Not inlined, or gcc takes free()
// for a mismatched delete.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (counting) ++allocations;
  return std::malloc(size ? size : 1);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::nothrow);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { operator delete(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { operator delete(memory); }
extern "C" int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  using Allocate = decltype(&posix_memalign);
  static const auto allocate = reinterpret_cast<Allocate>(dlsym(RTLD_NEXT, "posix_memalign"));
  if (counting) ++allocations;
  return allocate(memory, alignment, size);
}

// oneDNN's own few allocations a call are not attune's.
extern "C" dnnl_status_t dnnl_primitive_execute(const_dnnl_primitive_t primitive, dnnl_stream_t stream,
                                                int count, const dnnl_exec_arg_t* arguments) {
  using Execute = decltype(&dnnl_primitive_execute);
  static const auto execute = reinterpret_cast<Execute>(dlsym(RTLD_NEXT, "dnnl_primitive_execute"));
  const bool before = counting.exchange(false);
  const dnnl_status_t status = execute(primitive, stream, count, arguments);
  counting = before;
  return status;
}

namespace attune::test {

namespace {

template <class Run>
int allocations_of(const Run& run) {
  allocations = 0;
  counting = true;
  run();
  counting = false;
  return allocations;
}

}  // namespace

TEST_CASE("The allocation counter counts new and tensors") {
  // Called by name, because the compiler may leave out a pair of new and delete.
  CHECK(allocations_of([] { operator delete(operator new(4)); }) == 1);
  CHECK(allocations_of([] { static_cast<void>(Tensor({3}, DType::f32)); }) == 1);
}

TEST_CASE("A planned training step allocates nothing") {
  Context context({}, 1);
  for (const char* reading : {"attract", "aligned", "literal"})
    for (const DType activations : {DType::f32, DType::bf16}) {
      INFO(reading << " " << name_of(activations));
      TrainingGraph training(context, reading, activations, Mode::training);
      // The first step makes oneDNN's primitives.
      training.forward();
      training.backward();
      CHECK(allocations_of([&] { training.forward(); }) == 0);
      CHECK(allocations_of([&] { training.backward(); }) == 0);
    }
}

TEST_CASE("A planned inference allocates nothing") {
  Context context({}, 1);
  TrainingGraph inference(context, "attract", DType::f32, Mode::inference);
  inference.forward();
  CHECK(allocations_of([&] { inference.forward(); }) == 0);
}

}  // namespace attune::test
