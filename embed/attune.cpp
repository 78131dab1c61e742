// The C border: every exception becomes a status, with its message on the handle.
#include "embed/attune/attune.h"

#include <algorithm>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "embed/model.h"
#include "embed/session.h"

struct attune_model {
  std::shared_ptr<const attune::Model> model;
  attune::Allocator allocator;
  std::string path, message;
};

struct attune_session {
  attune::Session::Handle session;
  std::string message;
};

namespace {

// What a program was compiled against and what it runs with are two.
struct VersionMismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

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
    case attune::ErrorKind::cancelled:
      return ATTUNE_CANCELLED;
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
    } catch (const VersionMismatch& error) {
      message = error.what();
      return ATTUNE_VERSION_MISMATCH;
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

// A caller's struct. No release has had other lengths so far; a longer one comes from a program that was compiled for a later
// version, whose fields this library would not heed.
template <class Struct>
void check_struct_size(const Struct& given, const char* name) {
  attune::require(given.struct_size >= sizeof(Struct), attune::ErrorKind::argument, name, ".struct_size is ",
                  given.struct_size, ", expected ", sizeof(Struct));
  if (given.struct_size > sizeof(Struct))
    throw VersionMismatch(attune::text(name, " has ", given.struct_size, " bytes, ", sizeof(Struct),
                                       " in this library (attune " ATTUNE_VERSION
                                       "): the program was compiled for a later one"));
}

attune::Allocator checked_allocator(const attune_allocator* allocator) {
  if (!allocator) return {};
  check_struct_size(*allocator, "attune_allocator");
  attune::require(allocator->allocate && allocator->release, attune::ErrorKind::argument,
                  "attune_allocator: a function is null");
  return {allocator->allocate, allocator->release, allocator->user};
}

attune_model_options checked_options(const attune_model_options* options) {
  if (!options) return ATTUNE_MODEL_OPTIONS_INIT;
  // Before the size, which follows from it.
  if (options->abi_version != ATTUNE_ABI_VERSION)
    throw VersionMismatch(attune::text(
        "the program was compiled for version ", options->abi_version,
        " of attune's interface, this library (attune " ATTUNE_VERSION ") has version ", ATTUNE_ABI_VERSION));
  check_struct_size(*options, "attune_model_options");
  return *options;
}

attune_session_options checked_options(const attune_session_options* options) {
  if (!options) return ATTUNE_SESSION_OPTIONS_INIT;
  check_struct_size(*options, "attune_session_options");
  attune::require(options->device >= -1, attune::ErrorKind::argument, "device is ", options->device,
                  ", expected -1 (the CPU) or a CUDA device");
  attune::require(options->threads >= 0 && options->threads <= ATTUNE_MOST_THREADS,
                  attune::ErrorKind::argument, "threads is ", options->threads, ", expected 0 to ",
                  ATTUNE_MOST_THREADS);
  attune::require(options->device >= 0 || !options->stream, attune::ErrorKind::argument,
                  "a stream is for a session on a CUDA device");
  return *options;
}

attune_harmonize_options checked_options(const attune_harmonize_options* options) {
  if (!options) return ATTUNE_HARMONIZE_OPTIONS_INIT;
  check_struct_size(*options, "attune_harmonize_options");
  return *options;
}

std::vector<attune_picture> checked_pictures(const attune_picture* pictures, std::size_t count) {
  attune::require(pictures != nullptr || count == 0, attune::ErrorKind::argument,
                  "picture is a null pointer");
  for (std::size_t i = 0; i < count; ++i) check_struct_size(pictures[i], "attune_picture");
  return {pictures, pictures + count};
}

// Makes a model of what `load` gives, which gets the allocator and may set the path.
template <class Load>
attune_status load_model(const attune_model_options* options, attune_model** model, const Load& load) {
  if (!model) return ATTUNE_INVALID_ARGUMENT;
  *model = new (std::nothrow) attune_model;
  if (!*model) return ATTUNE_OUT_OF_MEMORY;
  attune_model& made = **model;
  return guarded(made.message, [&] {
    const attune_model_options used = checked_options(options);
    made.allocator = checked_allocator(used.allocator);
    made.model = load(made);
    if (used.log)
      used.log(used.user, ATTUNE_LOG_INFO,
               attune::text("loaded ", made.path.empty() ? "a model in memory" : made.path, ": ",
                            made.model->parameters(), " weights")
                   .c_str());
  });
}

}  // namespace

