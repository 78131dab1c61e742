// A run's folder: which files are in it, when it may be written to, and whether a resumed run is still the same run.
#pragma once

#include <filesystem>
#include <string>

#include "tools/config/config.h"

namespace attune::tools {

struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path config() const { return path / "config.json"; }
  std::filesystem::path metrics() const { return path / "metrics.jsonl"; }
  std::filesystem::path last() const { return path / "last.safetensors"; }
  std::filesystem::path best() const { return path / "best.safetensors"; }
  std::filesystem::path state() const { return path / "last.state.safetensors"; }
  std::filesystem::path report() const { return path / "report.html"; }
};

// Makes the folder for a new run and writes its resolved configuration. Throws ErrorKind::configuration where it holds
// a run already.
void start_run(const RunFolder& folder, const Config& config);

// Compares `config` with the one in the folder. The number of steps, threads and memory may differ; any other
// difference throws ErrorKind::configuration naming the key and both values. A folder without a run gets started.
// Returns a note for the user where the steps differ, since the schedule and so the bits follow from them.
std::string resume_run(const RunFolder& folder, const Config& config);

// Takes a run that failed before its first step away again, and its folder where nothing else is in it.
void discard_run(const RunFolder& folder);

}  // namespace attune::tools
