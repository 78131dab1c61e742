// A loaded model: immutable, shared between sessions. Behind attune_model.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "layers/harmonizer/model_file.h"

namespace attune {

class Model {
 public:
  // The weights lie in the allocator's memory.
  explicit Model(const std::filesystem::path& path, const Allocator& allocator = {});
  // From the bytes of a model's file; the path is empty.
  Model(const void* data, std::size_t bytes, const Allocator& allocator = {});

  const std::filesystem::path& path() const { return path_; }
  const ModelDescription& description() const { return description_; }
  const Harmonizer& harmonizer() const { return harmonizer_; }
  const ParameterStore& store() const { return store_; }  // on the CPU
  std::int64_t parameters() const { return store_.count(); }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  Model(const std::filesystem::path& path, const std::string& name, const SafetensorsFile& file,
        const Allocator& allocator);

  std::filesystem::path path_;
  std::map<std::string, std::string> metadata_;
  ModelDescription description_;
  ParameterStore store_;
  Harmonizer harmonizer_;
};

// Where the shipped model is: share/attune/models under the prefix that this library or program was installed
// to, or models/ of the source tree above a build tree. Found at run time, never compiled in. Throws
// ErrorKind::input naming the places where it is not.
std::filesystem::path shipped_model_path();

}  // namespace attune
