// Scores on examples worked out by hand, and the table's rows.
#include "tools/metrics/metrics.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/philox.h"
#include "tools/metrics/protocol.h"
#include "tools/metrics/resize.h"
#include "tools/metrics/summary.h"

using namespace attune;
using namespace attune::tools;

namespace {

FloatImage filled(std::int64_t width, std::int64_t height, int channels, float value) {
  FloatImage image(width, height, channels);
  std::fill(image.pixels.begin(), image.pixels.end(), value);
  return image;
}

FloatImage noise(std::int64_t width, std::int64_t height, std::uint32_t stream) {
  PhiloxStream random(5, stream);
  FloatImage image(width, height, 3);
  for (float& value : image.pixels) value = std::floor(random.uniform(0, 256));
  return image;
}

// SSIM in two dimensions as it is defined, for any place's window: the slow way.
double plain_similarity(const FloatImage& a, const FloatImage& b, double peak) {
  double kernel[11][11], total = 0, sum = 0;
  for (int i = 0; i < 11; ++i) {
    for (int j = 0; j < 11; ++j) {
      kernel[i][j] = std::exp(-((i - 5) * (i - 5) + (j - 5) * (j - 5)) / 4.5);
      total += kernel[i][j];
    }
  }
  std::int64_t places = 0;
  for (std::int64_t y = 0; y + 11 <= a.height; ++y) {
    for (std::int64_t x = 0; x + 11 <= a.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        double mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
        for (int pass = 0; pass < 2; ++pass) {
          for (int i = 0; i < 11; ++i) {
            for (int j = 0; j < 11; ++j) {
              const double w = kernel[i][j] / total;
              const auto u = static_cast<double>(a.row(y + i)[3 * (x + j) + c]);
              const auto v = static_cast<double>(b.row(y + i)[3 * (x + j) + c]);
              if (pass == 0) {
                mean_a += w * u;
                mean_b += w * v;
              } else {
                aa += w * (u - mean_a) * (u - mean_a);
                bb += w * (v - mean_b) * (v - mean_b);
                ab += w * (u - mean_a) * (v - mean_b);
              }
            }
          }
        }
        const double c1 = 1e-4 * peak * peak, c2 = 9e-4 * peak * peak;
        sum += (2 * mean_a * mean_b + c1) * (2 * ab + c2) /
               ((mean_a * mean_a + mean_b * mean_b + c1) * (aa + bb + c2));
        ++places;
      }
    }
  }
  return sum / static_cast<double>(places);
}

}  // namespace

TEST_CASE("errors and noise ratios of a picture worked out by hand") {
  FloatImage target = filled(2, 2, 3, 100), output = target, mask = filled(2, 2, 1, 0);
  output.pixels[0] = 110;  // red of the first pixel: d^2 = 100
  output.pixels[4] = 97;   // green of the second: 9
  mask.pixels = {1, 0.5f, 0, 0};
  CHECK(mean_squared_error(output, target) == Approx(109.0 / 12));
  CHECK(foreground_squared_error(output, target, mask) == Approx(104.5 / 4.5));
  CHECK(peak_signal_to_noise(109.0 / 12, 255) == Approx(10 * std::log10(65025 / (109.0 / 12))));
  CHECK(peak_signal_to_noise(0, 255) == Approx(10 * std::log10(65025e6)));
  const Scores scores = score(output, target, mask, 200);
  CHECK(scores.psnr == Approx(10 * std::log10(40000 / (109.0 / 12))));
  CHECK(scores.fpsnr == Approx(10 * std::log10(40000 / (104.5 / 4.5))));
  CHECK(foreground_squared_error(output, target, filled(2, 2, 1, 0)) == 0);
  CHECK_THROWS_AS(mean_squared_error(output, filled(2, 1, 3, 0)), Error);
  CHECK_THROWS_AS(foreground_squared_error(output, target, filled(2, 1, 1, 0)), Error);
}

