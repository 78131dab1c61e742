// The training loop: batches in, steps, validation, checkpoints, and a state from which a killed run goes on bit for
// bit.
#pragma once

#include <exception>
#include <memory>
#include <optional>

#include "tools/config/config.h"
#include "tools/data/loader.h"
#include "tools/train/metrics_log.h"
#include "tools/train/profile.h"
#include "tools/train/run_folder.h"
#include "tools/train/training_step.h"
#include "tools/train/validation.h"

namespace attune::tools {

class Trainer {
 public:
  // Plans the network and reads the lists of pictures; nothing is written.
  Trainer(const Config& config, Device device, int threads);

  // Trains in `folder` (made by start_run or resume_run) from its checkpoint where there is one. Returns 0 when
  // config.train.steps are done, or the signal (SIGINT, SIGTERM) that stopped it; the state is saved in both cases, and
  // where a picture can't be read (which throws) as well.
  int run(const RunFolder& folder);

  // From now on; --profile. The tables are ready when run() has returned.
  void start_profile();
  std::string profile() const { return profile_->tables(); }

  // A few lines about the network and the data, for people.
  std::string description();

 private:
  struct Best {
    double psnr = 0;
    bool known = false;
  };

  void fetch_batch(Loader& loader);
  StepMetrics finish_step();
  [[noreturn]] void give_up(const RunFolder& folder, const std::exception_ptr& damage);
  void restore(const RunFolder& folder);
  void save(const RunFolder& folder);
  void save_weights(const std::filesystem::path& path);
  void validate(const RunFolder& folder, StepMetrics& metrics);
  void count_strength(const Batch& batch);
  std::string strength_histogram() const;
  void report(const RunFolder& folder);

  Config config_;
  Context context_;
  std::unique_ptr<Sampler> sampler_;
  TrainingStep training_;
  TrainingNetwork& network_;  // both are the step's
  AdamW& optimizer_;
  std::optional<Profile> profile_;
  Validation validation_;
  std::int64_t step_ = 0;  // done, or enqueued
  Best best_;
  std::vector<std::int64_t> strengths_;  // how many composites had an fMSE in each bin
};

}  // namespace attune::tools
