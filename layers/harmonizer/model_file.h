// A harmonizer in a safetensors file: the weights, and in the metadata what is needed to build the network
// again.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "core/safetensors.h"
#include "layers/harmonizer/harmonizer.h"

namespace attune {

// What a model is, apart from its weights.
struct ModelDescription {
  HarmonizerOptions options;
  // At inference the network sees the picture with its longer side scaled down to this many pixels (affine
  // head).
  std::int64_t inference_size = 256;
};

const char* name_of(Head head);
const char* name_of(Fusion fusion);
// Throw ErrorKind::configuration where the name is none of the above's.
Head head_from_name(const std::string& name);
Fusion fusion_from_name(const std::string& name);

// Metadata key "attune.model" holds the description as JSON, "format" says "attune harmonizer 1"; `extra` is added.
// The weights are those of `harmonizer`, whose parameters lie in `store`, taken from `values`: a flat array that lies like
// the store's own (their average, say), on any device.
void save_model(const std::filesystem::path& path, std::int64_t inference_size, const Harmonizer& harmonizer,
                const ParameterStore& store, const TensorView& values,
                const std::map<std::string, std::string>& extra = {});

// The description in a file that save_model wrote. Throws ErrorKind::input where it is none or has a version
// this program does not know; `name` stands for the file.
ModelDescription describe_model(const SafetensorsFile& file, const std::string& name);

// Copies the file's weights into those of `harmonizer`, which lie in `store`, f32 from f32 or bf16. Every parameter of the
// harmonizer must be there with its shape, and nothing else: throws ErrorKind::input naming the first that is missing,
// unknown or different.
void load_weights(const SafetensorsFile& file, const std::string& name, const Harmonizer& harmonizer,
                  ParameterStore& store);

}  // namespace attune
