// Reading JSON written by people and by strangers: strict parsing, and typed access whose errors say where the value
// is, what it is and what was expected: `tiny.json: data[1].weight: got "x", expected a number > 0`.
//
// Beyond the standard's rules, a key that appears twice in an object is an error, and nesting is limited, so that code
// that walks a document may recurse.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace attune {

using Json = nlohmann::json;

inline constexpr int json_depth_limit = 64;

// `name` stands for the source in messages: "NAME:LINE:COLUMN: what is wrong". Throws `kind`, and no other exception.
Json parse_json(std::string_view text, const std::string& name, ErrorKind kind = ErrorKind::configuration);
// A file of at most 64 MiB.
Json load_json(const std::filesystem::path& path, ErrorKind kind = ErrorKind::configuration);

// "an object", "an array", "a string", "a number", "true or false", "null".
const char* json_type_name(const Json& value);
// The value as JSON text on one line, cut short after 60 characters.
std::string json_text(const Json& value);

// Paths as they are written in messages: data[1].weight.
std::string json_path(const std::string& parent, std::string_view key);
std::string json_path(const std::string& parent, std::size_t index);

// A value together with where it came from. It borrows the document.
class JsonReader {
 public:
  // `source` is the file's name (or "--set") and `path` the value's place in it.
  JsonReader(const Json& value, std::string source, std::string path = {},
             ErrorKind kind = ErrorKind::configuration)
      : value_(&value), source_(std::move(source)), path_(std::move(path)), kind_(kind) {}

  const Json& value() const { return *value_; }
  const std::string& path() const { return path_; }
  const std::string& source() const { return source_; }

  // Members of an object and elements of an array; throw where the value is something else or has no such part.
  bool has(const std::string& key) const;
  JsonReader operator[](const std::string& key) const;
  JsonReader operator[](std::size_t index) const;
  std::size_t size() const;
  std::vector<std::string> keys() const;

  bool boolean() const;
  double number() const;
  std::int64_t integer() const;  // 3 and 3.0, but not 3.5
  std::string string() const;

  // Throws "SOURCE: PATH: got VALUE, expected WHAT".
  [[noreturn]] void reject(const std::string& expected) const;

 private:
  JsonReader part(const Json& value, std::string path) const {
    return {value, source_, std::move(path), kind_};
  }

  const Json* value_;
  std::string source_;
  std::string path_;
  ErrorKind kind_;
};

}  // namespace attune
