// attune harmonize: one picture, or a folder of them. Models and pixels go through the public API only.
#include <algorithm>
#include <cctype>
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

namespace attune::tools {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string image, mask, out, model, images, masks;
  float strength = 1;
  DeviceOptions device;
};

struct Job {
  fs::path image, mask, out;
};

ErrorKind kind_of(attune_status status) {
  switch (status) {
    case ATTUNE_INVALID_MODEL:
      return ErrorKind::input;
    case ATTUNE_UNSUPPORTED:
      return ErrorKind::unsupported;
    case ATTUNE_OUT_OF_MEMORY:
      return ErrorKind::out_of_memory;
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
    throw Error(kind_of(failure.status()), failure.what());
  }
}

attune_pixel_format format_of(int channels, bool wide) {
  if (wide) return channels == 4 ? ATTUNE_RGBA16 : ATTUNE_RGB16;
  return channels == 4 ? ATTUNE_RGBA8 : ATTUNE_RGB8;
}

// Grey pictures become RGB, since colour may be what they lack.
template <class T>
BasicImage<T> as_colour(const BasicImage<T>& image) {
  if (image.channels >= 3) return image;
  BasicImage<T> colour(image.width, image.height, image.channels + 2);
  const T* from = image.pixels.data();
  for (T* to = colour.pixels.data(); to != colour.pixels.data() + colour.pixels.size();
       to += colour.channels) {
    std::fill_n(to, 3, from[0]);
    if (image.channels == 2) to[3] = from[1];
    from += image.channels;
  }
  return colour;
}

template <class T>
attune_mask_kind harmonize_image(api::Harmonizer& harmonizer, BasicImage<T>& image, const Image& mask,
                                 float strength) {
  attune_picture picture{};
  picture.width = image.width;
  picture.height = image.height;
  picture.format = format_of(image.channels, sizeof(T) == 2);
  picture.image = picture.output = image.pixels.data();
  picture.mask = mask.pixels.data();
  return translated([&] { return harmonizer.run(picture, strength); });
}

bool is_png(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".png";
}

// What a JPEG can hold: 8 bits, no alpha.
Image for_jpeg(const AnyImage& image) {
  Image result;
  std::visit(
      [&](const auto& from) {
        result = Image(from.width, from.height, 3);
        const int shift = sizeof(from.pixels[0]) == 2 ? 8 : 0;
        for (std::int64_t i = 0; i < from.width * from.height; ++i)
          for (int c = 0; c < 3; ++c)
            result.pixels[static_cast<std::size_t>(3 * i + c)] = static_cast<std::uint8_t>(
                from.pixels[static_cast<std::size_t>(from.channels * i + c)] >> shift);
      },
      image);
  return result;
}

void stop_on_signal() {
  if (const int signal = SignalWatch::received()) throw CLI::RuntimeError(128 + signal);
}

void process(api::Harmonizer& harmonizer, const Job& job, float strength) {
  AnyImage image = read_any_image(job.image);
  const Image mask = read_image(job.mask, 1);
  const attune_mask_kind kind = std::visit(
      [&](auto& pixels) {
        require(mask.width == pixels.width && mask.height == pixels.height, ErrorKind::input,
                job.mask.string(), ": the mask is ", mask.width, "x", mask.height, ", the picture ",
                job.image.string(), " is ", pixels.width, "x", pixels.height);
        pixels = as_colour(pixels);
        return harmonize_image(harmonizer, pixels, mask, strength);
      },
      image);
  stop_on_signal();
  if (kind != ATTUNE_MASK_BOTH)
    std::fprintf(stderr, "attune: warning: %s: the mask is %s, the picture stays as it is\n",
                 job.mask.c_str(),
                 kind == ATTUNE_MASK_EMPTY ? "empty (no foreground)" : "full (no background)");
  if (!is_png(job.out))
    write_image(job.out, for_jpeg(image));
  else
    std::visit([&](const auto& pixels) { write_image(job.out, pixels); }, image);
}

std::set<fs::path> files_in(const fs::path& folder) {
  std::error_code error;
  std::set<fs::path> files;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (entry->is_regular_file(error)) files.insert(entry->path());
  require(!error, ErrorKind::input, folder.string(), ": ", error.message());
  return files;
}

