// The C API's handles: every status and message that attune.h promises, null arguments, and who may be freed when.
#include "attune/attune.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "tests/embed/embedded_pictures.h"
#include "tests/support/errors.h"
#include "tests/tools/temporary_folder.h"

namespace attune::test {

namespace {

// Frees what the test made, loaded or not.
struct Handles {
  attune_model* model = nullptr;
  attune_session* session = nullptr;
  Handles() = default;
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() {
    attune_session_free(session);
    attune_model_free(model);
  }
};

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The message of loading `path`, which must fail as an invalid model.
std::string load_failure(const std::string& path) {
  Handles handles;
  CHECK(attune_model_load(path.c_str(), nullptr, &handles.model) == ATTUNE_INVALID_MODEL);
  REQUIRE(handles.model != nullptr);
  CHECK(attune_model_parameters(handles.model) == 0);
  CHECK(attune_model_metadata(handles.model, "format") == nullptr);
  CHECK(std::string(attune_model_path(handles.model)) == path);
  return attune_model_message(handles.model);
}

}  // namespace

TEST_CASE("The library says its versions") {
  CHECK(attune_abi_version() == ATTUNE_ABI_VERSION);
  CHECK(std::string(attune_version()) == "0.1.0");
}

TEST_CASE("Every status has words of its own") {
  std::set<std::string> texts;
  for (int status = ATTUNE_OK; status <= ATTUNE_VERSION_MISMATCH; ++status)
    texts.insert(attune_status_text(static_cast<attune_status>(status)));
  CHECK(texts.size() == ATTUNE_VERSION_MISMATCH + 1);
  CHECK(texts.count("unknown status") == 0);
}

TEST_CASE("A loaded model tells its path, size and metadata") {
  Handles handles;
  REQUIRE(attune_model_load(model_path().c_str(), nullptr, &handles.model) == ATTUNE_OK);
  CHECK(std::string(attune_model_message(handles.model)).empty());
  CHECK(attune_model_path(handles.model) == model_path());
  // Every weight is an f32 in the file, before which stands a short header.
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(model_path()));
  const std::int64_t weights = attune_model_parameters(handles.model);
  CHECK((weights * 4 < size && weights * 4 > size - 100000));
  const char* description = attune_model_metadata(handles.model, "attune.model");
  REQUIRE(description != nullptr);
  CHECK(nlohmann::json::parse(description).at("inference_size") == 256);
  CHECK(attune_model_inference_size(handles.model) == 256);
  CHECK(attune_model_head(handles.model) == ATTUNE_HEAD_AFFINE);
  CHECK(attune_model_metadata(handles.model, "no such key") == nullptr);
  CHECK(attune_model_metadata(handles.model, nullptr) == nullptr);
}

TEST_CASE("A model's log is told what was loaded") {
  std::vector<std::string> lines;
  attune_model_options options = ATTUNE_MODEL_OPTIONS_INIT;
  options.user = &lines;
  options.log = [](void* user, attune_log_level level, const char* line) {
    CHECK(level == ATTUNE_LOG_INFO);
    static_cast<std::vector<std::string>*>(user)->emplace_back(line);
  };
  Handles handles;
  REQUIRE(attune_model_load(model_path().c_str(), &options, &handles.model) == ATTUNE_OK);
  const auto weights = std::to_string(attune_model_parameters(handles.model));
  CHECK(lines == std::vector<std::string>{"loaded " + model_path() + ": " + weights + " weights"});
}

