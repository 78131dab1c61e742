// A small network with the blend head, ready to be embedded.
#pragma once

#include "attune/harmonizer.h"
#include "layers/harmonizer/model_file.h"
#include "tests/support/tiny_harmonizer.h"
#include "tests/tools/temporary_folder.h"

namespace attune::test {

// A blend network that changes colours much and unevenly, loaded from its file by `load`.
template <class Load>
auto with_blend_model(bool global, std::vector<std::int64_t> channels, const Load& load) {
  HarmonizerOptions options = tiny_options(Fusion::learned, Head::blend);
  options.global = global;
  options.channels = std::move(channels);
  ParameterStore store;
  const Harmonizer network(store, options);
  allocate_stirred(store, 5);
  for (const Parameter& parameter : store.all())
    if (parameter.name == "head.bias") parameter.value.as<float>()[3] = 1;
  const tools::TemporaryFolder folder;
  const std::string path = (folder.path() / "model.safetensors").string();
  save_model(path, 256, network, store, store.values());
  return load(path);
}

inline api::Model blend_model(bool global, std::vector<std::int64_t> channels = {8, 12, 16}) {
  return with_blend_model(global, std::move(channels),
                          [](const std::string& path) { return api::Model(path); });
}

inline api::Harmonizer blend_harmonizer(bool global, std::vector<std::int64_t> channels = {8, 12, 16}) {
  return api::Harmonizer(blend_model(global, std::move(channels)), -1, 2);
}

}  // namespace attune::test
