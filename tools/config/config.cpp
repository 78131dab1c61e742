#include "tools/config/config.h"

#include <algorithm>

#include "core/text.h"

namespace attune::tools {

namespace {

// `override` is "key.path=value"; the value is put into `json` before anything is parsed.
void apply_override(Json& json, const std::string& override) {
  const std::size_t equals = override.find('=');
  require(equals != std::string::npos && equals > 0, ErrorKind::configuration, "--set ", override,
          ": expected key.path=value");
  const std::string text_value = override.substr(equals + 1);
  Json value = Json::parse(text_value, nullptr, false);
  if (value.is_discarded()) value = text_value;
  Json* place = &json;
  std::string path = override.substr(0, equals);
  std::replace(path.begin(), path.end(), '[', '.');
  path.erase(std::remove(path.begin(), path.end(), ']'), path.end());
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t dot = std::min(path.find('.', begin), path.size());
    const std::string part = path.substr(begin, dot - begin);
    if (place->is_array()) {
      const bool number =
          !part.empty() && part.size() < 6 && part.find_first_not_of("0123456789") == std::string::npos;
      require(number && std::stoul(part) < place->size(), ErrorKind::configuration, "--set ", override, ": '",
              part, "' is no index into an array of ", place->size());
      place = &(*place)[std::stoul(part)];
    } else {
      require(place->is_object() || place->is_null(), ErrorKind::configuration, "--set ", override, ": '",
              part, "' lies in something that is no object");
      place = &(*place)[part];
    }
    begin = dot + 1;
  }
  *place = value;
}

std::vector<SourceConfig> parse_sources(const JsonReader& list, const std::filesystem::path& folder) {
  if (!list.value().is_array()) list.reject("an array of data sources");
  std::vector<SourceConfig> sources(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    set_fields(source_fields(sources[i]), list[i], folder);
    if (sources[i].path.empty()) list[i].reject("an object with a path");
    if (sources[i].kind == SourceKind::iharmony && sources[i].list.empty())
      list[i].reject("a source of kind iharmony with a list");
  }
  return sources;
}

// What no single key's range can say.
void check(const Config& config, const std::string& name) {
  const auto must = [&](bool ok, const std::string& message) {
    require(ok, ErrorKind::configuration, name, ": ", message);
  };
  must(config.sampling.min_foreground < config.sampling.max_foreground,
       "sampling.min_foreground must be below sampling.max_foreground");
  must(2 * config.train.second_pass <= config.train.batch,
       text("train.second_pass: got ", config.train.second_pass, ", expected at most half of train.batch, ",
            config.train.batch / 2));
  const auto levels = static_cast<int>(config.model.options.channels.size());
  for (const int level : config.loss.contrast.options.levels)
    must(level < levels, text("loss.contrast.levels: got ", level, ", expected a level below ", levels));
  must(!config.loss.contrast.options.levels.empty() || config.loss.contrast.weight == 0,
       "loss.contrast.levels is empty");
  must(config.model.options.head_level < levels,
       text("model.head_level: got ", config.model.options.head_level, ", expected a level below ", levels));
  must(config.model.options.fusion.size() == 1 ||
           static_cast<int>(config.model.options.fusion.size()) == levels,
       text("model.fusion has ", config.model.options.fusion.size(), " entries, expected 1 or ", levels,
            " (one a level)"));
}

}  // namespace

Config parse_config(const Json& original, const std::string& name, const std::filesystem::path& folder,
                    const std::vector<std::string>& overrides) {
  Json json = original;
  require(json.is_object(), ErrorKind::configuration, name, ": got ", json_type_name(json),
          ", expected an object");
  for (const std::string& override : overrides) apply_override(json, override);
  const JsonReader reader(json, name);

  Config config;
  set_fields(config_fields(config), reader, folder, {"data", "validation", "$schema"});
  if (json.contains("data")) config.data = parse_sources(reader["data"], folder);
  if (json.contains("validation")) config.validation = parse_sources(reader["validation"], folder);
  config.sampling.seed = config.seed;
  config.sampling.size = config.train.size;
  config.sampling.cache_bytes = config.train.cache_megabytes << 20;
  check(config, name);
  return config;
}

Config load_config(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  return parse_config(load_json(path), path.string(), std::filesystem::absolute(path).parent_path(),
                      overrides);
}

Json config_as_json(const Config& config) {
  Config copy = config;
  Json json = fields_as_json(config_fields(copy));
  const auto sources = [](std::vector<SourceConfig>& list) {
    Json array = Json::array();
    for (SourceConfig& source : list) array.push_back(fields_as_json(source_fields(source)));
    return array;
  };
  json["data"] = sources(copy.data);
  json["validation"] = sources(copy.validation);
  return json;
}

Json config_schema() {
  Config config;
  Json schema = fields_as_schema(config_fields(config));
  SourceConfig source;
  Json item = fields_as_schema(source_fields(source));
  item["required"] = {"path"};
  schema["properties"]["data"] = {
      {"type", "array"}, {"items", item}, {"description", "Where training samples come from"}};
  schema["properties"]["validation"] = {
      {"type", "array"}, {"items", item}, {"description", "What is validated on, in whole pictures"}};
  schema["properties"]["$schema"] = {{"type", "string"}};
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["title"] = "attune training configuration";
  return schema;
}

std::string config_markdown() {
  std::string table = "| key | default | what |\n| --- | --- | --- |\n";
  const auto add = [&](const std::string& prefix, const std::vector<Field>& fields) {
    for (const Field& field : fields)
      table += "| `" + prefix + field.path + "` | `" + field_value(field).dump() + "` | " +
               field.description + "; " + expectation(field) + " |\n";
  };
  Config config;
  add("", config_fields(config));
  SourceConfig source;
  add("data[].", source_fields(source));
  return table + "| `validation[]` | `[]` | Sources of pictures to validate on, with the keys of data[] |\n";
}

}  // namespace attune::tools
