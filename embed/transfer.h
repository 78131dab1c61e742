// sRGB's transfer function (IEC 61966-2-1), both ways, on rows of floats.
#pragma once

#include <cstdint>

namespace attune {

// out[i] = f(in[i]), within 2e-6 relative up to 1000; f(-x) = -f(x), beyond 1 the curve goes on,
// and what is no finite number stays so. out may be in.
void srgb_from_linear(const float* in, float* out, std::int64_t count);
void linear_from_srgb(const float* in, float* out, std::int64_t count);

}  // namespace attune
