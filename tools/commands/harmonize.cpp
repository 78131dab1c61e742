// attune harmonize: one picture, or a folder of them. Models and pixels go through the public API only.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "attune/harmonizer.h"
#include "core/files.h"
#include "core/image.h"
#include "tools/cli/device_option.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/progress.h"
#include "tools/cli/signals.h"
#include "tools/commands/commands.h"
#include "tools/data/pair_name.h"
#include "tools/harmonize/paste.h"
#include "tools/harmonize/pictures.h"

namespace attune::tools {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string image, mask, out, model, images, masks, foreground, background, at, ignored;
  float strength = 1;
  bool invert = false;
  int quality = WriteOptions().jpeg_quality;
  DeviceOptions device;
};

ErrorKind kind_of(attune_status status) {
  switch (status) {
    case ATTUNE_INVALID_MODEL:
      return ErrorKind::input;
    case ATTUNE_UNSUPPORTED:
      return ErrorKind::unsupported;
    case ATTUNE_OUT_OF_MEMORY:
      return ErrorKind::out_of_memory;
    case ATTUNE_DEVICE_ERROR:
      return ErrorKind::device;
    default:
      return ErrorKind::internal;
  }
}

// The public API's failures as attune's own, so that they get their exit code.
template <class Body>
auto translated(const Body& body) {
  try {
    return body();
  } catch (const api::Failure& failure) {
    if (failure.status() == ATTUNE_CANCELLED) throw CLI::RuntimeError(128 + SignalWatch::received());
    throw Error(kind_of(failure.status()), failure.what());
  }
}

attune_pixel_format format_of(int channels, bool wide) {
  if (wide) return channels == 4 ? ATTUNE_RGBA16 : ATTUNE_RGB16;
  return channels == 4 ? ATTUNE_RGBA8 : ATTUNE_RGB8;
}

// In place.
attune_mask_kind harmonize_input(api::Harmonizer& harmonizer, HarmonizeInput& input,
                                 const attune_harmonize_options& how) {
  attune_picture picture{};
  std::visit(
      [&](auto& pixels) {
        picture.width = pixels.width;
        picture.height = pixels.height;
        picture.format = format_of(pixels.channels, sizeof(pixels.pixels[0]) == 2);
        picture.image = picture.output = pixels.pixels.data();
      },
      input.image);
  picture.mask = input.mask.pixels.data();
  picture.ignored = input.ignored.pixels.empty() ? nullptr : input.ignored.pixels.data();
  return translated([&] { return harmonizer.run(picture, how); });
}

// For what the picture stays as it is.
std::string what_is_missing(attune_mask_kind kind, const Options& options) {
  if (kind == ATTUNE_MASK_FULL && !options.ignored.empty())
    return std::string("the mask and --ignore-background leave no ") +
           (options.invert ? "foreground" : "background") + " to follow";
  if ((kind == ATTUNE_MASK_EMPTY) != options.invert) return "the mask is empty (no foreground)";
  return "the mask is full (no background)";
}

void process(api::Harmonizer& harmonizer, const HarmonizeJob& job, const Options& options) {
  HarmonizeInput input = read_input(job);
  attune_harmonize_options how = ATTUNE_HARMONIZE_OPTIONS_INIT;
  how.strength = options.strength;
  how.invert = options.invert;
  const attune_mask_kind kind = harmonize_input(harmonizer, input, how);
  if (kind != ATTUNE_MASK_BOTH)
    std::fprintf(stderr, "attune: warning: %s: %s, the picture stays as it is\n",
                 (job.mask != alpha_word    ? job.mask
                  : !job.foreground.empty() ? job.foreground
                                            : job.image)
                     .c_str(),
                 what_is_missing(kind, options).c_str());
  write_output(job, input, options.quality);
}

std::set<fs::path> pictures_in(const fs::path& folder) {
  std::error_code error;
  std::set<fs::path> pictures;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (!entry->is_regular_file(error)) continue;
    if (is_picture_name(entry->path()))
      pictures.insert(entry->path());
    else if (entry->path().filename().string()[0] != '.')
      std::fprintf(stderr, "attune: warning: %s: no picture by its name, left out\n", entry->path().c_str());
  }
  require(!error, ErrorKind::input, folder.string(), ": ", error.message());
  return pictures;
}

// The file of `folder` that belongs to a picture: of its stem, or named by iHarmony4's rule; the word `alpha` for itself.
fs::path match(const fs::path& image, const fs::path& folder, const std::set<fs::path>& files) {
  if (folder == alpha_word) return folder;
  const auto with_stem = [&](const std::string& stem) {
    return std::find_if(files.begin(), files.end(),
                        [&](const fs::path& file) { return file.stem() == stem; });
  };
  auto found = with_stem(image.stem().string());
  if (const auto names = pair_names(image.filename().string()); found == files.end() && names)
    found = with_stem(fs::path(names->mask).stem().string());
  require(found != files.end(), ErrorKind::input, image.string(), ": no mask for it in ", folder.string(),
          " (looked for its stem, and for iHarmony4's name)");
  return *found;
}

std::set<fs::path> masks_in(const fs::path& folder) {
  return folder.empty() || folder == alpha_word ? std::set<fs::path>() : pictures_in(folder);
}

