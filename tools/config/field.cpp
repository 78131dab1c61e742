#include "tools/config/field.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>

#include "core/text.h"

namespace attune::tools {

namespace {

template <class T>
constexpr bool is_number = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

template <class T>
struct IsNumberList : std::false_type {};
template <class T>
struct IsNumberList<std::vector<T>> : std::bool_constant<is_number<T>> {};

// The shortest decimal that is this float, rather than its double's 17 digits.
Json shortest(float value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return Json::parse(std::string(digits.data(), end));
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// Whole numbers to the last digit, others as short as a float takes.
std::string number_text(double value) {
  const bool whole = std::fabs(value) < 1e18 && value == std::floor(value);
  return whole ? std::to_string(static_cast<std::int64_t>(value))
               : shortest(static_cast<float>(value)).dump();
}

std::string range_text(const Field& field) {
  const bool low = field.minimum > -std::numeric_limits<double>::infinity();
  const bool high = field.maximum < std::numeric_limits<double>::infinity();
  if (low && high) return " from " + number_text(field.minimum) + " to " + number_text(field.maximum);
  if (low) return " of at least " + number_text(field.minimum);
  if (high) return " of at most " + number_text(field.maximum);
  return "";
}

template <class T>
T read_number(const Field& field, const JsonReader& value) {
  const bool whole = std::is_integral_v<T>;
  if (!value.value().is_number()) value.reject(expectation(field));
  const double number = value.value().get<double>();
  if (!(number >= field.minimum && number <= field.maximum)) value.reject(expectation(field));
  if (whole && number != static_cast<double>(static_cast<std::int64_t>(number)))
    value.reject(expectation(field));
  if constexpr (std::is_integral_v<T>)
    return value.value().is_number_integer() ? value.value().get<T>() : static_cast<T>(number);
  return static_cast<T>(number);
}

std::string read_word(const Field& field, const std::vector<std::string>& words, const JsonReader& value) {
  if (!value.value().is_string()) value.reject(expectation(field));
  std::string word = value.string();
  if (std::find(words.begin(), words.end(), word) == words.end())
    value.reject(expectation(field) + did_you_mean(word, words));
  return word;
}

// The elements of an array, or the one value itself.
template <class Read>
auto read_list(const JsonReader& value, const Read& read) {
  std::vector<decltype(read(value))> list;
  if (!value.value().is_array()) return list.push_back(read(value)), list;
  for (std::size_t i = 0; i < value.size(); ++i) list.push_back(read(value[i]));
  return list;
}

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t dot; (dot = path.find('.', begin)) != std::string::npos; begin = dot + 1)
    parts.push_back(path.substr(begin, dot - begin));
  parts.push_back(path.substr(begin));
  return parts;
}

// The path of an unknown key, or of the first key inside where it is a group: "optimiser.lr" has a near name.
std::string first_leaf(const JsonReader& place) {
  const Json& value = place.value();
  return value.is_object() && !value.empty() ? first_leaf(place[place.keys()[0]]) : place.path();
}

// Every key of `object` must be one of `names` or a group of them.
void check_keys(const std::vector<std::string>& names, const std::string& prefix, const JsonReader& object) {
  if (!object.value().is_object()) object.reject("an object");
  for (const std::string& key : object.keys()) {
    const std::string path = prefix.empty() ? key : text(prefix, ".", key);
    if (std::find(names.begin(), names.end(), path) != names.end()) continue;
    const bool is_group = std::any_of(
        names.begin(), names.end(), [&](const std::string& name) { return name.rfind(path + ".", 0) == 0; });
    if (!is_group) {
      const JsonReader place = object[key];
      const std::string leaf = first_leaf(place);
      // Names are relative to their own table: an entry of `data` knows nothing of "data[0].".
      const std::string below = leaf.substr(place.path().size() - path.size());
      fail(ErrorKind::configuration, object.source(), ": unknown key '", leaf, "'",
           did_you_mean(below, names));
    }
    check_keys(names, path, object[key]);
  }
}

}  // namespace

void set_field(const Field& field, const JsonReader& value, const std::filesystem::path& folder) {
  std::visit(
      [&](const auto& target) {
        using T = std::decay_t<decltype(target)>;
        if constexpr (std::is_same_v<T, Choice>) {
          target.set(read_word(field, target.words, value));
        } else if constexpr (std::is_same_v<T, ChoiceList>) {
          target.set(
              read_list(value, [&](const JsonReader& item) { return read_word(field, target.words, item); }));
        } else {
          using V = std::remove_pointer_t<T>;
          if constexpr (std::is_same_v<V, bool>) {
            if (!value.value().is_boolean()) value.reject(expectation(field));
            *target = value.boolean();
          } else if constexpr (is_number<V>) {
            *target = read_number<V>(field, value);
          } else if constexpr (std::is_same_v<V, std::string>) {
            if (!value.value().is_string()) value.reject(expectation(field));
            *target = value.string();
          } else if constexpr (std::is_same_v<V, std::filesystem::path>) {
            if (!value.value().is_string()) value.reject(expectation(field));
            *target = value.string().empty() ? std::filesystem::path()
                                             : (folder / value.string()).lexically_normal();
          } else if constexpr (IsNumberList<V>::value) {
            if (!value.value().is_array()) value.reject(expectation(field));
            *target = read_list(value, [&](const JsonReader& item) {
              return read_number<typename V::value_type>(field, item);
            });
          } else {
            *target = read_list(value, [&](const JsonReader& item) {
              if (!item.value().is_string()) item.reject(expectation(field));
              return item.string();
            });
          }
        }
      },
      field.target);
}

