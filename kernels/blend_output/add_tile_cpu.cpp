#include "core/parallel.h"
#include "kernels/blend_output/add_tile.h"

namespace attune::blend_output::cpu {

void add_tile(Context& context, const AddTile& a) {
  const std::int64_t width = a.tile.shape[1];
  const auto *rows = a.rows.as<float>(), *columns = a.columns.as<float>();
  parallel_for(context.threads(), a.tile.shape[0], [&](std::int64_t i) {
    const float* from = a.tile.as<float>() + 3 * i * width;
    float* to = a.y.as<float>() + 3 * ((a.first_row + i) * a.y.shape[1] + a.first_column);
    for (std::int64_t j = 0; j < width; ++j) {
      const float weight = rows[i] * columns[j];
      for (int c = 0; c < 3; ++c) to[3 * j + c] += weight * from[3 * j + c];
    }
  });
}

}  // namespace attune::blend_output::cpu