TEST_CASE("structural similarity follows its definition") {
  const FloatImage a = noise(17, 13, 1), b = noise(17, 13, 2);
  CHECK(structural_similarity(a, a, 255) == Approx(1));
  CHECK(structural_similarity(a, b, 255) == Approx(plain_similarity(a, b, 255)).epsilon(1e-9));
  CHECK(structural_similarity(a, b, 180) == Approx(plain_similarity(a, b, 180)).epsilon(1e-9));
  // Two constants: (2 u v + C1) / (u^2 + v^2 + C1).
  CHECK(structural_similarity(filled(12, 12, 3, 100), filled(12, 12, 3, 120), 255) ==
        Approx((24000 + 6.5025) / (24400 + 6.5025)));
  CHECK(structural_similarity(noise(3, 20, 1), noise(3, 20, 1), 255) ==
        Approx(1));  // narrower than the window
  CHECK(structural_similarity(noise(1, 1, 1), noise(1, 1, 1), 255) == Approx(1));
}

TEST_CASE("scaling gives OpenCV's bytes") {
  // From opencv-python 4.10: cv2.resize(..., interpolation=cv2.INTER_LINEAR).
  Image grey(7, 5, 1);
  for (int y = 0; y < 5; ++y) {
    for (int x = 0; x < 7; ++x)
      grey.row(y)[x] = static_cast<std::uint8_t>((x * 37 + y * 91 + x * y * 13) % 256);
  }
  CHECK(resize_bilinear(grey, 4, 6).pixels ==
        std::vector<std::uint8_t>{14,  79,  143, 208, 86, 167, 81,  139, 165, 117, 125, 118,
                                  139, 109, 136, 149, 69, 144, 115, 165, 141, 41,  197, 97});
  Image color(3, 4, 3);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 3; ++x) {
      for (int c = 0; c < 3; ++c) {
        color.row(y)[3 * x + c] = static_cast<std::uint8_t>((x * 37 + y * 91 + x * y * 13 + c * 50) % 256);
      }
    }
  }
  CHECK(resize_bilinear(color, 5, 3).pixels ==
        std::vector<std::uint8_t>{15,  65,  115, 31,  81,  131, 54,  104, 154, 78,  128, 152, 93,  143, 151,
                                  137, 187, 109, 159, 158, 131, 193, 115, 165, 150, 149, 122, 122, 172, 94,
                                  44,  94,  102, 74,  107, 131, 118, 125, 176, 137, 170, 92,  149, 199, 36});
  CHECK(resize_bilinear(color, 3, 4).pixels == color.pixels);
  CHECK_THROWS_AS(resize_bilinear(Image(), 2, 2), Error);
}

TEST_CASE("protocols differ in scale, rounding, background and peak") {
  Image composite(4, 2, 3), real(4, 2, 3), mask(4, 2, 1);
  std::fill(real.pixels.begin(), real.pixels.end(), std::uint8_t{100});
  std::fill(composite.pixels.begin(), composite.pixels.end(), std::uint8_t{110});
  mask.pixels = {255, 128, 127, 0, 255, 128, 127, 0};
  const ProtocolPictures full = prepare(Protocol::full, composite, real, mask);
  CHECK(full.mask.pixels == std::vector<std::uint8_t>{255, 255, 0, 0, 255, 255, 0, 0});
  CHECK(full.foreground_ratio == 0.5);
  CHECK(score(Protocol::full, full, filled(4, 2, 3, 110.4f)).mse == Approx(100));
  CHECK(score(Protocol::full, full, filled(4, 2, 3, 300)).mse == Approx(155 * 155));
  CHECK(score(Protocol::full, full, filled(4, 2, 3, 110)).psnr == Approx(10 * std::log10(65025 / 100.0)));

  const ProtocolPictures idih = prepare(Protocol::idih, composite, real, mask);
  CHECK(idih.real.width == 256);
  CHECK(idih.foreground_ratio == 0.5);
  CHECK(idih.mask.pixels[0] == 255);
  CHECK(idih.mask.pixels[96] == 128);  // neither 0 nor 255: kept soft
  CHECK(score(Protocol::idih, idih, filled(256, 256, 3, 110.4f)).mse == Approx(10.4 * 10.4).epsilon(1e-5));
  CHECK(score(Protocol::idih, idih, filled(256, 256, 3, 110)).psnr == Approx(10 * std::log10(100.0)));

  const ProtocolPictures gtbg = prepare(Protocol::gtbg, composite, real, mask);
  double weights = 0;
  for (const std::uint8_t value : gtbg.mask.pixels) weights += value * value / 65025.0;
  const Scores pasted = score(Protocol::gtbg, gtbg, filled(256, 256, 3, 110));
  CHECK(pasted.mse == Approx(100 * weights / 65536).epsilon(1e-5));
  CHECK(pasted.psnr == Approx(10 * std::log10(65025 / pasted.mse)));

  CHECK_THROWS_AS(score(Protocol::full, full, filled(256, 256, 3, 0)), Error);
  CHECK_THROWS_AS(prepare(Protocol::full, composite, real, Image(4, 3, 1)), Error);
  CHECK_THROWS_AS(prepare(Protocol::full, composite, real, Image(4, 2, 3)), Error);
  const ProtocolPictures black = prepare(Protocol::idih, composite, Image(4, 2, 3), mask);
  CHECK(std::isfinite(score(Protocol::idih, black, filled(256, 256, 3, 0)).psnr));
  for (const Protocol protocol : {Protocol::idih, Protocol::gtbg, Protocol::full}) {
    CHECK(protocol_of(name_of(protocol)) == protocol);
  }
  CHECK_FALSE(protocol_of("IDIH"));
}

