// A cut-out laid on a background: `attune harmonize --foreground F --background B --at x,y[,scale]`.
#pragma once

#include <string>

#include "core/image.h"

namespace attune::tools {

// Where the cut-out's upper left corner goes, in the background's pixels, and how many of these one of its own becomes.
struct Placement {
  std::int64_t x = 0, y = 0;
  double scale = 1;
};
// From "x,y" or "x,y,scale". Throws ErrorKind::configuration.
Placement parse_placement(const std::string& text);

struct Pasted {
  AnyImage composite;  // of the background's channels, and of 16 bits where either picture has them
  Image mask;          // the cut-out's alpha where it lies
};

// composite = a f + (1 - a) b, of a background in colour and a cut-out with an alpha channel. What leaves the background is
// cut off. Throws ErrorKind::input where nothing of it is left, or nothing but transparency; `name` stands for the cut-out.
Pasted paste(AnyImage background, const AnyImage& cutout, const Placement& placement,
             const std::string& name);

}  // namespace attune::tools
