// The do-nothing row on real data, against figures that were computed independently (shared/data/README.md).
#include "tools/metrics/protocol.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "core/parallel.h"
#include "tools/data/dataset.h"
#include "tools/metrics/summary.h"

using namespace attune;
using namespace attune::tools;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

struct DoNothing {
  double mse, psnr, fmse;
};

// The composites' own overall rows of a list, one a protocol. Pictures are decoded once: the largest have 12 megapixels.
std::vector<SummaryRow> composite_rows(const char* folder, const char* list,
                                       const std::vector<Protocol>& protocols) {
  SourceConfig config;
  config.path = std::filesystem::path(ATTUNE_SHARED_DATA) / folder;
  config.list = list;
  const std::vector<DataItem> items = load_items(config);
  std::vector<std::vector<PictureResult>> results(protocols.size(), std::vector<PictureResult>(items.size()));
  parallel_for(2, static_cast<std::int64_t>(items.size()), [&](std::int64_t task) {
    const auto index = static_cast<std::size_t>(task);
    const DataItem& item = items[index];
    const Image composite = read_image(item.composite, 3), real = read_image(item.real, 3);
    const Image mask = read_image(item.mask, 1);
    for (std::size_t i = 0; i < protocols.size(); ++i) {
      const ProtocolPictures pictures = prepare(protocols[i], composite, real, mask);
      results[i][index] = {item.name, item.set, "composite", pictures.foreground_ratio,
                           score(protocols[i], pictures, to_float(pictures.composite))};
    }
  });
  std::vector<SummaryRow> rows;
  for (const std::vector<PictureResult>& of_protocol : results)
    rows.push_back(summarize(of_protocol).front());
  return rows;
}

void check_row(const SummaryRow& row, const DoNothing& published) {
  CHECK(row.set == "overall");
  CHECK(row.mean.mse == Approx(published.mse).epsilon(0.01));
  CHECK(row.mean.psnr == Approx(published.psnr).margin(0.05));
  CHECK(row.mean.fmse == Approx(published.fmse).epsilon(0.01));
  CHECK(row.mean.ssim > 0.8);
  CHECK(row.mean.ssim < 1);
}

}  // namespace

TEST_CASE("the composite's own row is the published one") {
  if (!std::filesystem::is_directory(ATTUNE_SHARED_DATA)) {
    WARN("skipped: there is no " << ATTUNE_SHARED_DATA);
    return;
  }
  const std::vector<Protocol> protocols{Protocol::idih, Protocol::full};
  const std::vector<SummaryRow> mini = composite_rows("mini", "mini_test.txt", protocols);
  CHECK(mini[0].images == 82);
  check_row(mini[0], {176.8, 28.34, 920.7});
  check_row(mini[1], {181.4, 28.35, 948.3});
  // 134 megapixels at native size take a sanitizer minutes; scaled to 256 x 256 they take it seconds.
  const std::vector<SummaryRow> triples = composite_rows("real_triples", "real_triples_test.txt",
                                                         sanitized ? std::vector{Protocol::idih} : protocols);
  CHECK(triples[0].images == 29);
  check_row(triples[0], {828.3, 21.29, 2552.8});
  if (!sanitized) check_row(triples[1], {830.4, 21.74, 2562.7});
}