TEST_CASE("A model is loaded from memory, which is not needed afterwards") {
  std::string bytes = bytes_of(model_path());
  Handles handles;
  REQUIRE(attune_model_load_memory(bytes.data(), bytes.size(), nullptr, &handles.model) == ATTUNE_OK);
  const std::string whole = bytes;
  bytes.assign(bytes.size(), '?');
  CHECK(std::string(attune_model_path(handles.model)).empty());
  CHECK(attune_model_parameters(handles.model) > 1000000);
  REQUIRE(attune_session_create(handles.model, nullptr, &handles.session) == ATTUNE_OK);
  EmbeddedPicture in_memory, from_file;
  const attune_picture first = in_memory.description(), second = from_file.description();
  CHECK(attune_harmonize(handles.session, &first, nullptr, nullptr) == ATTUNE_OK);
  Handles file;
  REQUIRE(attune_model_load(model_path().c_str(), nullptr, &file.model) == ATTUNE_OK);
  REQUIRE(attune_session_create(file.model, nullptr, &file.session) == ATTUNE_OK);
  CHECK(attune_harmonize(file.session, &second, nullptr, nullptr) == ATTUNE_OK);
  CHECK(in_memory.output == from_file.output);

  Handles cut, none;
  CHECK(attune_model_load_memory(whole.data(), whole.size() - 4, nullptr, &cut.model) ==
        ATTUNE_INVALID_MODEL);
  CHECK(contains(attune_model_message(cut.model), "model in memory"));
  CHECK(attune_model_load_memory(nullptr, 8, nullptr, &none.model) == ATTUNE_INVALID_ARGUMENT);
}

TEST_CASE("A program that was compiled for another interface is told both versions") {
  attune_model_options other = ATTUNE_MODEL_OPTIONS_INIT;
  other.abi_version = ATTUNE_ABI_VERSION - 1;
  other.struct_size = 16;  // its struct may have had another size
  Handles handles;
  CHECK(attune_model_load(model_path().c_str(), &other, &handles.model) == ATTUNE_VERSION_MISMATCH);
  CHECK(contains(attune_model_message(handles.model), text("version ", ATTUNE_ABI_VERSION - 1)));
  CHECK(contains(attune_model_message(handles.model), text("has version ", ATTUNE_ABI_VERSION)));
}

TEST_CASE("A model that another version wrote is told apart, with both versions") {
  std::string bytes = bytes_of(model_path());
  const std::string format = "attune harmonizer 1";
  bytes[bytes.find(format) + format.size() - 1] = '7';
  Handles handles;
  CHECK(attune_model_load_memory(bytes.data(), bytes.size(), nullptr, &handles.model) ==
        ATTUNE_INVALID_MODEL);
  CHECK(contains(attune_model_message(handles.model), "\"attune harmonizer 7\""));
  CHECK(contains(attune_model_message(handles.model), "\"attune harmonizer 1\""));
}

TEST_CASE("A null path means the shipped model, found beside the program") {
  // The program may stand in a build tree that is elsewhere; then the message names the places.
  const std::filesystem::path shipped =
      (std::filesystem::canonical("/proc/self/exe").parent_path() / "../../models/small.safetensors")
          .lexically_normal();
  Handles handles;
  const attune_status status = attune_model_load(nullptr, nullptr, &handles.model);
  REQUIRE(handles.model != nullptr);
  if (std::filesystem::exists(shipped)) {
    CHECK(status == ATTUNE_OK);
    CHECK(attune_model_path(handles.model) == shipped.string());
  } else {
    CHECK(status == ATTUNE_INVALID_MODEL);
    CHECK(contains(attune_model_message(handles.model), shipped.string()));
  }
}

TEST_CASE("Files that are no model are refused with their names") {
  const tools::TemporaryFolder folder;
  const std::string missing = (folder.path() / "missing.safetensors").string();
  CHECK(contains(load_failure(missing), missing));
  CHECK(contains(load_failure(folder.path().string()), folder.path().string()));
  CHECK(!load_failure("").empty());

  const std::string model = bytes_of(model_path());
  folder.write("empty", "");
  folder.write("text", "{\"weights\": 1}");
  folder.write("cut", model.substr(0, model.size() - 4));
  folder.write("cut_header", model.substr(0, 100));
  folder.write("longer", model + "0000");
  folder.write("other", std::string("\x02\0\0\0\0\0\0\0{}", 10));  // safetensors without tensors or metadata
  for (const char* name : {"empty", "text", "cut", "cut_header", "longer", "other"}) {
    const std::string path = (folder.path() / name).string(), message = load_failure(path);
    INFO(message);
    CHECK(contains(message, path));
  }
}