std::vector<HarmonizeJob> match_folders(const Options& options) {
  std::vector<HarmonizeJob> jobs;
  const std::set<fs::path> masks = masks_in(options.masks), ignored = masks_in(options.ignored);
  for (const fs::path& image : pictures_in(options.images)) {
    HarmonizeJob job;
    job.image = image;
    job.mask = match(image, options.masks, masks);
    if (!options.ignored.empty()) job.ignored = match(image, options.ignored, ignored);
    // Lossless, whatever the picture came as; its own extension stays in the name where two would collide.
    fs::path name = image.filename().replace_extension(".png");
    for (const HarmonizeJob& other : jobs)
      if (other.out.filename() == name) name = image.filename().string() + ".png";
    job.out = options.out / name;
    jobs.push_back(job);
  }
  require(!jobs.empty(), ErrorKind::input, options.images, ": no pictures in it");
  return jobs;
}

HarmonizeJob single_job(const Options& options) {
  HarmonizeJob job;
  job.image = options.foreground.empty() ? options.image : options.background;
  job.foreground = options.foreground;
  job.mask = options.mask.empty() ? alpha_word : options.mask;
  job.at = options.at;
  job.ignored = options.ignored;
  job.out = options.out;
  return job;
}

void check_usage(const Options& options) {
  const bool one = !options.image.empty(), many = !options.images.empty() || !options.masks.empty();
  const bool pasted = !options.foreground.empty() || !options.background.empty() || !options.at.empty();
  require(
      int{one} + int{many} + int{pasted} == 1, ErrorKind::configuration,
      "harmonize: give --image and --mask, or --images and --masks, or --foreground, --background and --at");
  require(!one || !options.mask.empty(), ErrorKind::configuration,
          "harmonize: --image and --mask go together");
  require(!many || (!options.images.empty() && !options.masks.empty() && options.mask.empty()),
          ErrorKind::configuration, "harmonize: --images and --masks go together, without --mask");
  require(!pasted || (!options.foreground.empty() && !options.background.empty() && !options.at.empty()),
          ErrorKind::configuration, "harmonize: --foreground, --background and --at go together");
  if (pasted) parse_placement(options.at);
  std::error_code missing;  // then it is another folder
  require(!many || !fs::equivalent(options.images, options.out, missing), ErrorKind::configuration,
          "harmonize: --out is the folder of --images, whose pictures would be overwritten");
  if (!many) require_writable_name(options.out);  // before the work, not after it
}

// What is wrong with the text of a strength, if anything. CLI::Range would take "nan".
std::string outside_0_to_1(const std::string& text) {
  float strength = 0;
  const bool fits = CLI::detail::lexical_cast(text, strength) && strength >= 0 && strength <= 1;
  return fits ? "" : "Value " + text + " not in range 0 to 1";
}

// Stops at a signal within a picture, too.
api::Harmonizer make_harmonizer(const Options& options, const Device& device) {
  return translated([&] {
    const api::Model model = options.model.empty() ? api::Model() : api::Model(options.model);
    attune_session_options session = ATTUNE_SESSION_OPTIONS_INIT;
    if (device.kind == DeviceKind::cuda) session.device = device.index;
    session.threads = options.device.threads;
    session.cancelled = [](void*) -> std::int32_t { return SignalWatch::received(); };
    return api::Harmonizer(model, session);
  });
}

void run(const Options& options) {
  check_usage(options);
  const Device device = pick_device(options.device.device);
  const bool many = !options.images.empty();
  const std::vector<HarmonizeJob> jobs =
      many ? match_folders(options) : std::vector<HarmonizeJob>{single_job(options)};
  api::Harmonizer harmonizer = make_harmonizer(options, device);
  const SignalWatch watch;  // also for one picture: a file that is being written is finished or taken away
  if (!many) return process(harmonizer, jobs[0], options);

  ensure_directory(options.out);
  Progress progress("harmonize", "picture", static_cast<std::int64_t>(jobs.size()));
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    process(harmonizer, jobs[i], options);
    progress.update(static_cast<std::int64_t>(i) + 1, jobs[i].image.filename().string());
  }
}

}  // namespace

void add_harmonize_command(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("harmonize", "Recolour a foreground until it belongs to its background");
  auto options = std::make_shared<Options>();
  command->add_option("--image", options->image, "Composite picture");
  command->add_option(
      "--mask", options->mask,
      "Its mask: white foreground, black background; \"alpha\" takes the picture's alpha channel");
  command->add_option("--images", options->images, "Folder of composites, instead of --image");
  command->add_option("--masks", options->masks,
                      "Folder of their masks: equal stems, or iHarmony4's names; or \"alpha\"");
  command->add_option("--foreground", options->foreground,
                      "Cut-out to lay on --background; its shape is its alpha channel, or --mask");
  command->add_option("--background", options->background, "Picture that the cut-out is laid on");
  command->add_option("--at", options->at,
                      "Where its upper left corner goes, and how much larger it becomes: x,y[,scale]");
  command
      ->add_option("--out", options->out,
                   "Output picture (.png, or .jpg of 8 bits without alpha), or folder (of .png)")
      ->required();
  command->add_option(
      "--ignore-background", options->ignored,
      "Mask (or folder of masks) of what is no example to follow; \"alpha\": what is transparent");
  command->add_flag("--invert", options->invert,
                    "Recolour the background until it belongs to the foreground");
  command->add_option("--quality", options->quality, "Of a JPEG that is written")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  command->add_option("--model", options->model, "Model file; the shipped model by default");
  command
      ->add_option("--strength", options->strength, "How far to go: 0 changes nothing, 0.5 goes half the way")
      ->capture_default_str()
      ->check(CLI::Validator(outside_0_to_1, "FLOAT in [0 - 1]"));
  add_device_options(*command, options->device);
  command->callback([options] { run(*options); });
}

}  // namespace attune::tools