TEST_CASE("rows: overall, data sets, ratios; the composite first") {
  const auto result = [](const char* set, const char* method, double ratio, double mse) {
    return PictureResult{std::string(set) + ".jpg", set, method, ratio, {mse, 30 + mse, 2 * mse, 20, 0.9}, 0};
  };
  const std::vector<PictureResult> results = {
      result("mini", "model", 0.05, 2),     result("mini", "composite", 0.05, 4),
      result("HAdobe5k", "model", 0.15, 6), result("HAdobe5k", "composite", 0.15, 8),
      result("HCOCO", "model", 0.0499, 1),  result("HCOCO", "composite", 0.0499, 3)};
  const std::vector<SummaryRow> rows = summarize(results);
  std::vector<std::string> labels;
  for (const SummaryRow& row : rows) labels.push_back(row.set + "/" + row.method);
  CHECK(labels == std::vector<std::string>{
                      "overall/composite", "overall/model", "HCOCO/composite", "HCOCO/model",
                      "HAdobe5k/composite", "HAdobe5k/model", "mini/composite", "mini/model", "0-5/composite",
                      "0-5/model", "5-15/composite", "5-15/model", "15-100/composite", "15-100/model"});
  CHECK(rows[0].images == 3);
  CHECK(rows[0].mean.mse == Approx(5));
  CHECK(rows[1].mean.psnr == Approx(33));
  CHECK(summarize({}).empty());
}

TEST_CASE("rows and pictures as JSON") {
  const PictureResult result{"a_1_1.jpg", "HAdobe5k", "composite", 0.25, {5, 35, 10, 20, 0.5}, 0};
  const std::string scores = R"("mse":5.0,"psnr":35.0,"fmse":10.0,"fpsnr":20.0,"ssim":0.5})";
  const std::string counted = R"("method":"composite","images":1,)" + scores;
  CHECK(to_json(Protocol::idih, {result}).dump() ==
        R"({"protocol":"idih","rows":[{"set":"overall",)" + counted + R"(,{"set":"HAdobe5k",)" + counted +
            R"(,{"set":"15-100",)" + counted +
            R"(],"pictures":[{"name":"a_1_1.jpg","set":"HAdobe5k","method":"composite","foreground":0.25,)" +
            scores + "]}");
  CHECK(to_json(Protocol::full, {}).dump() == R"({"protocol":"full","rows":[],"pictures":[]})");
}

TEST_CASE("rows count the pictures that came out more than 1 dB worse") {
  std::vector<PictureResult> results;
  for (const double gain : {2.0, -1.0, -1.01, -7.0})
    results.push_back({"a_1_1.jpg", "mini", "model", gain < -5 ? 0.01 : 0.1, {}, gain});
  const std::vector<SummaryRow> rows = summarize(results);
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].worse == 2);
  CHECK(rows[2].set == "0-5");
  CHECK(rows[2].worse == 1);
  CHECK(rows[3].worse == 1);
}
