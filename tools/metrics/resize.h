// Bilinear scaling exactly as OpenCV 4's cv::resize(INTER_LINEAR) does it on 8 bits: published figures depend
// on it.
#pragma once

#include "core/image.h"

namespace attune::tools {

// No antialiasing: two samples an axis however much the picture shrinks. Coefficients have 11 bits, and the
// sum is cut in the places where OpenCV cuts it. Any number of channels. Throws ErrorKind::argument for an
// empty picture or size.
Image resize_bilinear(const Image& image, std::int64_t width, std::int64_t height);

}  // namespace attune::tools
