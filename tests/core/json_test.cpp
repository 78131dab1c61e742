#include "core/json.h"

#include "core/text.h"
#include "tests/support/errors.h"
#include "tests/tools/temporary_folder.h"

using namespace attune;
using namespace attune::test;

namespace {

std::string refusal(const std::string& document) {
  const Error error = error_of([&] { parse_json(document, "c.json"); });
  CHECK(error.kind() == ErrorKind::configuration);
  CHECK_FALSE(contains(error.what(), "\n"));
  return error.what();
}

template <class Call>
std::string rejection(const Call& call) {
  const Error error = error_of(call);
  CHECK(error.kind() == ErrorKind::configuration);
  return error.what();
}

}  // namespace

TEST_CASE("Syntax errors carry file, line and column") {
  CHECK(contains(refusal("{\"a\": 1,\n \"b\": x}"), "c.json:2:7: "));
  CHECK(contains(refusal("x"), "c.json:1:1: "));
  CHECK(contains(refusal(""), "c.json:1:1: "));
  CHECK(contains(refusal("{\n\n\"a\": 1,\n}"), "c.json:4:1: "));
  CHECK(contains(refusal("{\"a\": 1} 2"), "c.json:1:10: "));
  CHECK(contains(refusal("{\"a\": 01}"), "c.json:1:"));
  CHECK(contains(refusal("[1, // no\n2]"), "c.json:1:5: "));
  CHECK(contains(refusal("{\"a\": \"\xff\"}"), "c.json:1:8: "));
  CHECK(contains(refusal("1e999"), "c.json: "));
  CHECK(refusal("\"" + std::string(100000, 'x')).size() < 300);
}

TEST_CASE("Beyond the standard: no key twice, no endless nesting") {
  CHECK(contains(refusal("{\"a\": 1, \"b\": {\"c\": 1, \"c\": 2}}"), "key \"c\" appears twice"));
  CHECK(contains(refusal("{\"a\": 1, \"b\": {\"c\": 1}, \"a\": 2}"), "key \"a\" appears twice"));
  CHECK(parse_json("{\"a\": {\"b\": 1}, \"b\": 2}", "").size() == 2);
  CHECK(parse_json("[{\"a\": 1}, {\"a\": {\"a\": 1}}]", "").size() == 2);
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  CHECK_NOTHROW(parse_json(nested(json_depth_limit), ""));
  CHECK(contains(refusal(nested(json_depth_limit + 1)), "nested deeper than 64"));
  CHECK(contains(refusal(std::string(1000000, '[')), "nested deeper than 64"));
  CHECK(kind_of([] { parse_json("x", "m", ErrorKind::input); }) == ErrorKind::input);
}

TEST_CASE("A file is loaded, a missing one named") {
  const tools::TemporaryFolder folder;
  folder.write("a.json", "{\"seed\": 3}");
  CHECK(load_json(folder.path() / "a.json")["seed"] == 3);
  const Error error = error_of([&] { load_json(folder.path() / "b.json"); });
  CHECK(error.kind() == ErrorKind::configuration);
  CHECK(contains(error.what(), "b.json: cannot be opened"));
}

TEST_CASE("Values are read with their paths, and rejected with path, value and expectation") {
  const Json document = parse_json(R"({"data": [{"weight": 1}, {"weight": "x"}], "on": true, "n": null,
                                        "i": 3, "f": 3.0, "half": 3.5, "big": 18446744073709551615, "wide": 1e30})",
                                   "");
  const JsonReader root(document, "tiny.json");
  CHECK(root["data"].size() == 2);
  CHECK(root["data"][0]["weight"].number() == 1);
  CHECK(root["data"][0]["weight"].path() == "data[0].weight");
  CHECK(root["on"].boolean());
  CHECK(root["i"].integer() == 3);
  CHECK(root["f"].integer() == 3);
  CHECK(root["half"].number() == 3.5);
  CHECK(root["data"][1]["weight"].string() == "x");
  CHECK(root.has("i"));
  CHECK_FALSE(root.has("j"));
  CHECK(root["data"][0].keys() == std::vector<std::string>{"weight"});

  CHECK(rejection([&] { root["data"][1]["weight"].reject("a number > 0"); }) ==
        "tiny.json: data[1].weight: got \"x\", expected a number > 0");
  CHECK(rejection([&] { root["data"][1]["weight"].number(); }) ==
        "tiny.json: data[1].weight: got \"x\", expected a number");
  CHECK(rejection([&] { root["i"].boolean(); }) == "tiny.json: i: got 3, expected true or false");
  CHECK(rejection([&] { root["i"].string(); }) == "tiny.json: i: got 3, expected a string");
  CHECK(rejection([&] { root["half"].integer(); }) == "tiny.json: half: got 3.5, expected an integer");
  CHECK(rejection([&] { root["wide"].integer(); }) == "tiny.json: wide: got 1e+30, expected an integer");
  CHECK(contains(rejection([&] { root["big"].integer(); }), "got 18446744073709551615, expected an integer"));
  CHECK(rejection([&] { root["n"].number(); }) == "tiny.json: n: got null, expected a number");
  CHECK(rejection([&] { root["i"].size(); }) == "tiny.json: i: got 3, expected an array");
  CHECK(rejection([&] { root["i"]["x"]; }) == "tiny.json: i: got 3, expected an object");
  CHECK(contains(rejection([&] { root["j"]; }), "expected an object with the key 'j'"));
  CHECK(contains(rejection([&] { root["data"][2]; }), "expected an array of more than 2 elements"));
  CHECK(contains(rejection([&] { root.reject("x"); }), "tiny.json: got {\"big\""));
}

TEST_CASE("Types and paths have names, long values are shortened") {
  CHECK(json_type_name(Json::object()) == std::string("an object"));
  CHECK(json_type_name(Json::array()) == std::string("an array"));
  CHECK(json_type_name(Json("x")) == std::string("a string"));
  CHECK(json_type_name(Json(1)) == std::string("a number"));
  CHECK(json_type_name(Json(1.5)) == std::string("a number"));
  CHECK(json_type_name(Json(false)) == std::string("true or false"));
  CHECK(json_type_name(Json()) == std::string("null"));
  CHECK(json_path(json_path(json_path("", "data"), 1), "weight") == "data[1].weight");
  CHECK(json_path("", 0) == "[0]");
  CHECK(json_text(Json(std::string(100, 'x'))).size() == 63);
  CHECK(json_text(Json("a\nb")) == "\"a\\nb\"");
}
