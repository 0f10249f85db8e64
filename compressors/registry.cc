// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <pith/compressors/acp.h>
#include <pith/compressors/arctopk.h>
#include <pith/compressors/blocktopk.h>
#include <pith/compressors/cast.h>
#include <pith/compressors/cast_linear.h>
#include <pith/compressors/dct_topk.h>
#include <pith/compressors/fedzip.h>
#include <pith/compressors/identity.h>
#include <pith/compressors/levels.h>
#include <pith/compressors/lowrank.h>
#include <pith/compressors/natural.h>
#include <pith/compressors/onebit.h>
#include <pith/compressors/permk.h>
#include <pith/compressors/quantize.h>
#include <pith/compressors/randomk.h>
#include <pith/compressors/registry.h>
#include <pith/compressors/threshold.h>
#include <pith/compressors/topk.h>
#include <pith/compressors/zstd.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

constexpr CompressorEntry kCompressors[] = {
    {"identity", 1, "identity", "", true, false, false},
    {"cast", 2, "cast(bf16)", "", true, true, false},
    {"topk", 3, "topk(density=0.01)", "Aji and Heafield 2017, arXiv:1704.05021", true, false, true},
    {"threshold", 4, "threshold(value=0.5)", "Strom 2015", true, false, true},
    {"onebit", 5, "onebit", "Seide et al. 2014", true, false, false},
    {"quantize", 6, "quantize(bits=4)", "Markov et al. 2022, arXiv:2111.08617", true, false, false},
    {"natural", 7, "natural", "Horvath et al. 2019, arXiv:1905.10988", true, false, false},
    {"randomk", 8, "randomk(density=0.01)", "Stich et al. 2018, arXiv:1809.07599", false, true,
     false},
    {"lowrank", 9, "lowrank(rank=4)", "Vogels et al. 2019, arXiv:1905.13727", false, true, false},
    {"levels", 10, "levels(bits=4)", "", true, false, false},
    {"blocktopk", 11, "blocktopk(k=4)", "", true, false, true},
    {"arctopk", 13, "arctopk(density=0.01)", "Chen et al. 2025, arXiv:2510.26709", false, true,
     false},
    {"acp", 14, "acp(rank=4)", "Zhang et al. 2023", false, true, false},
    {"fedzip", 15, "fedzip", "Malekijoo et al. 2021, arXiv:2102.01593", true, false, false},
    {"permk", 16, "permk(ranks=4)", "Szlendak et al. 2021, arXiv:2110.03300", true, false, true},
    {"dct_topk", 17, "dct_topk(k=3)", "Peng et al. 2024, arXiv:2411.19870", true, false, false},
#ifdef PITH_HAS_ZSTD
    {"zstd", 12, "levels(bits=2)|zstd", "RFC 8878", true, false, false},
#endif
};

template <Element T>
using Message = std::unique_ptr<MessageCompressor<T>>;

// Stages that code every element: nothing is left for a second one.
template <Element T>
struct DenseMaker {
  std::string_view name;
  Message<T> (*make)(const Spec&);
};

template <Element T>
constexpr DenseMaker<T> kDense[] = {
    {"identity", make_identity<T>}, {"cast", make_cast<T>},       {"onebit", make_onebit<T>},
    {"quantize", make_quantize<T>}, {"natural", make_natural<T>}, {"levels", make_levels<T>},
    {"fedzip", make_fedzip<T>},     {"permk", make_permk<T>},
};

// Stages that keep some elements and leave their values to the next.
template <Element T>
struct SparseMaker {
  std::string_view name;
  std::unique_ptr<SparseCompressor<T>> (*make)(const Spec&, Message<T> second);
};

template <Element T>
constexpr SparseMaker<T> kSparse[] = {
    {"topk", make_topk<T>},
    {"blocktopk", make_blocktopk<T>},
    {"threshold", make_threshold<T>},
};

bool keeps_entries(std::string_view name) {
  return std::ranges::find(kSparse<float>, name, &SparseMaker<float>::name) !=
         std::end(kSparse<float>);
}
// Stages that keep some numbers made of all elements, and leave them to the next.
template <Element T>
struct TransformedMaker {
  std::string_view name;
  Message<T> (*make)(const Spec&, Message<T> second);
};

template <Element T>
constexpr TransformedMaker<T> kTransformed[] = {
    {"dct_topk", make_dct_topk<T>},
};

[[noreturn]] void fail(const Pipeline& pipeline, const std::string& problem) {
  throw UsageError(text_of(pipeline) + ": " + problem);
}

const CompressorEntry& first_stage(const Pipeline& pipeline) {
  if (pipeline.empty()) throw UsageError("make_message: no compressor is given");
  return compressor(pipeline.front().name);
}

template <Element T>
Message<T> make_stages(const Pipeline& pipeline);

// What follows the first stage codes the values that it keeps; null: nothing does.
template <Element T>
Message<T> make_rest(const Pipeline& pipeline) {
  const Pipeline rest(pipeline.begin() + 1, pipeline.end());
  return rest.empty() ? nullptr : make_stages<T>(rest);
}

template <Element T>
std::unique_ptr<SparseCompressor<T>> make_sparse_stages(const Pipeline& pipeline) {
  const auto first = std::ranges::find(kSparse<T>, pipeline.front().name, &SparseMaker<T>::name);
  return first->make(pipeline.front(), make_rest<T>(pipeline));
}

