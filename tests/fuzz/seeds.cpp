// fuzz_seeds FOLDER: makes the first inputs of every fuzz target, in FOLDER/NAME of the target.
#include <cstdio>

#include "core/files.h"
#include "core/safetensors.h"
#include "tests/support/coded_pictures.h"

using namespace attune;
using namespace attune::test;

namespace {

class Folder {
 public:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) { ensure_directory(path_); }
  void add(const FileBytes& bytes) { write_file_atomically(path_ / std::to_string(count_++), bytes); }
  void add(std::string_view text) { write_file_atomically(path_ / std::to_string(count_++), text); }

 private:
  std::filesystem::path path_;
  int count_ = 0;
};

void make_pictures(Folder folder) {
  const Image colour = sample_image(17, 9, 3), grey = sample_image(9, 5, 1);
  for (const bool progressive : {false, true}) {
    JpegKind kind;
    kind.progressive = progressive;
    folder.add(make_jpeg(colour, kind));
    kind.subsampled = true;
    kind.restart_rows = 1;
    folder.add(make_jpeg(colour, kind));
  }
  JpegKind cmyk;
  cmyk.input = JCS_CMYK;
  cmyk.stored = JCS_YCCK;
  folder.add(make_jpeg(sample_image(8, 8, 4), cmyk));
  folder.add(with_exif_in_jpeg(encode_jpeg(grey), make_exif(6, true)));
  for (int channels = 1; channels <= 4; ++channels) folder.add(encode_png(sample_image(7, 5, channels)));
  folder.add(with_chunk_in_png(encode_png(grey), "eXIf", make_exif(8, false)));
  PngKind interlaced;
  interlaced.interlaced = true;
  folder.add(make_png(17, 9, colour.pixels, interlaced));
  PngKind palette;
  palette.colour_type = PNG_COLOR_TYPE_PALETTE;
  palette.bits = 2;
  palette.palette = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
  palette.palette_alpha = {10};
  folder.add(make_png(3, 1, {0x18}, palette));
  PngKind deep;
  deep.bits = 16;
  deep.transparent_zero = true;
  folder.add(make_png(2, 1, {0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6}, deep));
  folder.add(make_bmp(colour));
  folder.add(make_tga(colour));
  folder.add(make_tga(grey, true));
  folder.add(make_pnm(colour));
  folder.add("P5 3 1 2\n\1\2\3");
  folder.add(std::string_view("P5 2 1 1000\n\3\350\0\1", 16));
}

void make_models(Folder folder, const std::filesystem::path& scratch) {
  const Tensor weight = Tensor::zeros({2, 1, 1, 3}, DType::f32), half = Tensor::zeros({3}, DType::bf16),
               bytes = Tensor::zeros({0, 4}, DType::u8);
  write_safetensors(scratch, {{"a", weight.view()}, {"b", half.view()}, {"c", bytes.view()}}, {{"k", "v"}});
  folder.add(read_file(scratch));
  write_safetensors(scratch, {}, {});
  folder.add(read_file(scratch));
  std::filesystem::remove(scratch);
}

void make_documents(Folder folder) {
  folder.add(
      R"({"seed": 1, "train": {"steps": 10, "size": [192, 192]}, "data": [{"path": "x", "weight": 0.5}]})");
  folder.add(R"([1e3, -0.0, 18446744073709551615, true, null, "\u00e4\n", [[[]]], {}])");
  folder.add("{\"a\": 1,\n \"a\": x}");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
    return 2;
  }
  try {
    const std::filesystem::path folder = arguments[1];
    make_pictures(Folder(folder / "image"));
    make_models(Folder(folder / "safetensors"), folder / "scratch");
    make_documents(Folder(folder / "json"));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz_seeds: %s\n", error.what());
    return 1;
  }
}
