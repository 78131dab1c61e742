/* attune: harmonize a pasted-in foreground with its background, from C.
 *
 *     attune_model* model;
 *     attune_session* session;
 *     if (attune_model_load(NULL, &model) != ATTUNE_OK) puts(attune_model_message(model));
 *     attune_session_create(model, NULL, &session);
 *     attune_picture picture = {sizeof picture};
 *     picture.width = ...; picture.height = ...;
 *     picture.image = ...; picture.mask = ...; picture.output = ...;
 *     attune_harmonize(session, &picture, NULL, NULL);
 *     attune_session_free(session);
 *     attune_model_free(model);
 *
 * Threads: a loaded model is immutable and may be shared by any number of sessions and threads; a session is
 * used by one thread at a time. Nothing here prints, exits, aborts or throws, and there is no global state. A
 * session keeps a reference to its model: either may be freed first.
 */
#ifndef ATTUNE_ATTUNE_H
#define ATTUNE_ATTUNE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define ATTUNE_API __attribute__((visibility("default")))
#else
#define ATTUNE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Grows when a struct or a function changes its meaning. */
#define ATTUNE_ABI_VERSION 2
ATTUNE_API uint32_t attune_abi_version(void);
/* The program's version, "0.1.0". */
ATTUNE_API const char* attune_version(void);

typedef enum attune_status {
  ATTUNE_OK = 0,
  ATTUNE_INVALID_ARGUMENT = 1, /* a null pointer, a size, a format or an option that the contract forbids */
  ATTUNE_INVALID_MODEL = 2,    /* the model's file is missing, cut short or no attune model */
  ATTUNE_UNSUPPORTED = 3,      /* not in this build or not on this machine: a CUDA device without a GPU */
  ATTUNE_OUT_OF_MEMORY = 4,
  ATTUNE_DEVICE_ERROR = 5,
  ATTUNE_INTERNAL_ERROR = 6
} attune_status;

typedef struct attune_model attune_model;
typedef struct attune_session attune_session;

/* Loads a model from a safetensors file; a null path means the shipped model, found beside the library or
 * program. *model is made even where loading fails, so that its message can be read; it is null only without
 * memory. */
ATTUNE_API attune_status attune_model_load(const char* path, attune_model** model);
/* Why the last call on this handle failed; "" after success. Valid until the next call on it. */
ATTUNE_API const char* attune_model_message(const attune_model* model);
/* The file the model was read from. */
ATTUNE_API const char* attune_model_path(const attune_model* model);
/* The number of weights; 0 where loading failed. */
ATTUNE_API int64_t attune_model_parameters(const attune_model* model);
/* The file's metadata under `key` ("attune.model" is its description as JSON), or null. Valid as long as the
 * model. */
ATTUNE_API const char* attune_model_metadata(const attune_model* model, const char* key);
/* Null is allowed. */
ATTUNE_API void attune_model_free(attune_model* model);

typedef struct attune_session_options {
  size_t struct_size; /* sizeof(attune_session_options) */
  int32_t device;     /* -1: the CPU; n >= 0: CUDA device n */
  int32_t threads;    /* 0: all cores; 1 starts no thread */
} attune_session_options;

/* Null options mean the CPU and all cores. As with models, *session is null only without memory. */
ATTUNE_API attune_status attune_session_create(const attune_model* model,
                                               const attune_session_options* options,
                                               attune_session** session);
ATTUNE_API const char* attune_session_message(const attune_session* session);
ATTUNE_API void attune_session_free(attune_session* session);

typedef enum attune_pixel_format {
  ATTUNE_RGB8 = 0,
  ATTUNE_RGBA8 = 1, /* alpha is copied */
  ATTUNE_RGB16 = 2, /* host byte order */
  ATTUNE_RGBA16 = 3
} attune_pixel_format;

/* A picture in sRGB, in rows from top to bottom, and its mask: 8 bits a pixel, 255 the foreground, 0 the
 * background, soft edges between. `output` has the picture's size and format and may be `image` itself (in
 * place), else they must not overlap. Strides are in bytes; 0 means rows without padding. Pixels where the
 * mask is 0 are copied exactly. */
typedef struct attune_picture {
  size_t struct_size; /* sizeof(attune_picture) */
  int64_t width, height;
  attune_pixel_format format;
  const void* image;
  int64_t image_stride;
  const uint8_t* mask;
  int64_t mask_stride;
  void* output;
  int64_t output_stride;
} attune_picture;

/* What harmonize found. Without any foreground, or without any background, the picture comes back as it was.
 */
typedef enum attune_mask_kind {
  ATTUNE_MASK_BOTH = 0,
  ATTUNE_MASK_EMPTY = 1,
  ATTUNE_MASK_FULL = 2
} attune_mask_kind;

/* The output is image + strength * (harmonized - image), rounded. Strength 1 harmonizes in full; strength 0 gives
 * the picture back as it was, exactly, and so does a struct of zeros but for its size: start from
 * ATTUNE_HARMONIZE_OPTIONS_INIT, which is what null options mean. */
typedef struct attune_harmonize_options {
  size_t struct_size; /* sizeof(attune_harmonize_options) */
  float strength;     /* 0..1 */
} attune_harmonize_options;

#define ATTUNE_HARMONIZE_OPTIONS_INIT \
  { sizeof(attune_harmonize_options), 1.0f }

/* `options` and `mask_kind` may be null. After a failure the output's contents are undefined. */
ATTUNE_API attune_status attune_harmonize(attune_session* session, const attune_picture* picture,
                                          const attune_harmonize_options* options,
                                          attune_mask_kind* mask_kind);

#ifdef __cplusplus
}
#endif

#endif /* ATTUNE_ATTUNE_H */