template <Element T>
Message<T> make_stages(const Pipeline& pipeline) {
  const CompressorEntry& entry = first_stage(pipeline);
  if (!entry.message) fail(pipeline, std::string(entry.name) + " is not of the message kind");
  if (keeps_entries(entry.name)) return make_sparse_stages<T>(pipeline);
  const auto first = std::ranges::find(kTransformed<T>, entry.name, &TransformedMaker<T>::name);
  if (first != std::end(kTransformed<T>)) {
    return first->make(pipeline.front(), make_rest<T>(pipeline));
  }
  if (pipeline.size() > 1) {
    fail(pipeline, std::string(entry.name) +
                       (entry.sparse ? " codes its values itself" : " keeps every element") +
                       ", so no stage may follow it");
  }
  return std::ranges::find(kDense<T>, entry.name, &DenseMaker<T>::name)->make(pipeline.front());
}

bool is_packed(const Pipeline& pipeline) {
  return !pipeline.empty() && pipeline.back().name == "zstd";
}

// Neither dense nor sparse: a last `zstd` packs the message of all stages before it.
template <Element T>
Message<T> make_packed(const Pipeline& pipeline) {
  const bool packed = is_packed(pipeline);
  const Pipeline inner(pipeline.begin(), pipeline.end() - (packed ? 1 : 0));
  if (packed && inner.empty()) fail(pipeline, "zstd packs what other stages send: give them first");
  if (std::ranges::find(inner, "zstd", &Spec::name) != inner.end()) {
    fail(pipeline, "zstd packs a whole message, so no stage may follow it");
  }
  auto message = make_stages<T>(inner);
  return packed ? make_zstd<T>(pipeline.back(), std::move(message)) : std::move(message);
}

void check_elements(const Pipeline& pipeline, const Shape& shape) {
  if (shape.elements() <= std::numeric_limits<std::uint32_t>::max()) return;
  fail(pipeline, shape.text() + " has 2^32 elements or more");
}

template <Element T>
using Linear = std::unique_ptr<LinearCompressor<T>>;

// Linear ones but for casts, whose factors a cast may follow.
template <Element T>
struct FactoredMaker {
  std::string_view name;
  Linear<T> (*make)(const Spec&, const Shape&, ElementType factors);
};

template <Element T>
constexpr FactoredMaker<T> kFactored[] = {
    {"randomk", make_randomk<T>},
    {"lowrank", make_lowrank<T>},
    {"arctopk", make_arctopk<T>},
    {"acp", make_acp<T>},
};

// What the factors of a linear compressor travel as: its second stage, if there is one, is a cast.
template <Element T>
ElementType factor_type(const Pipeline& pipeline) {
  if (pipeline.size() == 1) return element_type<T>;
  if (pipeline.size() > 2 || pipeline.back().name != "cast" || pipeline.front().name == "cast") {
    fail(pipeline, "only a cast may follow a linear compressor");
  }
  return make_cast_linear<T>(pipeline.back(), Shape::flat(1))->factor_type();
}

}  // namespace

std::span<const CompressorEntry> compressors() { return kCompressors; }

const CompressorEntry& compressor(std::string_view name) {
  const auto entry = std::ranges::find(kCompressors, name, &CompressorEntry::name);
  if (entry != std::end(kCompressors)) return *entry;
  std::vector<std::string> names;
  for (const CompressorEntry& known : kCompressors) names.emplace_back(known.name);
  throw UsageError(unknown_name("compressor", name, names));
}

bool is_sparse(const Pipeline& pipeline) {
  return keeps_entries(first_stage(pipeline).name) && !is_packed(pipeline);
}

template <Element T>
Message<T> make_message(const Pipeline& pipeline, const Shape& shape) {
  check_elements(pipeline, shape);
  return make_packed<T>(pipeline);
}

template <Element T>
std::unique_ptr<SparseCompressor<T>> make_sparse_message(const Pipeline& pipeline,
                                                         const Shape& shape) {
  if (!is_sparse(pipeline)) fail(pipeline, "it does not send single elements");
  check_elements(pipeline, shape);
  return make_sparse_stages<T>(pipeline);
}

template <Element T>
Linear<T> make_linear(const Pipeline& pipeline, const Shape& shape) {
  const CompressorEntry& entry = first_stage(pipeline);
  if (!entry.linear) fail(pipeline, std::string(entry.name) + " is not of the linear kind");
  const ElementType factors = factor_type<T>(pipeline);
  if (entry.name == "cast") return make_cast_linear<T>(pipeline.front(), shape);
  const auto maker = std::ranges::find(kFactored<T>, entry.name, &FactoredMaker<T>::name);
  return maker->make(pipeline.front(), shape, factors);
}

std::uint16_t codec_of(const Pipeline& pipeline) {
  return is_packed(pipeline) ? compressor("zstd").codec : first_stage(pipeline).codec;
}

#define PITH_INSTANTIATE(T)                                                          \
  template Message<T> make_message(const Pipeline&, const Shape&);                   \
  template std::unique_ptr<SparseCompressor<T>> make_sparse_message(const Pipeline&, \
                                                                    const Shape&);   \
  template Linear<T> make_linear(const Pipeline&, const Shape&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
