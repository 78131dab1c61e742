// The harmonizer network: an encoder without normalization, a decoder with style fusion at every level, and a
// head.
//
//     encoder   level 0: stem at full size, C0 channels; level l: stride-2 convolution to Cl, then one more
//     bottleneck   convolution and fusion at the deepest level
//     decoder   level l: enlarge, concatenate the encoder's level l, convolution, convolution, STYLE FUSION
//     with the
//               encoder's background style of level l (math.md, 2)
//     head      affine: decoder down to level `head_level`, a 3x4 colour transform per cell of that level (math.md, 6)
//               blend:  decoder down to level 0, RGB and a blending map per pixel
//     global    (optional) one more value for each of the head's channels, the same for the whole picture: two linear
//               layers on how the foreground's style differs from the background's, in the picture and at every level.
//               The last fusion has taken the foreground's own mean out of what the head reads: it cannot tell a
//               foreground that is too bright from one that is too dark.
//
// Instance normalization in the encoder would erase the very style that the fusion needs, so there is none.
// Source: arXiv 2205.14058 (external style fusion); iDIH and RainNet for the shape of encoder and decoder.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "layers/convolution.h"
#include "layers/global_transform.h"
#include "layers/graph.h"
#include "layers/heads.h"
#include "layers/linear.h"
#include "layers/pictures.h"
#include "layers/style.h"
#include "layers/upsample_concat.h"

namespace attune {

enum class Head { affine, blend };
// What stands after a decoder level's convolutions. `instance` normalizes the whole picture as one region.
enum class Fusion { none, instance, internal, external, learned };

struct HarmonizerOptions {
  std::vector<std::int64_t> channels = {16, 32, 64, 128, 160};  // one a level, full resolution first
  Head head = Head::affine;
  int head_level = 1;                              // of the affine head's map: cells of 2^level pixels
  std::vector<Fusion> fusion = {Fusion::learned};  // one for all levels, or one a level
  bool global = false;                             // whether there is a global part
  float slope = 0.2f;                              // of leaky ReLU
  DType activations = DType::f32;
};

// What the network finds out about a whole picture: the values of a graph that a tile of the picture is told.
struct PictureStyle {
  // Of one level; without members where the level has no fusion, and without the external ones where that takes none.
  struct Level {
    std::vector<ValueId> external;  // mean, sd of the encoder's features
    std::vector<ValueId> own;       // mean, sd, weight of the decoder's
  };
  std::vector<Level> levels;
  std::vector<ValueId> global;  // the global part's row, where there is one

  std::vector<ValueId> all() const;
};

class Harmonizer {
 public:
  // Adds its parameters to `store`, whose allocate() comes afterwards. Throws ErrorKind::configuration on
  // options that make no network.
  Harmonizer(ParameterStore& store, const HarmonizerOptions& options);

  // Adds the network to `graph`: (composite [N, H, W, 3], mask [N, H, W]) -> harmonized picture [N, H, W, 3].
  ValueId add_to(Graph& graph, ValueId composite, ValueId mask) const;
  // The network without the last step, for inference at another size than the picture's: the head's map.
  ValueId add_head_to(Graph& graph, ValueId composite, ValueId mask) const;
  // The same, with the values of `style` kept, of which a tile of the picture may then be told.
  ValueId add_to(Graph& graph, ValueId composite, ValueId mask, PictureStyle& style) const;
  // The network on a tile of a picture. The values of `style`, inputs of the graph, are to be filled with those of the whole.
  ValueId add_tile_to(Graph& graph, ValueId composite, ValueId mask, PictureStyle& style) const;
  // The encoder alone, with its mask channel set to 0: the features of every level of `picture`.
  std::vector<ValueId> add_encoder_to(Graph& graph, ValueId picture, Learning learning) const;
  // The mask [N, H, W] at every level of the encoder.
  std::vector<ValueId> add_masks_to(Graph& graph, ValueId mask) const;

  // Its own parameters, in an order that depends on the options alone.
  std::vector<Parameter*> parameters() const;
  const HarmonizerOptions& options() const { return options_; }
  int levels() const { return static_cast<int>(options_.channels.size()); }
  std::int64_t stride() const { return std::int64_t{1} << (levels() - 1); }
  // Picture pixels per cell of the head's map, along each side: 1 for blend.
  int head_stride() const { return 1 << finest_level(); }
  // Of the decoder.
  int finest_level() const { return options_.head == Head::affine ? options_.head_level : 0; }
  Fusion fusion_at(int level) const;

 private:
  struct EncoderLevel {
    const ConvolutionLayer *first, *second;
  };
  struct DecoderLevel {
    const ConvolutionLayer* mix;  // after the concatenation; null at the bottleneck
    const ConvolutionLayer* last;
    const StyleFusionLayer* fusion;  // null without, as the next
    const TileFusionLayer* tile_fusion;
  };

  std::int64_t channels(int level) const { return options_.channels[static_cast<std::size_t>(level)]; }
  const ConvolutionLayer* convolution(ParameterStore& store, const std::string& name, std::int64_t inputs,
                                      std::int64_t outputs, int stride, bool activated);
  DecoderLevel decoder_level(ParameterStore& store, int level);
  std::vector<ValueId> encode(Graph& graph, ValueId packed, Learning learning) const;
  // What a walk through the network has found on its way, or is told.
  struct Walk {
    std::vector<ValueId> features, masks, one_region;  // by level
    std::vector<std::vector<ValueId>> styles;          // of the encoder, where a fusion takes them
    PictureStyle style;
    bool is_tile = false;  // `style` is told
  };
  ValueId decode_level(Graph& graph, int level, ValueId x, Walk& walk) const;
  ValueId fuse(Graph& graph, int level, ValueId x, Walk& walk) const;
  ValueId fuse_tile(Graph& graph, int level, ValueId x, const Walk& walk) const;
  ValueId add_head_to(Graph& graph, ValueId composite, ValueId mask, Walk& walk) const;
  ValueId add_output_to(Graph& graph, ValueId head, ValueId composite, ValueId mask) const;
  void make_global(ParameterStore& store, std::int64_t outputs);
  // The row that the global part adds everywhere; it takes the styles that no fusion did.
  ValueId global_row(Graph& graph, ValueId composite, ValueId mask, Walk& walk) const;

  HarmonizerOptions options_;
  std::deque<ConvolutionLayer> convolutions_;
  std::deque<StyleFusionLayer> fusions_;
  std::deque<TileFusionLayer> tile_fusions_;  // one a fusion
  std::vector<EncoderLevel> encoder_;
  std::vector<DecoderLevel> decoder_;  // by level; those above the head's are unused
  const ConvolutionLayer* head_ = nullptr;
  std::optional<StyleDifferenceLayer> style_difference_;  // of the global part, where there is one
  std::deque<LinearLayer> global_;                        // its two
  ImageBiasLayer image_bias_;
  PackInputLayer pack_, pack_without_mask_;
  MaskPyramidLayer masks_, one_region_;
  MaskedStyleLayer style_;
  UpsampleConcatLayer upsample_;
  ColorTransformLayer color_transform_;
  BlendOutputLayer blend_;
};

}  // namespace attune
