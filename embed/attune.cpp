// The C border: every exception becomes a status, with its message on the handle.
#include "embed/attune/attune.h"

#include <memory>
#include <new>
#include <string>

#include "embed/model.h"
#include "embed/session.h"

struct attune_model {
  std::shared_ptr<const attune::Model> model;
  std::string path, message;
};

struct attune_session {
  std::unique_ptr<attune::Session> session;
  std::string message;
};

namespace {

attune_status status_of(attune::ErrorKind kind) {
  switch (kind) {
    case attune::ErrorKind::argument:
      return ATTUNE_INVALID_ARGUMENT;
    case attune::ErrorKind::configuration:
    case attune::ErrorKind::input:
      return ATTUNE_INVALID_MODEL;
    case attune::ErrorKind::unsupported:
      return ATTUNE_UNSUPPORTED;
    case attune::ErrorKind::out_of_memory:
      return ATTUNE_OUT_OF_MEMORY;
    case attune::ErrorKind::device:
      return ATTUNE_DEVICE_ERROR;
    default:
      return ATTUNE_INTERNAL_ERROR;
  }
}

// Runs `body`; what it throws becomes a status and, memory allowing, `message`.
template <class Body>
attune_status guarded(std::string& message, const Body& body) noexcept {
  try {
    message.clear();
    try {
      body();
      return ATTUNE_OK;
    } catch (const attune::Error& error) {
      message = error.what();
      return status_of(error.kind());
    } catch (const std::bad_alloc&) {
      message = "out of memory";
      return ATTUNE_OUT_OF_MEMORY;
    } catch (const std::exception& error) {
      message = error.what();
      return ATTUNE_INTERNAL_ERROR;
    }
  } catch (...) {
    return ATTUNE_INTERNAL_ERROR;
  }
}

void check_struct_size(std::size_t given, std::size_t expected, const char* name) {
  attune::require(given == expected, attune::ErrorKind::argument, name, ".struct_size is ", given,
                  ", expected ", expected);
}

}  // namespace

extern "C" {

uint32_t attune_abi_version(void) { return ATTUNE_ABI_VERSION; }
const char* attune_version(void) { return ATTUNE_VERSION; }

attune_status attune_model_load(const char* path, attune_model** model) {
  if (!model) return ATTUNE_INVALID_ARGUMENT;
  *model = new (std::nothrow) attune_model;
  if (!*model) return ATTUNE_OUT_OF_MEMORY;
  return guarded((*model)->message, [&] {
    const std::filesystem::path file = path ? std::filesystem::path(path) : attune::shipped_model_path();
    (*model)->path = file.string();
    (*model)->model = std::make_shared<const attune::Model>(file);
  });
}

const char* attune_model_message(const attune_model* model) { return model ? model->message.c_str() : ""; }
const char* attune_model_path(const attune_model* model) { return model ? model->path.c_str() : ""; }
int64_t attune_model_parameters(const attune_model* model) {
  return model && model->model ? model->model->parameters() : 0;
}

const char* attune_model_metadata(const attune_model* model, const char* key) {
  if (!model || !model->model || !key) return nullptr;
  const auto& metadata = model->model->metadata();
  for (const auto& [name, value] : metadata)
    if (name == key) return value.c_str();
  return nullptr;
}

void attune_model_free(attune_model* model) { delete model; }

attune_status attune_session_create(const attune_model* model, const attune_session_options* options,
                                    attune_session** session) {
  if (!session) return ATTUNE_INVALID_ARGUMENT;
  *session = new (std::nothrow) attune_session;
  if (!*session) return ATTUNE_OUT_OF_MEMORY;
  return guarded((*session)->message, [&] {
    attune::require(model && model->model, attune::ErrorKind::argument, "the session's model is not loaded");
    attune::Device device;
    int threads = 0;
    if (options) {
      check_struct_size(options->struct_size, sizeof *options, "attune_session_options");
      attune::require(options->device >= -1, attune::ErrorKind::argument, "device is ", options->device,
                      ", expected -1 (the CPU) or a CUDA device");
      if (options->device >= 0) device = {attune::DeviceKind::cuda, options->device};
      attune::require(options->threads >= 0, attune::ErrorKind::argument, "threads is ", options->threads,
                      ", expected >= 0");
      threads = options->threads;
    }
    (*session)->session = std::make_unique<attune::Session>(model->model, device, threads);
  });
}

const char* attune_session_message(const attune_session* session) {
  return session ? session->message.c_str() : "";
}
void attune_session_free(attune_session* session) { delete session; }

attune_status attune_harmonize(attune_session* session, const attune_picture* picture,
                               const attune_harmonize_options* options, attune_mask_kind* mask_kind) {
  if (!session) return ATTUNE_INVALID_ARGUMENT;
  return guarded(session->message, [&] {
    attune::require(session->session != nullptr, attune::ErrorKind::argument, "the session was not created");
    attune::require(picture != nullptr, attune::ErrorKind::argument, "picture is a null pointer");
    check_struct_size(picture->struct_size, sizeof *picture, "attune_picture");
    attune_harmonize_options used = ATTUNE_HARMONIZE_OPTIONS_INIT;
    if (options) {
      check_struct_size(options->struct_size, sizeof *options, "attune_harmonize_options");
      used = *options;
    }
    const attune_mask_kind kind = session->session->harmonize(*picture, used.strength);
    if (mask_kind) *mask_kind = kind;
  });
}

}  // extern "C"
