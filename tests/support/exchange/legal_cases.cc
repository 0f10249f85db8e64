// SPDX-License-Identifier: Apache-2.0
#include "support/exchange/legal_cases.h"

#include <algorithm>
#include <cctype>
#include <ostream>

#include <pith/collectives/legal.h>
#include <pith/compressors/registry.h>

namespace pith::test {
namespace {

constexpr std::string_view kVariations[] = {"ef21_sgd2m", "ef21_hb", "clip21",
                                            "d_ec",       "dgc",     "ef_bv"};

const std::vector<std::string> kSparse{
    "topk(density=0.05,index=elias_fano)", "topk(density=0.05,values=2bit,index=bitmap)",
    "blocktopk(k=2,block=50,index=raw32)", "threshold(value=1.5,index=raw32)"};

// What stands in the row of a variation.
std::string spec_for_variation(const Combination& row) {
  if (row.kind == CompressorKind::none) return "none";
  if (row.exchange == Exchange::raw) return "cast(fp16)";
  const bool noisy = row.feedback == "ef_bv";  // whose steps are not 1 under unbiased compressors
  if (noisy && row.kind == CompressorKind::linear) return "randomk(density=0.1,scale=unbiased)";
  if (noisy && row.kind == CompressorKind::message) return "natural";
  if (row.kind == CompressorKind::linear) return "lowrank(rank=2)";
  return row.exchange == Exchange::sharded ? "onebit(block=64)" : kSparse.front();
}

// What stands in a row: small densities and ranks, so that small tensors are really compressed; and
// index coders whose bytes follow from how many elements are kept. No fedzip, whose bytes follow
// from the clusters that it finds: its own test counts them, and tests/golden tries it.
std::vector<std::string> specs_for(const Combination& row) {
  if (is_variation(row.feedback)) return {spec_for_variation(row)};
  if (row.kind == CompressorKind::none) return {"none"};
  if (row.exchange == Exchange::raw) return {"cast(fp16)", "cast(bf16)"};
  if (row.kind == CompressorKind::linear) {
    return {"randomk(density=0.1)", "lowrank(rank=2)",
            "cast(bf16)",           "lowrank(rank=2)|cast(fp16)",
            "acp(rank=2)",          "arctopk(density=0.1,block=8,sketch=2)"};
  }
  std::vector<std::string> specs = kSparse;
  if (row.kind == CompressorKind::sparse) return specs;
  specs.insert(specs.end(),
               {"identity", "cast(bf16)", "onebit(block=64)", "quantize(bits=4,bucket=64)",
                "quantize(bits=8,bucket=64,range=qsgd)", "natural", "levels(bits=4,block=64)",
                "dct_topk(k=3,chunk=16,index=raw32)"});
  const bool zstd = std::ranges::any_of(
      compressors(), [](const CompressorEntry& entry) { return entry.name == "zstd"; });
  if (zstd) specs.emplace_back("onebit|zstd");  // signs do not shrink, so its bytes are known
  return specs;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const LegalCase& legal) {
  return out << legal.compressor << " over " << legal.exchange << " with " << legal.feedback;
}

std::vector<LegalCase> legal_cases() {
  std::vector<LegalCase> cases;
  for (const Combination& row : legal_combinations()) {
    for (const std::string& spec : specs_for(row)) {
      cases.push_back({spec, std::string(name_of(row.exchange)), std::string(row.feedback)});
    }
  }
  return cases;
}

bool is_variation(std::string_view feedback) {
  return std::ranges::find(kVariations, feedback) != std::end(kVariations);
}

std::string test_name(const LegalCase& legal) {
  std::string name = legal.compressor + "_" + legal.exchange + "_" + legal.feedback;
  std::ranges::replace_if(
      name, [](unsigned char letter) { return std::isalnum(letter) == 0; }, '_');
  return name;
}

ReducerOptions options_for(const LegalCase& legal) {
  TensorRule rule;
  rule.compressor = legal.compressor;
  rule.feedback = legal.feedback;
  rule.exchange = legal.exchange;
  ReducerOptions options;
  options.rules = {rule};
  return options;
}

}  // namespace pith::test
