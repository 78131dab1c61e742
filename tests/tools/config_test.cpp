// The configuration: defaults, errors that name path and near key, and the documents made from the same table.
#include "tools/config/config.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/files.h"

using namespace attune;
using namespace attune::tools;

namespace {

Config parsed(const std::string& json, const std::vector<std::string>& overrides = {}) {
  return parse_config(Json::parse(json), "test.json", "/folder", overrides);
}

std::string message_of(const std::string& json, const std::vector<std::string>& overrides = {}) {
  try {
    parsed(json, overrides);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::configuration);
    return error.what();
  }
  return "no error";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::filesystem::path source = ATTUNE_SOURCE_DIR;

// With ATTUNE_UPDATE set the generated part of a document is written instead of compared.
bool updating() { return std::getenv("ATTUNE_UPDATE") != nullptr; }

}  // namespace

TEST_CASE("a resolved configuration reads back as itself") {
  const Config config =
      parsed(R"({"seed": 7, "model": {"preset": "tiny", "fusion": ["none", "instance", "learned"]},
    "loss": {"contrast": {"reading": "aligned", "temperature": 0.1}},
    "data": [{"path": "pictures", "kind": "photos", "weight": 2}]})");
  CHECK(config.model.options.channels == std::vector<std::int64_t>{8, 12, 16});
  CHECK(config.loss.contrast.options.levels == std::vector<int>{0, 1, 2});
  CHECK(config.loss.contrast.options.matching == Matching::index);
  CHECK(config.data.at(0).path == "/folder/pictures");
  const Json json = config_as_json(config);
  CHECK(config_as_json(parse_config(json, "again", "/elsewhere")) == json);
}

TEST_CASE("a preset comes before the keys that refine it") {
  const Config config =
      parsed(R"({"model": {"channels": [4, 6], "preset": "base"}, "loss": {"contrast": {"levels": [0]}}})");
  CHECK(config.model.options.channels == std::vector<std::int64_t>{4, 6});
}

TEST_CASE("--set changes single keys") {
  const Config config = parsed(R"({"data": [{"path": "a", "kind": "photos"}]})",
                               {"train.steps=12", "model.head=blend", "data[0].weight=3"});
  CHECK(config.train.steps == 12);
  CHECK(config.model.options.head == Head::blend);
  CHECK(config.data.at(0).weight == 3);
  CHECK(contains(message_of("{}", {"train.steps"}), "expected key.path=value"));
}

TEST_CASE("a wrong configuration is told in one line") {
  CHECK(contains(message_of(R"({"optimiser": {"lr": 1}})"), "unknown key 'optimiser"));
  CHECK(contains(message_of(R"({"optimizer": {"rl": 1}})"), "optimizer.rl"));
  CHECK(contains(message_of(R"({"train": {"batch": 0}})"),
                 "train.batch: got 0, expected a whole number from 1"));
  CHECK(contains(message_of(R"({"train": {"batch": "x"}})"), "train.batch: got \"x\""));
  CHECK(contains(message_of(R"({"model": {"head": "afine"}})"), "did you mean 'affine'"));
  CHECK(contains(message_of(R"({"data": [{"kind": "photos"}]})"), "data[0]"));
  CHECK(contains(message_of(R"({"loss": {"contrast": {"levels": [5]}}})"), "below 5"));
  CHECK(contains(message_of(R"({"model": {"preset": "tiny", "head_level": 3}})"), "a level below 3"));
  CHECK(contains(message_of(R"({"train": {"batch": 5, "second_pass": 3}})"),
                 "expected at most half of train.batch, 2"));
  CHECK(contains(message_of("[]"), "expected an object"));
}

TEST_CASE("the shipped schema is the table's") {
  const auto path = source / "examples/config.schema.json";
  const std::string schema = config_schema().dump(2) + "\n";
  if (updating()) write_file_atomically(path, schema);
  CHECK(read_text_file(path) == schema);
}

TEST_CASE("the README lists every key with its default") {
  const auto path = source / "README.md";
  std::string readme = read_text_file(path);
  const std::string table = config_markdown(), begin = "| key | default | what |";
  if (updating()) {
    std::size_t from = readme.find(begin), to = from;
    if (from == std::string::npos) {
      from = readme.find("@CONFIG_TABLE@");
      REQUIRE(from != std::string::npos);
      to = readme.find('\n', from) + 1;
    } else {
      to = readme.find("\n\n", from) + 1;
    }
    readme.replace(from, to - from, table);
    write_file_atomically(path, readme);
  }
  CHECK(contains(readme, table));
}
