// Choosing the part of a picture that a training sample shows.
#pragma once

#include "core/image.h"
#include "core/philox.h"
#include "tools/data/resample.h"

namespace attune::tools {

struct WindowOptions {
  float min_area;     // of the picture, to 1
  float max_stretch;  // width / height may differ from the picture's by this factor
  float min_foreground, max_foreground;
};

// A random window in which the mask's foreground takes a share between min_foreground and max_foreground; the
// whole picture where ten draws find none. An empty mask image (width 0) accepts the first draw.
Window draw_window(PhiloxStream& random, std::int64_t width, std::int64_t height, const Image& mask,
                   const WindowOptions& options);

}  // namespace attune::tools