extern "C" {

uint32_t attune_abi_version(void) { return ATTUNE_ABI_VERSION; }
const char* attune_version(void) { return ATTUNE_VERSION; }

const char* attune_status_text(attune_status status) {
  switch (status) {
    case ATTUNE_OK:
      return "done";
    case ATTUNE_INVALID_ARGUMENT:
      return "invalid argument";
    case ATTUNE_INVALID_MODEL:
      return "invalid model";
    case ATTUNE_UNSUPPORTED:
      return "unsupported";
    case ATTUNE_OUT_OF_MEMORY:
      return "out of memory";
    case ATTUNE_DEVICE_ERROR:
      return "device error";
    case ATTUNE_INTERNAL_ERROR:
      return "internal error";
    case ATTUNE_CANCELLED:
      return "cancelled";
    case ATTUNE_VERSION_MISMATCH:
      return "version mismatch";
  }
  return "unknown status";
}

attune_status attune_model_load(const char* path, const attune_model_options* options, attune_model** model) {
  return load_model(options, model, [path](attune_model& made) {
    const std::filesystem::path file = path ? std::filesystem::path(path) : attune::shipped_model_path();
    made.path = file.string();
    return std::make_shared<const attune::Model>(file, made.allocator);
  });
}

attune_status attune_model_load_memory(const void* data, size_t bytes, const attune_model_options* options,
                                       attune_model** model) {
  return load_model(options, model, [data, bytes](attune_model& made) {
    attune::require(data != nullptr, attune::ErrorKind::argument, "the model's bytes are a null pointer");
    return std::make_shared<const attune::Model>(data, bytes, made.allocator);
  });
}

const char* attune_model_message(const attune_model* model) { return model ? model->message.c_str() : ""; }
const char* attune_model_path(const attune_model* model) { return model ? model->path.c_str() : ""; }
int64_t attune_model_parameters(const attune_model* model) {
  return model && model->model ? model->model->parameters() : 0;
}
attune_head attune_model_head(const attune_model* model) {
  if (!model || !model->model) return ATTUNE_HEAD_NONE;
  return model->model->description().options.head == attune::Head::affine ? ATTUNE_HEAD_AFFINE
                                                                          : ATTUNE_HEAD_BLEND;
}
int64_t attune_model_inference_size(const attune_model* model) {
  return attune_model_head(model) == ATTUNE_HEAD_AFFINE ? model->model->description().inference_size : 0;
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
    const attune_session_options used = checked_options(options);
    const attune::Allocator allocator = used.allocator ? checked_allocator(used.allocator) : model->allocator;
    (*session)->session = attune::Session::make(model->model, used, allocator);
  });
}

const char* attune_session_message(const attune_session* session) {
  return session ? session->message.c_str() : "";
}
void attune_session_free(attune_session* session) { delete session; }

attune_status attune_harmonize(attune_session* session, const attune_picture* picture,
                               const attune_harmonize_options* options, attune_mask_kind* mask_kind) {
  return attune_harmonize_batch(session, picture, 1, options, mask_kind);
}

attune_status attune_harmonize_batch(attune_session* session, const attune_picture* pictures, size_t count,
                                     const attune_harmonize_options* options, attune_mask_kind* mask_kinds) {
  if (!session) return ATTUNE_INVALID_ARGUMENT;
  return guarded(session->message, [&] {
    attune::require(session->session != nullptr, attune::ErrorKind::argument, "the session was not created");
    const std::vector<attune_mask_kind> kinds =
        session->session->harmonize(checked_pictures(pictures, count), checked_options(options));
    if (mask_kinds) std::copy(kinds.begin(), kinds.end(), mask_kinds);
  });
}

}  // extern "C"
