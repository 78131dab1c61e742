// A row a task. The network sees every pixel before they come here, which takes a hundred times as long.
#include "core/parallel.h"
#include "kernels/blend_output/store_pixel.h"

namespace attune::blend_output::cpu {

void store_rows(Context& context, const StoredRows& a) {
  const float strength = a.enabled_strength();
  with_sample_type(a.sample, [&](auto zero) {
    parallel_for(context.threads(), a.row_end - a.row_begin, [&](std::int64_t row) {
      for (std::int64_t column = 0; column < a.width; ++column)
        store_pixel<decltype(zero)>(a, strength, row, column);
    });
  });
}

}  // namespace attune::blend_output::cpu
