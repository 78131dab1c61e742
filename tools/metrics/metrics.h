// Image quality measures, on the 0..255 scale.
//
//   mse    mean over pixels and channels of d^2, d = output - target
//   fmse   sum m d^2 / (3 sum m + 1e-6), m the mask in [0, 1]
//   psnr   10 log10(peak^2 / (mse + 1e-6)); fpsnr likewise from fmse
//   ssim   mean of SSIM over R, G and B (Wang et al. 2004): 11 x 11 Gaussian window, sigma 1.5, biased
//   variances,
//          K1 = 0.01, K2 = 0.03, data range = peak, over the places where the window lies inside the picture.
//          A side shorter than 11 gets a window as long as itself.
//
// All sums are in double and in a fixed order. Errors: ErrorKind::argument where sizes or channels don't
// match.
#pragma once

#include "core/image.h"

namespace attune::tools {

using FloatImage = BasicImage<float>;

FloatImage to_float(const Image& image);

double mean_squared_error(const FloatImage& output, const FloatImage& target);
// `mask` has one channel in [0, 1].
double foreground_squared_error(const FloatImage& output, const FloatImage& target, const FloatImage& mask);
double peak_signal_to_noise(double squared_error, double peak);
double structural_similarity(const FloatImage& output, const FloatImage& target, double peak);

struct Scores {
  double mse = 0, psnr = 0, fmse = 0, fpsnr = 0, ssim = 0;
};
Scores score(const FloatImage& output, const FloatImage& target, const FloatImage& mask, double peak);

}  // namespace attune::tools
