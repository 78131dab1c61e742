/* attune: harmonize a pasted-in foreground with its background, from C.
 *
 *     attune_model* model;
 *     attune_session* session;
 *     attune_model_options options = ATTUNE_MODEL_OPTIONS_INIT;
 *     if (attune_model_load(NULL, &options, &model) != ATTUNE_OK) puts(attune_model_message(model));
 *     attune_session_create(model, NULL, &session);
 *     attune_picture picture = ATTUNE_PICTURE_INIT;
 *     picture.width = ...; picture.height = ...;
 *     picture.image = ...; picture.mask = ...; picture.output = ...;
 *     attune_harmonize(session, &picture, NULL, NULL);
 *     attune_session_free(session);
 *     attune_model_free(model);
 *
 * Threads: a loaded model is immutable and may be shared by any number of sessions and threads, but for its message; a
 * session is used by one thread at a time. A session of one thread starts none. Others share the program's OpenMP
 * threads: a thread that calls for the first time starts its own team, which waits between calls (spinning at first, as
 * OMP_WAIT_POLICY says) and ends with the program. After fork() the child may free and load handles and use sessions of
 * one thread; a session of several is not to be used where the parent has used one, since OpenMP's threads do not live
 * on in the child. Where the system refuses OpenMP a thread, OpenMP ends the program: of one thread a session is safe.
 *
 * Nothing here prints, exits, aborts or throws, and there is no global state: what is to be said goes to the handle's
 * message and log function. A session keeps a reference to its model: either may be freed first.
 *
 * Parameter structs begin with their size, so that later versions may append fields: a library will take the shorter structs
 * of programs that were compiled for an older release, what they lack being zero. It refuses longer ones.
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

/* Grows when a struct or a function changes its meaning; the number in the shared library's name. */
#define ATTUNE_ABI_VERSION 1
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
  ATTUNE_INTERNAL_ERROR = 6,
  ATTUNE_CANCELLED = 7,       /* the session's cancel function said so */
  ATTUNE_VERSION_MISMATCH = 8 /* the program was compiled for another version of this interface */
} attune_status;

/* In a few words, for where there is no handle to ask. Never null. */
ATTUNE_API const char* attune_status_text(attune_status status);

typedef struct attune_model attune_model;
typedef struct attune_session attune_session;

typedef enum attune_log_level {
  ATTUNE_LOG_DEBUG = 0,
  ATTUNE_LOG_INFO = 1,
  ATTUNE_LOG_WARNING = 2
} attune_log_level;

/* Called on the thread that made the call. The message is one line without a line feed, valid until the function
 * returns. None of these functions may use the handle, or throw. */
typedef void (*attune_log_function)(void* user, attune_log_level level, const char* message);
/* How much of a call is done, 0 to 1, never falling; 1 comes last, unless the call fails. */
typedef void (*attune_progress_function)(void* user, float fraction);
/* Asked every few milliseconds (up to some 30); any answer but 0 ends the call with ATTUNE_CANCELLED. */
typedef int32_t (*attune_cancel_function)(void* user);

/* Where a handle's large blocks come from: weights, activations and scratch in CPU memory. (From the C++ heap come small
 * objects, a model's file while it is read, and a few rows of a picture in passing; oneDNN has its own.)
 * Both functions may be called on any thread that uses a handle made with them, and neither may throw; `allocate` returns
 * null where there is no memory. The functions and `user` must stay valid until every model and session that was made
 * with them is freed. */
typedef struct attune_allocator {
  size_t struct_size;                                            /* sizeof(attune_allocator) */
  void* (*allocate)(void* user, size_t bytes, size_t alignment); /* alignment: a power of 2 */
  void (*release)(void* user, void* memory, size_t bytes);
  void* user;
} attune_allocator;

typedef struct attune_model_options {
  size_t struct_size;      /* sizeof(attune_model_options) */
  uint32_t abi_version;    /* ATTUNE_ABI_VERSION: of the header that the program was compiled with */
  attune_log_function log; /* may be null, as the next two */
  void* user;              /* for `log` */
  const attune_allocator* allocator; /* read during the call only */
} attune_model_options;

#define ATTUNE_MODEL_OPTIONS_INIT \
  { sizeof(attune_model_options), ATTUNE_ABI_VERSION, NULL, NULL, NULL }

/* Loads a model from a safetensors file; a null path means the shipped model, found beside the library or
 * program. Null options mean ATTUNE_MODEL_OPTIONS_INIT as the library has it: only options of the program's own tell a library
 * of another version from the header's. *model is made even where loading fails, so that its message can be read; it is
 * null only without memory. */
ATTUNE_API attune_status attune_model_load(const char* path, const attune_model_options* options,
                                           attune_model** model);
