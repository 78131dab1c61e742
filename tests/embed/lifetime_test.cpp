// What long-running programs need: nothing is left behind by handles, and threads share a model.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <thread>

#include "attune/harmonizer.h"
#include "layers/harmonizer/model_file.h"
#include "tests/embed/embedded_pictures.h"
#include "tests/support/tiny_harmonizer.h"
#include "tests/tools/temporary_folder.h"

namespace attune::test {

namespace {

// The bytes of a small model's file.
std::string tiny_model() {
  ParameterStore store;
  const Harmonizer network(store, tiny_options());
  allocate_stirred(store, 5);
  const tools::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  save_model(path, 64, network, store, store.values());
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void cycle(const std::string& bytes, EmbeddedPicture& picture) {
  const api::Model model = api::Model::from_memory(bytes.data(), bytes.size());
  api::Harmonizer harmonizer(model, -1, 1);
  harmonizer.run(picture.description());
}

std::int64_t resident_kib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "VmRSS:") {
  }
  std::int64_t kib = 0;
  status >> kib;
  return kib;
}

}  // namespace

TEST_CASE("Ten thousand models and sessions leave nothing behind") {
#ifdef HWY_COMPILE_ONLY_STATIC  // as all sanitized builds are
  constexpr int cycles = 200;   // their own leak check looks closer; freed memory waits in their quarantine
  constexpr std::int64_t most_kib = std::int64_t{1} << 20;
#else
  constexpr int cycles = 10000;
  constexpr std::int64_t most_kib = 1024;
#endif
  const std::string bytes = tiny_model();
  EmbeddedPicture picture(ATTUNE_RGB8, 0, 20, 12);
  for (int i = 0; i < cycles / 20; ++i) cycle(bytes, picture);  // oneDNN keeps its compiled kernels
  const std::int64_t before = resident_kib();
  for (int i = 0; i < cycles; ++i) cycle(bytes, picture);
  const std::int64_t after = resident_kib();
  REQUIRE(before > 0);
  CHECK(after - before < most_kib);
}

TEST_CASE("Eight threads at once share a model") {
  const std::string bytes = tiny_model();
  const api::Model model = api::Model::from_memory(bytes.data(), bytes.size());
  EmbeddedPicture alone;
  api::Harmonizer(model, -1, 1).run(alone.description());
  // CHECK is for one thread at a time: the threads only compute.
  std::vector<EmbeddedPicture> pictures(8);
  std::vector<std::thread> threads;
  for (EmbeddedPicture& picture : pictures)
    threads.emplace_back([&model, &picture] {
      for (int repeat = 0; repeat < 5; ++repeat) {
        api::Harmonizer harmonizer(model, -1, 1);
        harmonizer.run(picture.description());
        harmonizer.run(picture.description());
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const EmbeddedPicture& picture : pictures) CHECK(picture.output == alone.output);
}

}  // namespace attune::test
