// The whole training graph, all three branches of the loss: a step allocates nothing, and sharing memory changes no
// bit.
#include <dlfcn.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>
#include <oneapi/dnnl/dnnl.hpp>

#include "losses/reconstruction_loss.h"
#include "losses/region_contrast.h"
#include "tests/support/tiny_harmonizer.h"

namespace {

std::atomic<int> allocations{0};
std::atomic<bool> counting{false};

}  // namespace

// All that attune allocates goes through these: `new`, and aligned_alloc for tensors. Not inlined, or gcc takes free()
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
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  if (counting) ++allocations;
  void* memory = nullptr;
  return posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
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

constexpr std::int64_t images = 2, height = 24, width = 33;

enum class Keep { losses, every_value };

// The tiny network with both losses, planned and filled. Graphs of one context share its oneDNN primitives.
struct TrainingGraph {
  Context& context;
  ParameterStore store;
  Harmonizer harmonizer;
  ReconstructionLossLayer reconstruction{{}};
  RegionContrast contrast;
  Graph graph;
  ValueId composite = graph.input("composite"), real = graph.input("real"), mask = graph.input("mask");
  std::vector<ValueId> losses;

  TrainingGraph(Context& context_, const std::string& reading, DType activations, Mode mode,
                Keep keep = Keep::losses)
      : context(context_),
        harmonizer(store, network_options(activations)),
        contrast(store, harmonizer, contrast_options(reading)) {
    const ValueId y = harmonizer.add_to(graph, composite, mask);
    losses = contrast.add_to(graph, {y, real, composite}, mask);
    losses.push_back(graph.add(reconstruction, {y, real, mask})[0]);
    for (const ValueId loss : losses) graph.add_loss(loss, 0.25);
    for (ValueId value = 0; value <= losses.back() && keep == Keep::every_value; ++value) graph.keep(value);
    allocate_stirred(store, 3);
    graph.plan(context,
               {{composite, pictures_spec(images, height, width)},
                {real, pictures_spec(images, height, width)},
                {mask, masks_spec(images, height, width)}},
               mode);
    std::uint64_t seed = 1;
    for (const ValueId input : {composite, real, mask})
      fill(graph.value(input), uniform_values(graph.value(input).elements(), seed++));
  }
  static HarmonizerOptions network_options(DType activations) {
    HarmonizerOptions options = tiny_options();
    options.activations = activations;
    return options;
  }
  static RegionContrastOptions contrast_options(const std::string& reading) {
    RegionContrastOptions options;
    apply_reading(reading, options);
    options.levels = {0, 1, 2};
    options.samples = options.width = 24;
    return options;
  }
  void forward() { graph.forward(context, {5, 9, 0}); }
  void backward() { graph.backward(context, {5, 9, 0}); }
  std::vector<float> loss_values() const {
    std::vector<float> values;
    for (const ValueId loss : losses) values.push_back(*graph.value(loss).as<float>());
    return values;
  }
};

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

TEST_CASE("Values that share memory give the bits of values that do not") {
  Context context({}, 1);
  for (const char* reading : {"attract", "aligned", "literal"})
    for (const DType activations : {DType::f32, DType::bf16}) {
      INFO(reading << " " << name_of(activations));
      TrainingGraph shared(context, reading, activations, Mode::training);
      TrainingGraph apart(context, reading, activations, Mode::training, Keep::every_value);
      TrainingGraph inference(context, reading, activations, Mode::inference);
      for (TrainingGraph* graph : {&shared, &apart, &inference}) {
        graph->forward();
        graph->backward();
      }
      CHECK(same_bits(shared.loss_values(), apart.loss_values()));
      CHECK(same_bits(shared.loss_values(), inference.loss_values()));
      CHECK(same_bits(floats_of(shared.store.gradients()), floats_of(apart.store.gradients())));
      CHECK(shared.graph.arena_bytes() < apart.graph.arena_bytes());
      CHECK(inference.graph.arena_bytes() < shared.graph.arena_bytes());
    }
}

}  // namespace attune::test
