#include "core/json.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/files.h"
#include "core/text.h"

namespace attune {

namespace {

constexpr std::size_t message_limit = 160;
constexpr std::size_t value_limit = 60;
constexpr std::int64_t file_limit = std::int64_t{64} << 20;

// Watches the parser's events for what the library accepts: keys that appear twice, and endless nesting.
class StrictEvents {
 public:
  StrictEvents(const std::string& name, ErrorKind kind) : name_(name), kind_(kind) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& value) {
    switch (event) {
      case Json::parse_event_t::object_start:
        keys_.emplace_back();
        [[fallthrough]];
      case Json::parse_event_t::array_start:
        require(depth < json_depth_limit, kind_, name_, ": is nested deeper than ", json_depth_limit,
                " levels");
        break;
      case Json::parse_event_t::key:
        require(keys_.back().insert(value.get_ref<const std::string&>()).second, kind_, name_, ": key ",
                json_text(value), " appears twice in one object");
        break;
      case Json::parse_event_t::object_end:
        keys_.pop_back();
        break;
      case Json::parse_event_t::array_end:
      case Json::parse_event_t::value:
        break;
    }
    return true;
  }

 private:
  const std::string& name_;
  ErrorKind kind_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
};

// "3:14" for the last of the first `bytes` bytes of `text`.
std::string line_and_column(std::string_view document, std::size_t bytes) {
  const std::string_view before = document.substr(0, std::min(bytes > 0 ? bytes - 1 : 0, document.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = before.size() - (newline == before.npos ? 0 : newline + 1) + 1;
  return text(line, ":", column);
}

// The library's message without what line_and_column says better: "[json.exception...] parse error at ...: MESSAGE".
std::string reason(const std::string& message) {
  std::size_t begin = message.find("] ");
  begin = begin == message.npos ? 0 : begin + 2;
  if (message.compare(begin, 11, "parse error") == 0) {
    const std::size_t colon = message.find(": ", begin);
    if (colon != message.npos) begin = colon + 2;
  }
  return shortened(std::string_view(message).substr(begin), message_limit);
}

}  // namespace

Json parse_json(std::string_view document, const std::string& name, ErrorKind kind) {
  try {
    StrictEvents events(name, kind);
    const Json::parser_callback_t callback = [&](int depth, Json::parse_event_t event, Json& value) {
      return events(depth, event, value);
    };
    return Json::parse(document.begin(), document.end(), callback);
  } catch (const Json::parse_error& error) {
    fail(kind, name, ":", line_and_column(document, error.byte), ": ", reason(error.what()));
  } catch (const Json::exception& error) {
    fail(kind, name, ": ", reason(error.what()));
  }
}

Json load_json(const std::filesystem::path& path, ErrorKind kind) {
  return parse_json(read_text_file(path, kind, file_limit), path.string(), kind);
}

const char* json_type_name(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "true or false";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      return "a number";
    case Json::value_t::null:
    case Json::value_t::binary:
    case Json::value_t::discarded:
      break;
  }
  return "null";
}

std::string json_text(const Json& value) {
  return shortened(value.dump(-1, ' ', false, Json::error_handler_t::replace), value_limit);
}

std::string json_path(const std::string& parent, std::string_view key) {
  return parent.empty() ? std::string(key) : parent + "." + std::string(key);
}

std::string json_path(const std::string& parent, std::size_t index) {
  return parent + "[" + std::to_string(index) + "]";
}

bool JsonReader::has(const std::string& key) const {
  if (!value_->is_object()) reject("an object");
  return value_->contains(key);
}

JsonReader JsonReader::operator[](const std::string& key) const {
  if (!has(key)) reject("an object with the key '" + key + "'");
  return part(value_->at(key), json_path(path_, key));
}

JsonReader JsonReader::operator[](std::size_t index) const {
  if (size() <= index) reject("an array of more than " + std::to_string(index) + " elements");
  return part((*value_)[index], json_path(path_, index));
}

std::size_t JsonReader::size() const {
  if (!value_->is_array()) reject("an array");
  return value_->size();
}

std::vector<std::string> JsonReader::keys() const {
  if (!value_->is_object()) reject("an object");
  std::vector<std::string> names;
  for (const auto& member : value_->items()) names.push_back(member.key());
  return names;
}

bool JsonReader::boolean() const {
  if (!value_->is_boolean()) reject("true or false");
  return value_->get<bool>();
}

double JsonReader::number() const {
  if (!value_->is_number()) reject("a number");
  return value_->get<double>();
}

std::int64_t JsonReader::integer() const {
  constexpr double bound = 0x1p63;
  if (value_->is_number_unsigned() && value_->get<std::uint64_t>() > INT64_MAX)
    reject("an integer of 64 bits");
  if (value_->is_number_integer()) return value_->get<std::int64_t>();
  const double value = value_->is_number() ? value_->get<double>() : NAN;
  if (!(value >= -bound && value < bound) || value != std::floor(value)) reject("an integer");
  return static_cast<std::int64_t>(value);
}

std::string JsonReader::string() const {
  if (!value_->is_string()) reject("a string");
  return value_->get<std::string>();
}

void JsonReader::reject(const std::string& expected) const {
  fail(kind_, source_, ": ", path_, path_.empty() ? "got " : ": got ", json_text(*value_), ", expected ",
       expected);
}

}  // namespace attune
