// attune for C++: RAII and exceptions over the C API, header-only, so that exceptions are thrown in the
// caller's own binary. The rules on threads are the C header's.
//
//     attune::api::Harmonizer harmonizer{attune::api::Model()};
//     harmonizer.run(picture);
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

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
  // Loads the shipped model.
  Model() { load(nullptr); }
  explicit Model(const std::string& path) { load(path.c_str()); }

  std::string path() const { return attune_model_path(handle_.get()); }
  std::int64_t parameters() const { return attune_model_parameters(handle_.get()); }
  // The metadata under `key`; empty where there is none.
  std::string metadata(const std::string& key) const {
    const char* value = attune_model_metadata(handle_.get(), key.c_str());
    return value ? value : "";
  }
  const attune_model* handle() const { return handle_.get(); }

 private:
  void load(const char* path) {
    attune_model* model = nullptr;
    const attune_status status = attune_model_load(path, &model);
    handle_.reset(model);
    if (status != ATTUNE_OK) throw Failure(status, model ? attune_model_message(model) : "out of memory");
  }

  struct Free {
    void operator()(attune_model* model) const noexcept { attune_model_free(model); }
  };
  std::unique_ptr<attune_model, Free> handle_;
};

class Harmonizer {
 public:
  // device -1 is the CPU, n >= 0 a CUDA device; threads 0 takes all cores.
  explicit Harmonizer(const Model& model, int device = -1, int threads = 0) {
    attune_session_options options{};
    options.struct_size = sizeof options;
    options.device = device;
    options.threads = threads;
    attune_session* session = nullptr;
    const attune_status status = attune_session_create(model.handle(), &options, &session);
    handle_.reset(session);
    if (status != ATTUNE_OK)
      throw Failure(status, session ? attune_session_message(session) : "out of memory");
  }

  // The output is image + strength * (harmonized - image), with a strength of 0..1.
  attune_mask_kind run(attune_picture picture, float strength = 1) {
    picture.struct_size = sizeof picture;
    attune_harmonize_options options = ATTUNE_HARMONIZE_OPTIONS_INIT;
    options.strength = strength;
    attune_mask_kind kind = ATTUNE_MASK_BOTH;
    const attune_status status = attune_harmonize(handle_.get(), &picture, &options, &kind);
    if (status != ATTUNE_OK) throw Failure(status, attune_session_message(handle_.get()));
    return kind;
  }

 private:
  struct Free {
    void operator()(attune_session* session) const noexcept { attune_session_free(session); }
  };
  std::unique_ptr<attune_session, Free> handle_;
};

}  // namespace attune::api
