// A model's description in its file: what is written comes back, and files from before a key was there still mean something.
#include "layers/harmonizer/model_file.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/tiny_harmonizer.h"
#include "tests/tools/temporary_folder.h"

using namespace attune;

namespace {

ModelDescription saved_and_described(const HarmonizerOptions& options, const std::filesystem::path& path) {
  ParameterStore store;
  const Harmonizer harmonizer(store, options);
  store.allocate(Device{}, 5);
  save_model(path, 128, harmonizer, store, store.values());
  return describe_model(read_safetensors(path), path.string());
}

}  // namespace

TEST_CASE("a model's description comes back from its file") {
  const tools::TemporaryFolder folder;
  HarmonizerOptions options = test::tiny_options(Fusion::external, Head::blend);
  options.slope = 0.125f;
  options.head_level = 2;
  for (const bool global : {false, true}) {
    options.global = global;
    const ModelDescription description = saved_and_described(options, folder.path() / "model.safetensors");
    CHECK(description.options.channels == options.channels);
    CHECK(description.options.head == options.head);
    CHECK(description.options.head_level == 2);
    CHECK(description.options.fusion == options.fusion);
    CHECK(description.options.global == global);
    CHECK(description.options.slope == options.slope);
    CHECK(description.inference_size == 128);
  }
}

TEST_CASE(
    "a model from before there was a global part or a choice of the head's level has half resolution alone") {
  const tools::TemporaryFolder folder;
  saved_and_described(test::tiny_options(), folder.path() / "model.safetensors");
  SafetensorsFile file = read_safetensors(folder.path() / "model.safetensors");
  auto description = nlohmann::json::parse(file.metadata.at("attune.model"));
  REQUIRE(description.erase("global") == 1);
  REQUIRE(description.erase("head_level") == 1);
  file.metadata["attune.model"] = description.dump();
  const HarmonizerOptions old = describe_model(file, "old").options;
  CHECK_FALSE(old.global);
  CHECK(old.head_level == 1);
}

TEST_CASE("weights with a global part load into such a network alone") {
  const tools::TemporaryFolder folder;
  HarmonizerOptions options = test::tiny_options();
  options.global = true;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  saved_and_described(options, path);
  const SafetensorsFile file = read_safetensors(path);
  ParameterStore with_global, without;
  const Harmonizer same(with_global, options), other(without, test::tiny_options());
  with_global.allocate(Device{}, 6);
  without.allocate(Device{}, 6);
  load_weights(file, "model", same, with_global);
  CHECK_THROWS_AS(load_weights(file, "model", other, without), Error);
}
