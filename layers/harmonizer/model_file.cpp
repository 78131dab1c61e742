#include "layers/harmonizer/model_file.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

namespace attune {

namespace {

using nlohmann::json;

constexpr const char* format_key = "format";
constexpr const char* format_name = "attune harmonizer 1";
constexpr const char* description_key = "attune.model";

constexpr std::array<std::pair<Head, const char*>, 2> heads = {
    {{Head::affine, "affine"}, {Head::blend, "blend"}}};
constexpr std::array<std::pair<Fusion, const char*>, 5> fusions = {{{Fusion::none, "none"},
                                                                    {Fusion::instance, "instance"},
                                                                    {Fusion::internal, "internal"},
                                                                    {Fusion::external, "external"},
                                                                    {Fusion::learned, "learned"}}};

template <class Enum, std::size_t n>
const char* find_name(const std::array<std::pair<Enum, const char*>, n>& names, Enum value) {
  for (const auto& [candidate, name] : names)
    if (candidate == value) return name;
  return "?";
}

template <class Enum, std::size_t n>
Enum find_value(const std::array<std::pair<Enum, const char*>, n>& names, const std::string& wanted,
                const char* what) {
  std::string known;
  for (const auto& [value, name] : names) {
    if (wanted == name) return value;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  fail(ErrorKind::configuration, what, " is \"", wanted, "\", expected one of ", known);
}

json to_json(const ModelDescription& description) {
  json fusion = json::array();
  for (const Fusion level : description.options.fusion) fusion.push_back(name_of(level));
  return {{"channels", description.options.channels},     {"head", name_of(description.options.head)},
          {"head_level", description.options.head_level}, {"fusion", fusion},
          {"global", description.options.global},         {"slope", description.options.slope},
          {"inference_size", description.inference_size}};
}

// A weight of the file in f32, as the parameters are kept: itself where it is, else converted into `memory`.
ConstTensorView in_f32(const Tensor& weights, const std::string& what, Tensor& memory) {
  if (weights.dtype() == DType::f32) return weights.view();
  require(weights.dtype() == DType::bf16, ErrorKind::input, what, " are ", name_of(weights.dtype()),
          ", expected F32 or BF16");
  memory = Tensor(weights.shape(), DType::f32);
  std::transform(weights.as<bfloat16>(), weights.as<bfloat16>() + weights.shape().elements(),
                 memory.as<float>(), [](bfloat16 value) { return static_cast<float>(value); });
  return memory.view();
}

}  // namespace

const char* name_of(Head head) { return find_name(heads, head); }
const char* name_of(Fusion fusion) { return find_name(fusions, fusion); }
Head head_from_name(const std::string& name) { return find_value(heads, name, "model.head"); }
Fusion fusion_from_name(const std::string& name) { return find_value(fusions, name, "model.fusion"); }

void save_model(const std::filesystem::path& path, std::int64_t inference_size, const Harmonizer& harmonizer,
                const ParameterStore& store, const TensorView& values,
                const std::map<std::string, std::string>& extra) {
  Tensor host(values.shape, values.dtype);
  copy_bytes(host.view().data, Device{}, values.data, values.device, values.bytes());
  std::vector<NamedTensorView> tensors;
  for (const Parameter* parameter : harmonizer.parameters())
    tensors.push_back({parameter->name, store.view_in(host.view(), *parameter)});
  std::map<std::string, std::string> metadata = extra;
  metadata[format_key] = format_name;
  metadata[description_key] = to_json({harmonizer.options(), inference_size}).dump();
  write_safetensors(path, tensors, metadata);
}

ModelDescription describe_model(const SafetensorsFile& file, const std::string& name) {
  const auto format = file.metadata.find(format_key);
  require(format != file.metadata.end() && file.metadata.count(description_key) == 1, ErrorKind::input, name,
          ": no attune model (its metadata has no \"", format_key, "\" and \"", description_key, "\")");
  require(format->second == format_name, ErrorKind::input, name, ": its format is \"", format->second,
          "\", this program reads \"", format_name, "\"");
  try {
    const json object = json::parse(file.metadata.at(description_key));
    ModelDescription description;
    description.options.channels = object.at("channels").get<std::vector<std::int64_t>>();
    description.options.head = head_from_name(object.at("head").get<std::string>());
    description.options.fusion.clear();
    for (const json& level : object.at("fusion"))
      description.options.fusion.push_back(fusion_from_name(level.get<std::string>()));
    // Files from before there were these keys have neither.
    description.options.head_level = object.value("head_level", 1);
    description.options.global = object.value("global", false);
    description.options.slope = object.at("slope").get<float>();
    description.inference_size = object.at("inference_size").get<std::int64_t>();
    require(description.inference_size >= 16 && description.inference_size <= 16384, ErrorKind::input,
            "inference_size is ", description.inference_size, ", expected 16 to 16384");
    return description;
  } catch (const std::exception& error) {
    fail(ErrorKind::input, name, ": its description cannot be used: ", error.what());
  }
}

void load_weights(const SafetensorsFile& file, const std::string& name, const Harmonizer& harmonizer,
                  ParameterStore& store) {
  std::set<std::string> known;
  for (const Parameter* parameter : harmonizer.parameters()) {
    const auto weights = file.tensors.find(parameter->name);
    require(weights != file.tensors.end(), ErrorKind::input, name, ": weights ", parameter->name,
            " are missing");
    Tensor memory;
    const ConstTensorView values = in_f32(weights->second, text(name, ": weights ", parameter->name), memory);
    require(values.shape == parameter->shape, ErrorKind::input, name, ": weights ", parameter->name, " are ",
            values.shape, ", the network has ", parameter->shape);
    store.load(parameter->name, values);
    known.insert(parameter->name);
  }
  for (const auto& [tensor, values] : file.tensors)
    require(known.count(tensor) == 1, ErrorKind::input, name, ": weights ", tensor,
            " belong to another network");
}

}  // namespace attune
