// Config: everything a training run depends on, read from one JSON file. Every key has a default; a default-constructed
// Config is the documentation's.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kernels/reconstruction/reconstruction.h"
#include "layers/harmonizer/model_file.h"
#include "losses/region_contrast.h"
#include "optim/adamw.h"
#include "optim/schedule.h"
#include "tools/config/field.h"
#include "tools/data/dataset.h"
#include "tools/data/sampler.h"

namespace attune::tools {

struct TrainConfig {
  std::int64_t steps = 6000;
  std::int64_t batch = 8;
  std::int64_t size = 192;
  std::int64_t checkpoint_every = 500;
  std::int64_t validate_every = 500;
  std::int64_t validation_pictures = 64;
  std::int64_t second_pass = 0;
  std::filesystem::path start_from;  // empty: random weights
  int loader_threads = 1;
  std::int64_t cache_megabytes = 1024;
};

struct ContrastConfig {
  double weight = 0.001;
  std::string reading = "attract";
  RegionContrastOptions options;
};

struct LossConfig {
  reconstruction::Options reconstruction;
  ContrastConfig contrast;
};

struct OptimizerConfig {
  double lr = 1e-3;
  std::int64_t warmup_steps = 200;
  double final_lr = 0.01;  // as a fraction of lr, at the last step of the cosine
  double beta1 = 0.9, beta2 = 0.99;
  double eps = 1e-8;
  double weight_decay = 1e-4;
  double max_norm = 1.0;  // 0: no clipping
  double ema_decay = 0.998;
};

struct Config {
  std::uint64_t seed = 1;
  std::string preset = "small";
  ModelDescription model;
  TrainConfig train;
  LossConfig loss;
  OptimizerConfig optimizer;
  SamplerOptions sampling;  // its seed, size and cache follow the keys above
  std::vector<SourceConfig> data;
  std::vector<SourceConfig> validation;  // empty: none
};

// The table of all keys but those of `data` and `validation`, bound to `config`.
std::vector<Field> config_fields(Config& config);
// The keys of one entry of `data` or `validation`.
std::vector<Field> source_fields(SourceConfig& source);

// A config from JSON: the preset's values first, then the file's own, then each "key.path=value" (value as JSON, or as a
// bare string). `name` stands for the file; relative paths are taken from `folder`.
Config parse_config(const Json& json, const std::string& name, const std::filesystem::path& folder,
                    const std::vector<std::string>& overrides = {});
Config load_config(const std::filesystem::path& path, const std::vector<std::string>& overrides = {});

// The whole config with every key, as parse_config reads it back.
Json config_as_json(const Config& config);
// The JSON Schema that examples/config.schema.json holds, and the README's table of keys, in Markdown.
Json config_schema();
std::string config_markdown();

}  // namespace attune::tools
