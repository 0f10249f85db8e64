// SPDX-License-Identifier: Apache-2.0
#include "compressors/message_codec.h"

#include <algorithm>
#include <cctype>

namespace pith::test {

bool has_zstd() {
  return std::ranges::any_of(compressors(),
                             [](const CompressorEntry& entry) { return entry.name == "zstd"; });
}

std::vector<std::string> message_specs() {
  std::vector<std::string> specs;
  for (const CompressorEntry& entry : compressors()) {
    if (entry.message) specs.emplace_back(entry.example);
  }
  for (const char* spec : {"cast(fp16)",
                           "cast(fp32)",
                           "topk(k=1)",
                           "topk(density=1)",
                           "topk(density=0.1,sample=0.05)",
                           "topk(density=0.1,index=raw32)",
                           "topk(density=0.1,index=bitmap)",
                           "topk(density=0.01,values=fp16)",
                           "blocktopk(k=1,block=1)",
                           "blocktopk(k=3,block=50,values=bf16)",
                           "threshold(value=0.5,values=bf16,index=bitmap)",
                           "threshold(value=100)",
                           "onebit(block=7)",
                           "onebit(scale=l2)",
                           "onebit(block=33,scale=sides)",
                           "onebit(block=7,scale=deviation)",
                           "quantize(bits=1,bucket=33)",
                           "quantize(bits=3,bucket=32)",
                           "quantize(bits=5,rounding=stochastic)",
                           "quantize(bits=8)",
                           "quantize(bits=2,range=qsgd,bucket=31)",
                           "quantize(range=qsgd)",
                           "quantize(bits=6,range=qsgd,levels=22)",
                           "quantize(bits=8,range=qsgd,rounding=nearest)",
                           "quantize(bits=2,range=max,bucket=1000000)",
                           "quantize(bits=3,range=max,bucket=7,rounding=nearest)",
                           "quantize(bits=2,range=max,clip=2.5)",
                           "quantize(bits=4,range=deviation,bucket=31)",
                           "quantize(bits=2,range=deviation,rounding=stochastic)",
                           "quantize(range=qsgd,coding=elias)",
                           "quantize(range=max,bucket=7,levels=40,coding=elias)",
                           "levels(bits=2)",
                           "levels(bits=3,block=7)",
                           "levels(bits=8,block=4096)",
                           "permk(ranks=1)",
                           "permk(ranks=3)",
                           "fedzip(density=1)",
                           "fedzip(density=0.3,clusters=5)",
                           "fedzip(encoding=table)",
                           "fedzip(density=1,clusters=4,encoding=table)",
                           "fedzip(density=1,encoding=differences)",
                           "topk(density=0.3)|fedzip(density=1,clusters=16)",
                           "dct_topk(k=7,chunk=7)",
                           "dct_topk(k=3,chunk=7,index=raw32)",
                           "dct_topk(k=9,chunk=50,values=4bit)",
                           "dct_topk(k=1,chunk=1024)|natural",
                           "topk(density=0.3,values=8bit,index=rice)",
                           "topk(density=0.3,values=2bit,index=elias_fano)",
                           "topk(density=0.3,index=delta)|levels(bits=5,block=3)",
                           "threshold(value=0.5,values=4bit,index=runs16)",
                           "topk(density=0.3)|quantize(bits=4,bucket=7)",
                           "topk(density=0.3)|quantize(range=qsgd)",
                           "topk(density=0.5)|onebit(block=5)",
                           "threshold(value=0.5)|natural",
                           "topk(density=0.5)|topk(density=0.5)|cast(bf16)"}) {
    specs.emplace_back(spec);
  }
  if (!has_zstd()) return specs;
  for (const char* spec : {"identity|zstd(level=1)", "quantize(bits=4)|zstd(level=19)",
                           "topk(density=0.3,values=2bit)|zstd", "topk(density=0.5)|onebit|zstd"}) {
    specs.emplace_back(spec);
  }
  return specs;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace_if(
      name, [](unsigned char letter) { return std::isalnum(letter) == 0; }, '_');
  return name;
}

}  // namespace pith::test