/* The same from the bytes of such a file, which are not needed afterwards. Its path is "". */
ATTUNE_API attune_status attune_model_load_memory(const void* data, size_t bytes,
                                                  const attune_model_options* options, attune_model** model);
/* Why loading failed; "" after success. Valid as long as the model. */
ATTUNE_API const char* attune_model_message(const attune_model* model);
/* The file the model was read from. */
ATTUNE_API const char* attune_model_path(const attune_model* model);
/* The number of weights; 0 where loading failed. */
ATTUNE_API int64_t attune_model_parameters(const attune_model* model);
/* What a model predicts. Affine: a map of colour transforms, from the picture scaled down, which is applied to all pixels in
 * bands: memory beside the picture does not grow with it. Blend: every pixel's colour, of large pictures in tiles, which
 * takes 12 bytes a pixel beside the picture. */
typedef enum attune_head {
  ATTUNE_HEAD_NONE = 0, /* loading failed */
  ATTUNE_HEAD_AFFINE = 1,
  ATTUNE_HEAD_BLEND = 2
} attune_head;
ATTUNE_API attune_head attune_model_head(const attune_model* model);
/* With the affine head the network sees a picture with its longer side scaled down to this many pixels; 0 otherwise. */
ATTUNE_API int64_t attune_model_inference_size(const attune_model* model);
/* The file's metadata under `key` ("attune.model" is its description as JSON), or null. Valid as long as the
 * model. */
ATTUNE_API const char* attune_model_metadata(const attune_model* model, const char* key);
/* Null is allowed. */
ATTUNE_API void attune_model_free(attune_model* model);

#define ATTUNE_MOST_THREADS 1024

typedef struct attune_session_options {
  size_t struct_size;      /* sizeof(attune_session_options) */
  int32_t device;          /* -1: the CPU; n >= 0: CUDA device n */
  int32_t threads;         /* 0: all cores; 1 starts no thread; at most ATTUNE_MOST_THREADS */
  attune_log_function log; /* may be null, as the next four */
  attune_progress_function progress;
  attune_cancel_function cancelled;
  void* user;                        /* for the three */
  const attune_allocator* allocator; /* read during the call only; null: as the model's */
  /* Of a CUDA device: the cudaStream_t of its work, which outlives the session (cudaStreamLegacy names the default one).
   * Null: a stream of its own, for pictures in host memory. */
  void* stream;
} attune_session_options;

#define ATTUNE_SESSION_OPTIONS_INIT \
  { sizeof(attune_session_options), -1, 0, NULL, NULL, NULL, NULL, NULL, NULL }

/* Null options mean ATTUNE_SESSION_OPTIONS_INIT. As with models, *session is null only without memory. */
ATTUNE_API attune_status attune_session_create(const attune_model* model,
                                               const attune_session_options* options,
                                               attune_session** session);
/* Why the last call on this session failed; "" after success. Valid until the next call on it. */
ATTUNE_API const char* attune_session_message(const attune_session* session);
/* Waits for work that is still enqueued. Null is allowed. */
ATTUNE_API void attune_session_free(attune_session* session);

/* Samples a pixel, in this order in memory. Alpha is copied. */
typedef enum attune_pixel_format {
  ATTUNE_RGB8 = 0,
  ATTUNE_RGBA8 = 1,
  ATTUNE_RGB16 = 2, /* host byte order */
  ATTUNE_RGBA16 = 3,
  ATTUNE_BGR8 = 4,
  ATTUNE_BGRA8 = 5,
  ATTUNE_RGB32F = 6, /* float; black is 0 and white 1, values outside are allowed */
  ATTUNE_RGBA32F = 7
} attune_pixel_format;

typedef enum attune_transfer {
  ATTUNE_SRGB = 0,
  ATTUNE_LINEAR = 1 /* float formats only: proportional to light, with sRGB's primaries */
} attune_transfer;

typedef enum attune_mask_format {
  ATTUNE_MASK8 = 0,  /* 255 the foreground, 0 the background */
  ATTUNE_MASK32F = 1 /* float, 1 the foreground, 0 the background; others are refused */
} attune_mask_format;

