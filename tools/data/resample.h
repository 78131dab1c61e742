// Cutting a window out of a picture and scaling it: area averaging along an axis that shrinks,
// bilinear interpolation (half-pixel centres, edges clamped) along one that grows. Masks become soft by the
// same weights.
#pragma once

#include "core/image.h"

namespace attune::tools {

struct Window {
  std::int64_t x = 0, y = 0, width = 0, height = 0;
};

// The window as [height, width, channels] floats, white becoming 1; mirrored left to right where asked. The
// window must lie inside the image and the size be positive: ErrorKind::argument.
void resample(const Image& image, const Window& window, std::int64_t width, std::int64_t height, bool mirror,
              float* output);
void resample(const Image16& image, const Window& window, std::int64_t width, std::int64_t height,
              bool mirror, float* output);
// The whole picture scaled, of which only `part` is made: [part.height, part.width, channels].
void resample_part(const Image16& image, std::int64_t width, std::int64_t height, const Window& part,
                   float* output);

// The picture with its longer side at most `longest`, rounded to 8 bits; unchanged where it is small enough.
Image shrink(Image image, std::int64_t longest);

}  // namespace attune::tools
