/* embed_c IMAGE MASK OUT.png: harmonizes one picture in place with the shipped model, through attune's C interface. */
#include <attune/attune.h>
#include <stdio.h>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image.h>
#include <stb_image_write.h>

/* The message of what failed, or null. It is the model's or session's, which must still be there. */
static const char* harmonize(attune_model** model, attune_session** session, const attune_picture* picture) {
  const attune_model_options options = ATTUNE_MODEL_OPTIONS_INIT;
  if (attune_model_load(NULL, &options, model) != ATTUNE_OK) return *model ? attune_model_message(*model) : attune_status_text(ATTUNE_OUT_OF_MEMORY);
  if (attune_session_create(*model, NULL, session) != ATTUNE_OK ||
      attune_harmonize(*session, picture, NULL, NULL) != ATTUNE_OK)
    return *session ? attune_session_message(*session) : attune_status_text(ATTUNE_OUT_OF_MEMORY);
  return NULL;
}

int main(int argc, char** argv) {
  attune_model* model = NULL;
  attune_session* session = NULL;
  attune_picture picture = ATTUNE_PICTURE_INIT;
  const char* failure = NULL;
  int width = 0, height = 0, mask_width = 0, mask_height = 0, channels = 0;
  stbi_uc *image, *mask;
  if (argc != 4) {
    fprintf(stderr, "usage: embed_c IMAGE MASK OUT.png\n");
    return 1;
  }
  image = stbi_load(argv[1], &width, &height, &channels, 3);
  mask = stbi_load(argv[2], &mask_width, &mask_height, &channels, 1);
  picture.width = width;
  picture.height = height;
  picture.format = ATTUNE_RGB8;
  picture.image = picture.output = image;
  picture.mask = mask;
  if (!image || !mask)
    failure = stbi_failure_reason();
  else if (width != mask_width || height != mask_height)
    failure = "picture and mask are of different sizes";
  else
    failure = harmonize(&model, &session, &picture);
  if (!failure && !stbi_write_png(argv[3], width, height, 3, image, 0)) failure = "the output cannot be written";
  if (failure) fprintf(stderr, "embed_c: %s\n", failure);
  attune_session_free(session);
  attune_model_free(model);
  stbi_image_free(mask);
  stbi_image_free(image);
  return failure != NULL;
}