// Each picture with its mask: of equal stem, or named by iHarmony4's rule.
std::vector<Job> match_folders(const fs::path& images, const fs::path& masks, const fs::path& out) {
  std::vector<Job> jobs;
  const std::set<fs::path> mask_files = files_in(masks);
  for (const fs::path& image : files_in(images)) {
    const auto has_stem = [&](const std::string& stem) {
      return std::find_if(mask_files.begin(), mask_files.end(),
                          [&](const fs::path& m) { return m.stem() == stem; });
    };
    auto mask = has_stem(image.stem().string());
    if (const auto names = pair_names(image.filename().string()); mask == mask_files.end() && names)
      mask = has_stem(fs::path(names->mask).stem().string());
    require(mask != mask_files.end(), ErrorKind::input, image.string(), ": no mask for it in ",
            masks.string(), " (looked for its stem, and for iHarmony4's name)");
    // Lossless, whatever the picture came as; its own extension stays in the name where two would collide.
    fs::path name = image.filename().replace_extension(".png");
    for (const Job& job : jobs)
      if (job.out.filename() == name) name = image.filename().string() + ".png";
    jobs.push_back({image, *mask, out / name});
  }
  require(!jobs.empty(), ErrorKind::input, images.string(), ": no pictures in it");
  return jobs;
}

void check_usage(const Options& options) {
  const bool one = !options.image.empty() || !options.mask.empty();
  const bool many = !options.images.empty() || !options.masks.empty();
  require(one != many, ErrorKind::configuration,
          "harmonize: give --image and --mask, or --images and --masks");
  require(one ? !options.image.empty() && !options.mask.empty()
              : !options.images.empty() && !options.masks.empty(),
          ErrorKind::configuration, "harmonize: ", one ? "--image and --mask" : "--images and --masks",
          " go together");
}

// What is wrong with the text of a strength, if anything. CLI::Range would take "nan".
std::string outside_0_to_1(const std::string& text) {
  float strength = 0;
  const bool fits = CLI::detail::lexical_cast(text, strength) && strength >= 0 && strength <= 1;
  return fits ? "" : "Value " + text + " not in range 0 to 1";
}

void run(const Options& options) {
  check_usage(options);
  const Device device = pick_device(options.device.device);
  const bool many = !options.images.empty();
  const std::vector<Job> jobs = many ? match_folders(options.images, options.masks, options.out)
                                     : std::vector<Job>{{options.image, options.mask, options.out}};
  api::Model model =
      translated([&] { return options.model.empty() ? api::Model() : api::Model(options.model); });
  api::Harmonizer harmonizer = translated([&] {
    return api::Harmonizer(model, device.kind == DeviceKind::cuda ? device.index : -1,
                           options.device.threads);
  });
  const SignalWatch watch;  // also for one picture: a file that is being written is finished or taken away
  if (!many) return process(harmonizer, jobs[0], options.strength);

  ensure_directory(options.out);
  Progress progress("harmonize", "picture", static_cast<std::int64_t>(jobs.size()));
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    process(harmonizer, jobs[i], options.strength);
    progress.update(static_cast<std::int64_t>(i) + 1, jobs[i].image.filename().string());
  }
}

}  // namespace

void add_harmonize_command(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("harmonize", "Recolour a foreground until it belongs to its background");
  auto options = std::make_shared<Options>();
  command->add_option("--image", options->image, "Composite picture");
  command->add_option("--mask", options->mask, "Its mask: white foreground, black background");
  command->add_option("--images", options->images, "Folder of composites, instead of --image");
  command->add_option("--masks", options->masks, "Folder of their masks: equal stems, or iHarmony4's names");
  command->add_option("--out", options->out, "Output picture (.png or .jpg), or folder")->required();
  command->add_option("--model", options->model, "Model file; the shipped model by default");
  command
      ->add_option("--strength", options->strength, "How far to go: 0 changes nothing, 0.5 goes half the way")
      ->capture_default_str()
      ->check(CLI::Validator(outside_0_to_1, "FLOAT in [0 - 1]"));
  add_device_options(*command, options->device);
  command->callback([options] { run(*options); });
}

}  // namespace attune::tools
