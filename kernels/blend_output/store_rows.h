// The blend head's result as a picture: its colours stored as packed samples where the mask has any weight.
//
//     h  = clamp(peak colour)                  peak = 255, 65535 or 1
//     v' = round(v + strength (h - v))
//
// Clamped to 0..peak, and floats to what lies between these and v. Halves round away from zero; floats are not rounded. Linear
// floats are encoded as sRGB for this and decoded afterwards. Pixels without mask or strength, and alpha everywhere, are copied
// exactly. (How much mask a pixel has is in the colours already.)
//
// Errors: ErrorKind::argument on what the structs' comments forbid; nothing is written then. Thread-safe for distinct contexts.
// Per pixel: the same bits for any number of threads and any bands. No scratch.
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/picture_rows.h"

namespace attune::blend_output {

struct StoredRows : PictureRows {
  ConstTensorView colours;  // [height, width, 3], f32, red first, sRGB in 0..1
};

void store_rows(Context& context, const StoredRows& arguments);

// Of so many pixels that are all recoloured; reading a mask is a byte or four more each.
Cost store_rows_cost(std::int64_t pixels, int channels, Sample sample);

// The bodies that are dispatched to after the checks.
namespace cpu {
void store_rows(Context& context, const StoredRows& arguments);
}
namespace cuda {
void store_rows(Context& context, const StoredRows& arguments);
}

}  // namespace attune::blend_output