Json field_value(const Field& field) {
  return std::visit(
      [](const auto& target) -> Json {
        using T = std::decay_t<decltype(target)>;
        if constexpr (std::is_same_v<T, Choice>) {
          return target.get();
        } else if constexpr (std::is_same_v<T, ChoiceList>) {
          const std::vector<std::string> words = target.get();
          return words.size() == 1 ? Json(words[0]) : Json(words);
        } else if constexpr (std::is_same_v<T, std::filesystem::path*>) {
          return target->string();
        } else if constexpr (std::is_same_v<T, float*>) {
          return shortest(*target);
        } else {
          return *target;
        }
      },
      field.target);
}

void set_fields(const std::vector<Field>& fields, const JsonReader& object,
                const std::filesystem::path& folder, const std::vector<std::string>& others) {
  std::vector<std::string> names = others;
  for (const Field& field : fields) names.push_back(field.path);
  check_keys(names, "", object);
  for (const Field& field : fields) {
    JsonReader place = object;
    bool found = true;
    for (const std::string& part : parts_of(field.path)) {
      found = place.has(part);
      if (!found) break;
      place = place[part];
    }
    if (found) set_field(field, place, folder);
  }
}

Json fields_as_json(const std::vector<Field>& fields) {
  Json object = Json::object();
  for (const Field& field : fields) {
    Json* place = &object;
    for (const std::string& part : parts_of(field.path)) place = &(*place)[part];
    *place = field_value(field);
  }
  return object;
}

std::string expectation(const Field& field) {
  return std::visit(
      [&](const auto& target) -> std::string {
        using T = std::decay_t<decltype(target)>;
        if constexpr (std::is_same_v<T, Choice>) {
          return "one of " + joined(target.words);
        } else if constexpr (std::is_same_v<T, ChoiceList>) {
          return "one of " + joined(target.words) + ", or an array of these";
        } else {
          using V = std::remove_pointer_t<T>;
          if constexpr (std::is_same_v<V, bool>) return "true or false";
          if constexpr (std::is_integral_v<V>) return "a whole number" + range_text(field);
          if constexpr (std::is_floating_point_v<V>) return "a number" + range_text(field);
          if constexpr (std::is_same_v<V, std::string>) return "a string";
          if constexpr (std::is_same_v<V, std::filesystem::path>) return "a path";
          if constexpr (IsNumberList<V>::value) return "an array of whole numbers" + range_text(field);
          return "a string or an array of strings";
        }
      },
      field.target);
}

namespace {

Json schema_of(const Field& field) {
  Json schema = std::visit(
      [&](const auto& target) -> Json {
        using T = std::decay_t<decltype(target)>;
        if constexpr (std::is_same_v<T, Choice>) {
          return {{"type", "string"}, {"enum", target.words}};
        } else if constexpr (std::is_same_v<T, ChoiceList>) {
          const Json word = {{"type", "string"}, {"enum", target.words}};
          return {{"anyOf", {word, {{"type", "array"}, {"items", word}}}}};
        } else {
          using V = std::remove_pointer_t<T>;
          const auto number = [&](const char* type) {
            Json item = {{"type", type}};
            if (field.minimum > -std::numeric_limits<double>::infinity()) item["minimum"] = field.minimum;
            if (field.maximum < std::numeric_limits<double>::infinity()) item["maximum"] = field.maximum;
            return item;
          };
          if constexpr (std::is_same_v<V, bool>) return {{"type", "boolean"}};
          if constexpr (std::is_integral_v<V>) return number("integer");
          if constexpr (std::is_floating_point_v<V>) return number("number");
          if constexpr (IsNumberList<V>::value) return {{"type", "array"}, {"items", number("integer")}};
          if constexpr (std::is_same_v<V, std::vector<std::string>>)
            return {{"anyOf", {{{"type", "string"}}, {{"type", "array"}, {"items", {{"type", "string"}}}}}}};
          return {{"type", "string"}};
        }
      },
      field.target);
  schema["description"] = field.description;
  schema["default"] = field_value(field);
  return schema;
}

}  // namespace

Json fields_as_schema(const std::vector<Field>& fields) {
  Json root = {{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
  for (const Field& field : fields) {
    Json* object = &root;
    const std::vector<std::string> parts = parts_of(field.path);
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      Json& group = (*object)["properties"][parts[i]];
      if (group.is_null())
        group = {{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
      object = &group;
    }
    (*object)["properties"][parts.back()] = schema_of(field);
  }
  return root;
}

}  // namespace attune::tools
