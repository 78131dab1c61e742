#include "tools/train/run_folder.h"

#include <set>

#include "core/files.h"

namespace attune::tools {

namespace {

void write_config(const RunFolder& folder, const Config& config) {
  write_file_atomically(folder.config(), config_as_json(config).dump(2) + "\n");
}

// What changes no result.
const std::set<std::string>& free_keys() {
  static const std::set<std::string> keys = {"/train/loader_threads", "/train/cache_megabytes"};
  return keys;
}

// "/data/0/path" as "data[0].path".
std::string readable(const std::string& pointer) {
  std::string path;
  for (std::size_t begin = 1; begin <= pointer.size();) {
    const std::size_t end = std::min(pointer.find('/', begin), pointer.size());
    const std::string part = pointer.substr(begin, end - begin);
    const bool index = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    path += index ? "[" + part + "]" : (path.empty() ? "" : ".") + part;
    begin = end + 1;
  }
  return path;
}

}  // namespace

void start_run(const RunFolder& folder, const Config& config) {
  std::error_code error;
  for (const auto& file : {folder.config(), folder.metrics(), folder.state()})
    require(!std::filesystem::exists(file, error), ErrorKind::configuration, folder.path.string(),
            ": holds a run already; go on with it by --resume, or choose another --out");
  ensure_directory(folder.path);
  write_config(folder, config);
}

void discard_run(const RunFolder& folder) {
  std::error_code error;
  for (const auto& file : {folder.config(), folder.metrics(), folder.path})
    std::filesystem::remove(file, error);  // leaves a folder that is not empty
}

std::string resume_run(const RunFolder& folder, const Config& config) {
  std::error_code error;
  if (!std::filesystem::exists(folder.config(), error)) {
    start_run(folder, config);
    return "";
  }
  // Read as a configuration, since a run of an earlier program lacks keys of today, and ran as their defaults say.
  const auto resolved = [](const Config& one) { return Json::parse(config_as_json(one).dump()); };
  const Json earlier = resolved(load_config(folder.config())), now = resolved(config);
  std::string note;
  for (const Json& change : Json::diff(earlier, now)) {
    const std::string pointer = change.at("path").get<std::string>();
    if (free_keys().count(pointer) == 1) continue;
    const auto value_in = [&](const Json& json) {
      const Json::json_pointer place(pointer);
      return json.contains(place) ? json_text(json.at(place)) : std::string("nothing");
    };
    if (pointer == "/train/steps") {
      note = text("train.steps changes from ", value_in(earlier), " to ", value_in(now),
                  "; the learning rate follows it, so results differ from an uninterrupted run's");
      continue;
    }
    fail(ErrorKind::configuration, "--resume ", folder.path.string(), ": ", readable(pointer), " was ",
         value_in(earlier), " and is ", value_in(now), "; a resumed run may change train.steps only");
  }
  write_config(folder, config);
  return note;
}

}  // namespace attune::tools
