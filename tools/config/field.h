// Field: one key of the configuration. The table of fields is the only place where a key's name, type, range and
// description stand; parsing, printing, the JSON Schema and the README's table all come from it, and the default is the
// value of a default-constructed Config.
#pragma once

#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "core/json.h"

namespace attune::tools {

// A string that must be one of some words.
struct Choice {
  std::function<std::string()> get;
  std::function<void(const std::string&)> set;
  std::vector<std::string> words;
};

// A list of such strings, given as one word or as an array.
struct ChoiceList {
  std::function<std::vector<std::string>()> get;
  std::function<void(const std::vector<std::string>&)> set;
  std::vector<std::string> words;
};

struct Field {
  using Target = std::variant<bool*, std::int64_t*, int*, std::uint64_t*, double*, float*, std::string*,
                              std::filesystem::path*, std::vector<std::int64_t>*, std::vector<int>*,
                              std::vector<std::string>*, Choice, ChoiceList>;

  std::string path;  // "train.batch"
  Target target;
  std::string description;
  // The range of numbers (of each number in a list).
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
};

// Sets the field from a JSON value. Throws ErrorKind::configuration naming file, path, value and what was expected.
// Paths are taken relative to `folder`.
void set_field(const Field& field, const JsonReader& value, const std::filesystem::path& folder);
// The field's value as JSON.
Json field_value(const Field& field);

// Sets every field that `object` has, in the table's order, so that a field may set the defaults of those behind it. A
// key that is no field's is an error that names a near one. Keys in `others` are left to the caller.
void set_fields(const std::vector<Field>& fields, const JsonReader& object,
                const std::filesystem::path& folder, const std::vector<std::string>& others = {});
// All fields as a nested object, in the table's order of paths.
Json fields_as_json(const std::vector<Field>& fields);

// "a whole number from 1 to 4096", "one of affine, blend", ...
std::string expectation(const Field& field);
// The JSON Schema of an object with these fields; `fields` hold the defaults.
Json fields_as_schema(const std::vector<Field>& fields);

}  // namespace attune::tools