/* Where a picture lies: image, mask, output and what is ignored alike.
 *
 * Pictures in the memory of the session's CUDA device (or in managed memory) are harmonized on it, by a session that was
 * given a stream; others are ATTUNE_UNSUPPORTED. All work is enqueued on that stream, in its order, and the call returns
 * without waiting for it or copying a pixel. What goes wrong while it runs is found where the caller waits for the stream.
 * What was enqueued before a call failed goes on: wait before the memory is used otherwise.
 *
 * A session plans for one size that the network sees, one number of pictures that pass through it together, one kind of
 * memory, and pictures with or without ignored pixels; with the blend head, of pictures of more than half a megapixel, for
 * their own size, with 12 bytes a pixel and the activations of up to four sizes of tiles. Whenever one of them changes (also
 * within a batch, as where its last pictures are fewer) it plans anew, which allocates and may wait for the device. Once a
 * call has succeeded, later ones alike only enqueue, and may be captured into the caller's CUDA graph. The graph uses the
 * session's memory: it is to be launched in the order of the session's stream, and not any more after the session has planned
 * anew or was freed. A call that would have to plan while it is captured is refused.
 *
 * Such pictures are not looked at on the CPU: their mask's kind is ATTUNE_MASK_UNKNOWN. Samples that are no finite numbers,
 * and float masks outside 0..1, are not refused and give colours that mean nothing. A mask that has no background in any
 * cell of what the network sees (within 1e-5, of pictures with up to 65,536 pixels a side) leaves the picture as it was. */
typedef enum attune_memory { ATTUNE_HOST_MEMORY = 0, ATTUNE_DEVICE_MEMORY = 1 } attune_memory;

/* A picture in sRGB, in rows from top to bottom, and its mask: one value a pixel, soft edges between foreground and
 * background. `output` has the picture's size and format and may be `image` itself (in place), else they must not
 * overlap. Strides are in bytes; 0 means rows without padding; they may be negative, for rows that go up. Pixels where
 * the mask is 0 are copied exactly. Start from ATTUNE_PICTURE_INIT and fill in what is needed. */
typedef struct attune_picture {
  size_t struct_size; /* sizeof(attune_picture) */
  int64_t width, height;
  attune_pixel_format format;
  attune_transfer transfer;
  const void* image;
  int64_t image_stride;
  const void* mask;
  int64_t mask_stride;
  void* output;
  int64_t output_stride;
  attune_mask_format mask_format;
  /* May be null. 8 bits a pixel: where it is 255, the picture's background (inverted: its foreground) is no example to
   * follow (transparent, a frame, a caption), and what it holds has no influence; in between it counts in part. */
  const uint8_t* ignored;
  int64_t ignored_stride;
  attune_memory memory;
} attune_picture;

#define ATTUNE_PICTURE_INIT                                                                                \
  {                                                                                                        \
    sizeof(attune_picture), 0, 0, ATTUNE_RGB8, ATTUNE_SRGB, NULL, 0, NULL, 0, NULL, 0, ATTUNE_MASK8, NULL, \
        0, ATTUNE_HOST_MEMORY                                                                              \
  }

/* What harmonize found. Without any foreground to recolour, or without any background to follow (that is not ignored), the
 * picture comes back as it was. Inverted, the background is what is recoloured: a mask that is 255 everywhere is EMPTY. */
typedef enum attune_mask_kind {
  ATTUNE_MASK_BOTH = 0,
  ATTUNE_MASK_EMPTY = 1,
  ATTUNE_MASK_FULL = 2,
  ATTUNE_MASK_UNKNOWN = 3 /* in device memory, where nothing was looked at */
} attune_mask_kind;

/* The output is image + strength * (harmonized - image), of values in sRGB, rounded. Strength 1 harmonizes in full;
 * strength 0 gives the picture back as it was, exactly, and so does a struct of zeros but for its size: start from
 * ATTUNE_HARMONIZE_OPTIONS_INIT, which is what null options mean. Other than 0, `invert` makes foreground and background
 * change places, so that the background is recoloured. */
typedef struct attune_harmonize_options {
  size_t struct_size; /* sizeof(attune_harmonize_options) */
  float strength;     /* 0..1 */
  int32_t invert;
} attune_harmonize_options;

#define ATTUNE_HARMONIZE_OPTIONS_INIT \
  { sizeof(attune_harmonize_options), 1.0f, 0 }

/* `options` and `mask_kind` may be null. Where an argument is refused nothing is written; after another failure the
 * output's contents are undefined. */
ATTUNE_API attune_status attune_harmonize(attune_session* session, const attune_picture* picture,
                                          const attune_harmonize_options* options,
                                          attune_mask_kind* mask_kind);

/* `count` pictures, sizeof(attune_picture) apart, with room for as many `mask_kinds` (or null). Pictures that the network
 * sees at one size pass through it together where they follow each other, which may change their last bits. Every picture
 * is checked before the first is touched, but for samples that are no finite numbers. */
ATTUNE_API attune_status attune_harmonize_batch(attune_session* session, const attune_picture* pictures,
                                                size_t count, const attune_harmonize_options* options,
                                                attune_mask_kind* mask_kinds);

#ifdef __cplusplus
}
#endif

#endif /* ATTUNE_ATTUNE_H */
