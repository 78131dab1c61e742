// Evaluation protocols: published figures differ by up to 0.7 dB by protocol alone, so each has a name.
//
//   idih   256 x 256 by OpenCV's 8-bit bilinear interpolation without antialiasing, the mask scaled alike and
//   kept soft;
//          output clamped, not rounded; peak = the target's maximum. How iDIH and most after it score.
//   gtbg   as idih, with the true background pasted in before scoring; peak 255. How RainNet, HDNet and
//   DiffHarmony
//          score.
//   full   no scaling, output rounded to 8 bits, mask > 127, peak 255
#pragma once

#include <optional>
#include <string>

#include "tools/metrics/metrics.h"

namespace attune::tools {

enum class Protocol { idih, gtbg, full };

const char* name_of(Protocol protocol);
std::optional<Protocol> protocol_of(const std::string& name);

// What a method gets to see under a protocol, and what it is compared with.
struct ProtocolPictures {
  Image composite, real;        // RGB
  Image mask;                   // grey: soft under idih and gtbg, 0 or 255 under full
  double foreground_ratio = 0;  // the share of the native mask above 127
};

// From the native pictures: RGB, grey, of equal sizes (ErrorKind::argument).
ProtocolPictures prepare(Protocol protocol, const Image& composite, const Image& real, const Image& mask);

// Scores a method's output for the prepared pictures: their size, RGB, on the 0..255 scale, not clamped
// beforehand. A target that is black everywhere counts with peak 1 under idih.
Scores score(Protocol protocol, const ProtocolPictures& pictures, const FloatImage& output);

}  // namespace attune::tools
