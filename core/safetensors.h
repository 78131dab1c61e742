// safetensors files: named tensors and string metadata. Dtypes F32, BF16, F64, I32, U8.
//
// Reading checks every bound before it is used: header length, JSON, dtype, shape, offsets inside the file, no
// overlap and no hole. Tensors are at most rank 4. Writing is deterministic (the header by name; the data by size of
// element, then name, so that each tensor is aligned; no time, path or host) and goes beside the target first, then
// renames.
// Errors: ErrorKind::input on a file that is missing, cut short or malformed, naming file and tensor;
// ErrorKind::output where it can't be written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace attune {

struct SafetensorsFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

SafetensorsFile read_safetensors(const std::filesystem::path& path);
// The same from memory; `name` stands for the file in messages.
SafetensorsFile parse_safetensors(const void* data, std::size_t size, const std::string& name);

struct NamedTensorView {
  std::string name;
  ConstTensorView view;  // on the CPU
};
void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensorView>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace attune
