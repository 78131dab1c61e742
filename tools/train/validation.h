// Validation: the averaged weights at work on whole pictures, under eval's protocol idih.
#pragma once

#include <vector>

#include "tools/config/config.h"
#include "tools/eval/evaluate.h"
#include "tools/eval/network.h"
#include "tools/report/cases.h"
#include "tools/train/metrics_log.h"

namespace attune::tools {

class Validation {
 public:
  // Loads the items' names; at most config.train.validation_pictures, evenly spread. No sources: empty().
  Validation(Context& context, const Config& config);

  bool empty() const { return items_.empty(); }
  // Scores with the weights of `harmonizer` taken from `flat`, an array that lies like `store`'s.
  ValidationScores run(const Harmonizer& harmonizer, const ParameterStore& store, const TensorView& flat);
  // The weights that compare() and cases() work with; run() takes them too.
  void take_weights(const Harmonizer& harmonizer, const ParameterStore& store, const TensorView& flat);
  // For the report: the results of "model" beside the composite's and the classical methods', and the pictures that by
  // those results are its cases.
  std::vector<PictureResult> compare();
  std::vector<ReportPicture> cases(const std::vector<PictureResult>& results);

 private:
  NamedMethod model();
  ReportPicture picture(const DataItem& item);

  ParameterStore store_;
  Harmonizer harmonizer_;
  EvaluationNetwork network_;
  std::vector<DataItem> items_;
};

}  // namespace attune::tools
