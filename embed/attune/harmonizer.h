// attune for C++: RAII and exceptions over the C API, header-only, so that exceptions are thrown in the
// caller's own binary. The rules on threads are the C header's.
//
//     attune::api::Harmonizer harmonizer{attune::api::Model()};
//     harmonizer.run(picture);
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "attune/attune.h"

namespace attune::api {

class Failure : public std::runtime_error {
 public:
  Failure(attune_status status, const std::string& message) : std::runtime_error(message), status_(status) {}
  attune_status status() const noexcept { return status_; }

 private:
  attune_status status_;
};

class Model {
 public:
  // Loads the shipped model. Failure where the library has another interface than this header, or none can be loaded.
  Model() : Model(attune_model_options(ATTUNE_MODEL_OPTIONS_INIT)) {}
  explicit Model(const std::string& path) : Model(path, attune_model_options(ATTUNE_MODEL_OPTIONS_INIT)) {}
  explicit Model(const attune_model_options& options) {
    load([&](attune_model** model) { return attune_model_load(nullptr, &options, model); });
  }
  Model(const std::string& path, const attune_model_options& options) {
    load([&](attune_model** model) { return attune_model_load(path.c_str(), &options, model); });
  }
  // From the bytes of a model's file.
  static Model from_memory(const void* data, std::size_t bytes,
                           const attune_model_options& options = ATTUNE_MODEL_OPTIONS_INIT) {
    return Model(InMemory{data, bytes}, options);
  }

  std::string path() const { return attune_model_path(handle_.get()); }
  std::int64_t parameters() const { return attune_model_parameters(handle_.get()); }
  attune_head head() const { return attune_model_head(handle_.get()); }
  std::int64_t inference_size() const { return attune_model_inference_size(handle_.get()); }
  // The metadata under `key`; empty where there is none.
  std::string metadata(const std::string& key) const {
    const char* value = attune_model_metadata(handle_.get(), key.c_str());
    return value ? value : "";
  }
  const attune_model* handle() const { return handle_.get(); }

 private:
  struct InMemory {
    const void* data;
    std::size_t bytes;
  };
  Model(const InMemory& memory, const attune_model_options& options) {
    load([&](attune_model** model) {
      return attune_model_load_memory(memory.data, memory.bytes, &options, model);
    });
  }

  template <class Load>
  void load(const Load& call) {
    attune_model* model = nullptr;
    const attune_status status = call(&model);
    handle_.reset(model);
    if (status != ATTUNE_OK)
      throw Failure(status, model ? attune_model_message(model) : attune_status_text(status));
  }

  struct Free {
    void operator()(attune_model* model) const noexcept { attune_model_free(model); }
  };
  std::unique_ptr<attune_model, Free> handle_;
};

class Harmonizer {
 public:
  // device -1 is the CPU, n >= 0 a CUDA device; threads 0 takes all cores.
  explicit Harmonizer(const Model& model, int device = -1, int threads = 0)
      : Harmonizer(model, options_of(device, threads)) {}
  Harmonizer(const Model& model, const attune_session_options& options) {
    attune_session* session = nullptr;
    const attune_status status = attune_session_create(model.handle(), &options, &session);
    handle_.reset(session);
    if (status != ATTUNE_OK)
      throw Failure(status, session ? attune_session_message(session) : attune_status_text(status));
  }

  // The output is image + strength * (harmonized - image), with a strength of 0..1.
  attune_mask_kind run(const attune_picture& picture, float strength = 1) {
    attune_harmonize_options options = ATTUNE_HARMONIZE_OPTIONS_INIT;
    options.strength = strength;
    return run(picture, options);
  }
  attune_mask_kind run(attune_picture picture, const attune_harmonize_options& options) {
    picture.struct_size = sizeof picture;
    attune_mask_kind kind = ATTUNE_MASK_BOTH;
    check(attune_harmonize(handle_.get(), &picture, &options, &kind));
    return kind;
  }
  // One mask kind a picture.
  std::vector<attune_mask_kind> run(std::vector<attune_picture> pictures,
                                    const attune_harmonize_options& options = ATTUNE_HARMONIZE_OPTIONS_INIT) {
    for (attune_picture& picture : pictures) picture.struct_size = sizeof picture;
    std::vector<attune_mask_kind> kinds(pictures.size(), ATTUNE_MASK_BOTH);
    check(attune_harmonize_batch(handle_.get(), pictures.data(), pictures.size(), &options, kinds.data()));
    return kinds;
  }

 private:
  static attune_session_options options_of(int device, int threads) {
    attune_session_options options = ATTUNE_SESSION_OPTIONS_INIT;
    options.device = device;
    options.threads = threads;
    return options;
  }
  void check(attune_status status) const {
    if (status != ATTUNE_OK) throw Failure(status, attune_session_message(handle_.get()));
  }

  struct Free {
    void operator()(attune_session* session) const noexcept { attune_session_free(session); }
  };
  std::unique_ptr<attune_session, Free> handle_;
};

}  // namespace attune::api
