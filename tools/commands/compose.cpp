// attune compose: the training samples of a configuration as pictures, in iHarmony4's layout: to look at, or to score models on
// composites of another kind than a data set's own.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/image.h"
#include "core/text.h"
#include "tools/cli/progress.h"
#include "tools/cli/signals.h"
#include "tools/commands/commands.h"
#include "tools/config/config.h"
#include "tools/data/sampler.h"

namespace attune::tools {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string config, out;
  std::vector<std::string> overrides;
  std::int64_t count = 64;
};

Image in_8_bits(const std::vector<float>& samples, std::int64_t size, int channels) {
  Image image(size, size, channels);
  std::transform(samples.begin(), samples.end(), image.pixels.begin(), [](float value) {
    return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0f, 1.0f) * 255));
  });
  return image;
}

// One after the other, as sample 0 of step 1, 2, ...: numbered, since a photograph may come more than once.
class Composer {
 public:
  Composer(const Sampler& sampler, fs::path out) : sampler_(sampler), out_(std::move(out)) {
    for (const char* part : {"composite_images", "masks", "real_images"}) ensure_directory(out_ / part);
  }

  void write(std::int64_t step) {
    const std::int64_t size = sampler_.size(), pixels = size * size;
    std::vector<float> composite(static_cast<std::size_t>(3 * pixels)), real(composite.size());
    std::vector<float> mask(static_cast<std::size_t>(pixels));
    std::string photograph;
    sampler_.sample(step, 0, {composite.data(), real.data(), mask.data(), &photograph});
    const std::string stem = text("s", step), name = stem + "_1_1.png";
    write_image(out_ / "composite_images" / name, in_8_bits(composite, size, 3));
    write_image(out_ / "masks" / (stem + "_1.png"), in_8_bits(mask, size, 1));
    write_image(out_ / "real_images" / (stem + ".png"), in_8_bits(real, size, 3));
    list_ += name + "\n";
    photographs_ += text(name, ",", photograph, "\n");
  }

  void write_lists() const {
    write_file_atomically(out_ / "list.txt", list_);
    write_file_atomically(out_ / "photographs.csv", "composite,photograph\n" + photographs_);
  }

 private:
  const Sampler& sampler_;
  fs::path out_;
  std::string list_, photographs_;
};

void run(const Options& options) {
  const Config config = load_config(options.config, options.overrides);
  require(!config.data.empty(), ErrorKind::configuration, options.config,
          ": 'data' is empty, expected a list of data sources");
  std::error_code error;
  require(!fs::exists(fs::path(options.out) / "list.txt", error), ErrorKind::configuration, options.out,
          ": holds pictures already; choose another --out");
  const Sampler sampler(load_sources(config.data), config.sampling);
  Composer composer(sampler, options.out);
  const SignalWatch watch;
  Progress progress("compose", "picture", options.count);
  for (std::int64_t step = 1; step <= options.count; ++step) {
    composer.write(step);
    if (const int signal = SignalWatch::received()) throw CLI::RuntimeError(128 + signal);
    progress.update(step, "");
  }
  composer.write_lists();
}

}  // namespace

void add_compose_command(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("compose", "Write a configuration's training samples as pictures");
  auto options = std::make_shared<Options>();
  command->add_option("CONFIG", options->config, "Configuration; data, sampling, recolor and seed count")
      ->required();
  command->add_option("--set", options->overrides, "Override one key: key.path=value")->take_all();
  command->add_option("--out", options->out, "Folder for composite_images, masks, real_images and list.txt")
      ->required();
  command->add_option("--count", options->count, "Number of samples")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000000}));
  command->callback([options] { run(*options); });
}

}  // namespace attune::tools