TEST_CASE("Null handles and null places for handles are errors, never crashes") {
  CHECK(attune_model_load(model_path().c_str(), nullptr, nullptr) == ATTUNE_INVALID_ARGUMENT);
  CHECK(std::string(attune_model_message(nullptr)).empty());
  CHECK(std::string(attune_model_path(nullptr)).empty());
  CHECK(attune_model_parameters(nullptr) == 0);
  CHECK(attune_model_inference_size(nullptr) == 0);
  CHECK(attune_model_head(nullptr) == ATTUNE_HEAD_NONE);
  CHECK(attune_model_load_memory("x", 1, nullptr, nullptr) == ATTUNE_INVALID_ARGUMENT);
  CHECK(attune_model_metadata(nullptr, "format") == nullptr);
  attune_model_free(nullptr);

  Handles handles;
  CHECK(attune_session_create(nullptr, nullptr, nullptr) == ATTUNE_INVALID_ARGUMENT);
  CHECK(attune_session_create(nullptr, nullptr, &handles.session) == ATTUNE_INVALID_ARGUMENT);
  REQUIRE(handles.session != nullptr);
  CHECK(contains(attune_session_message(handles.session), "model is not loaded"));
  CHECK(std::string(attune_session_message(nullptr)).empty());
  attune_session_free(nullptr);

  EmbeddedPicture picture;
  const attune_picture description = picture.description();
  CHECK(attune_harmonize(nullptr, &description, nullptr, nullptr) == ATTUNE_INVALID_ARGUMENT);
  CHECK(attune_harmonize(handles.session, &description, nullptr, nullptr) == ATTUNE_INVALID_ARGUMENT);
  CHECK(contains(attune_session_message(handles.session), "session was not created"));
}

TEST_CASE("A session needs a loaded model and options that make sense") {
  Handles broken;
  attune_model_load("/no/such/model", nullptr, &broken.model);
  CHECK(attune_session_create(broken.model, nullptr, &broken.session) == ATTUNE_INVALID_ARGUMENT);
  CHECK(contains(attune_session_message(broken.session), "model is not loaded"));

  Handles loaded;
  REQUIRE(attune_model_load(model_path().c_str(), nullptr, &loaded.model) == ATTUNE_OK);
  const auto refusal = [&](const attune_session_options& wrong, attune_status expected) {
    attune_session* session = nullptr;
    CHECK(attune_session_create(loaded.model, &wrong, &session) == expected);
    REQUIRE(session != nullptr);
    std::string message = attune_session_message(session);
    attune_session_free(session);
    return message;
  };
  attune_session_options old = session_options(-1, 1), newer = old;
  old.struct_size = 8;
  newer.struct_size += 8;
  CHECK(contains(refusal(old, ATTUNE_INVALID_ARGUMENT), "attune_session_options.struct_size is 8"));
  CHECK(contains(
      refusal(newer, ATTUNE_VERSION_MISMATCH),
      text("attune_session_options has ", newer.struct_size, " bytes, ", sizeof newer, " in this library")));
  CHECK(contains(refusal(session_options(-1, -1), ATTUNE_INVALID_ARGUMENT), "threads is -1"));
  CHECK(contains(refusal(session_options(-1, ATTUNE_MOST_THREADS + 1), ATTUNE_INVALID_ARGUMENT),
                 "threads is 1025, expected 0 to 1024"));
  CHECK(contains(refusal(session_options(-2, 1), ATTUNE_INVALID_ARGUMENT), "device is -2"));
  CHECK(!refusal(session_options(4096, 1), ATTUNE_UNSUPPORTED).empty());
  const attune_session_options one_thread = session_options(-1, 1);
  CHECK(attune_session_create(loaded.model, &one_thread, &loaded.session) == ATTUNE_OK);
  CHECK(std::string(attune_session_message(loaded.session)).empty());
}

TEST_CASE("A model may be freed before its session") {
  Handles handles;
  REQUIRE(attune_model_load(model_path().c_str(), nullptr, &handles.model) == ATTUNE_OK);
  REQUIRE(attune_session_create(handles.model, nullptr, &handles.session) == ATTUNE_OK);
  attune_model_free(handles.model);
  handles.model = nullptr;
  EmbeddedPicture picture;
  const attune_picture description = picture.description();
  CHECK(attune_harmonize(handles.session, &description, nullptr, nullptr) == ATTUNE_OK);
}

}  // namespace attune::test
