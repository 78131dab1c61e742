/* A C99 caller of attune.h. It only has to compile, without a warning. */
#include "attune/attune.h"

attune_status harmonize_half(attune_session* session, const void* image, const uint8_t* mask, void* output);

attune_status harmonize_half(attune_session* session, const void* image, const uint8_t* mask, void* output) {
  attune_harmonize_options options = ATTUNE_HARMONIZE_OPTIONS_INIT;
  attune_mask_kind kind;
  attune_session_options session_options = ATTUNE_SESSION_OPTIONS_INIT;
  attune_model_options model_options = ATTUNE_MODEL_OPTIONS_INIT;
  attune_picture picture = {0};
  (void)session_options, (void)model_options;
  picture.struct_size = sizeof picture;
  picture.width = picture.height = 64;
  picture.format = ATTUNE_RGB8;
  picture.image = image;
  picture.mask = mask;
  picture.output = output;
  options.strength = 0.5f;
  return attune_harmonize(session, &picture, &options, &kind);
}
