// What `attune harmonize` reads and writes: pictures with their masks, in files.
#pragma once

#include <filesystem>
#include <string>

#include "core/image.h"

namespace attune::tools {

// Said in the place of a mask's file: the picture's own alpha channel.
inline constexpr const char* alpha_word = "alpha";

// What one run of the network is asked for.
struct HarmonizeJob {
  std::filesystem::path image;       // the composite, or the background that a cut-out is laid on
  std::filesystem::path mask;        // a file or `alpha`; of the cut-out, where there is one
  std::filesystem::path foreground;  // a cut-out, or empty
  std::string at;                    // where it goes
  std::filesystem::path ignored;     // a file, `alpha` (what is transparent), or empty
  std::filesystem::path out;
};

struct HarmonizeInput {
  AnyImage image;  // in colour, with alpha where it has it
  Image mask;      // one channel
  Image ignored;   // likewise, or empty
  ImageMetadata metadata;
};

// Throws ErrorKind::input on what does not fit together, naming both files. Says on stderr where the colour profile is not
// sRGB's.
HarmonizeInput read_input(const HarmonizeJob& job);

// The format follows the name; a JPEG takes 8 bits and no alpha, and where there was more stderr says so. Profile and EXIF go
// with it.
void write_output(const HarmonizeJob& job, const HarmonizeInput& harmonized, int jpeg_quality);

}  // namespace attune::tools
