// Any bytes are either a document that is the same after writing and reading it again, or ErrorKind::configuration;
// and any text has messages.
#include "core/json.h"
#include "core/text.h"
#include "tests/fuzz/fuzz_check.h"

using namespace attune;
using namespace attune::fuzz;

namespace {

// Walks the document as code does that reads a configuration.
void read_values(const JsonReader& reader) {
  const Json& value = reader.value();
  check(json_text(value).size() <= 64);
  if (value.is_object())
    for (const std::string& key : reader.keys()) read_values(reader[key]);
  else if (value.is_array())
    for (std::size_t i = 0; i < reader.size(); ++i) read_values(reader[i]);
  else if (value.is_number())
    accepts([&] { reader.integer(); }, ErrorKind::configuration);
  else
    check(!accepts([&] { reader.number(); }, ErrorKind::configuration));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view document(reinterpret_cast<const char*>(data), size);
  nearest_name(document, {"train.steps", "optimizer.lr"});
  check(shortened(document, 20).size() <= 23);
  Json json;
  if (!accepts([&] { json = parse_json(document, "input"); }, ErrorKind::configuration)) return 0;
  read_values(JsonReader(json, "input"));
  check(parse_json(json.dump(), "copy") == json);
  return 0;
}
