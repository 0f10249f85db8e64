// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <limits>
#include <sstream>

#include <pith/collectives/legal.h>
#include <pith/compressors/registry.h>
#include <pith/core/error.h>
#include <pith/reducer/choice.h>

#include "command_line.h"
#include "layers.h"
#include "sizes.h"
#include "specs.h"

namespace pith::bench {
namespace {

namespace po = boost::program_options;

using Words = std::vector<std::string>;

constexpr std::size_t kMost = 1'000'000'000;

auto whole(std::int64_t value) { return po::value<std::int64_t>()->default_value(value); }
auto text(const char* value) { return po::value<std::string>()->default_value(value); }
auto words(const Words& value, const char* shown) {
  return po::value<Words>()->default_value(value, shown);
}

// The registry's table feeds the benchmark too.
Words all_compressors() {
  Words examples;
  for (const CompressorEntry& entry : compressors()) examples.emplace_back(entry.example);
  return examples;
}

po::options_description common_options() {
  po::options_description common("Every command");
  auto add = common.add_options();
  add("minbytes,b", po::value<std::string>(), "smallest size in bytes, suffix K, M or G");
  add("maxbytes,e", po::value<std::string>(), "largest size");
  add("stepfactor,f", po::value<double>()->default_value(2), "factor between sizes, above 1");
  add("shape", po::value<std::string>(), "RxC: one matrix instead of sizes");
  add("layers", po::value<std::string>(),
      "every matrix of a list of layers instead of sizes (tools/layers)");
  add("type", text("float"), "float or double");
  add("iters,n", whole(20), "timed iterations");
  add("warmup_iters,w", whole(5), "iterations before them");
  add("check,c", whole(1), "checked iterations after them");
  add("nthreads,t", whole(1), "threads of a rank, for its codecs");
  add("compressor", words(all_compressors(), "one of each"), "spec; repeatable");
  add("feedback", words({"ef14"}, "ef14"),
      "none, ef14, ef21, ef21_sgdm(eta=0.1), econtrol(eta=0.1), ...; repeatable");
  add("seed", whole(0), "of gradients and compressors");
  add("json,J", text(""), "write to this new file, or to NAME.0, NAME.1, ... if it exists");
  add("help", "show this text");
  return common;
}

// The first of two options that is given, or else `fallback`: -b and -e stand for each other.
std::string either(const CommandLine& line, const char* first, const char* second,
                   const char* fallback) {
  for (const char* name : {first, second}) {
    if (line.given(name)) return line.text(name);
  }
  return fallback;
}

std::vector<Shape> swept(const CommandLine& line, const char* size, std::size_t element) {
  const std::string first = either(line, "minbytes", "maxbytes", size);
  const std::string last = either(line, "maxbytes", "minbytes", size);
  const std::size_t begin = parse_bytes(first);
  const std::size_t end = parse_bytes(last);
  if (begin < element || begin > end) {
    throw UsageError("sizes " + first + " to " + last + ": expected at least " +
                     std::to_string(element) + " bytes, smallest first");
  }
  std::vector<Shape> all;
  for (const std::size_t bytes : sweep(begin, end, line.number_above("stepfactor", 1), element)) {
    all.push_back(nearly_square(bytes / element));
  }
  return all;
}

std::vector<Shape> shapes(const CommandLine& line, const char* size, std::size_t element) {
  const bool sizes = line.given("minbytes") || line.given("maxbytes");
  if (line.given("shape") + line.given("layers") + sizes > 1) {
    throw UsageError("sizes, --shape and --layers exclude each other");
  }
  if (line.given("shape")) return {parse_shape(line.text("shape"))};
  if (line.given("layers")) return read_matrices(line.text("layers"));
  return swept(line, size, element);
}

void read_common(const CommandLine& line, const char* size, Options& options) {
  options.threads = line.whole("nthreads", 1, 256);
  options.type =
      line.choice("type", {"float", "double"}) == 0 ? ElementType::float32 : ElementType::float64;
  options.shapes = shapes(line, size, size_of(options.type));
  options.whole_model = line.given("layers");
  options.iterations = line.whole("iters", 1, kMost);
  options.warm_up = line.whole("warmup_iters", 0, kMost);
  options.checks = line.whole("check", 0, kMost);
  options.json = line.text("json");
  options.compressors = line.words("compressor");
  options.feedbacks = line.words("feedback");
  options.seed = line.whole("seed", 0, std::numeric_limits<std::int64_t>::max());
  options.parameters = line.parameters();
  for (const std::string& compressor : options.compressors) {
    for (const Pipeline& one : listed(parse_pipeline(compressor))) kind_of(text_of(one));
  }
  for (const std::string& feedback : options.feedbacks) check_feedback(feedback);
}

po::options_description codec_options() {
  po::options_description all(
      "pith-bench codec: how fast one core codes and decodes, against what memory alone takes\n\n"
      "  pith-bench codec -b 512M --compressor 'topk(density=0.01)' --compressor onebit\n");
  po::options_description own("codec");
  auto add = own.add_options();
  add("device",
      "on the current CUDA device, against a copy from device to device (docs/devices.md)");
  add("ranks", whole(4), "payloads that are decoded into one mean");
  add("commit", text("inplace"), "inplace or step: how a rule keeps its state");
  add("data", words({"gaussian"}, "gaussian"),
      "gaussian, sorted, periodic, constant, spike, zeros, or a file of float32 values; "
      "repeatable: measured in turns and compared with the first");
  add("floor-ratio", po::value<double>(),
      "exit with 2 if an encode takes longer than so many residual adds");
  all.add(common_options()).add(own);
  return all;
}

const char* description_of(Collective collective) {
  switch (collective) {
    case Collective::reduce_scatter:
      return "pith-bench reduce_scatter: a compressed reduce-scatter against the raw ones, in "
             "turns\n\n"
             "  mpirun -np 4 pith-bench reduce_scatter -b 1M -e 64M -f 4 --compressor onebit\n";
    case Collective::all_gather:
      return "pith-bench allgather: a compressed all-gather against the raw ones, in turns\n\n"
             "  mpirun -np 4 pith-bench allgather -b 64M --compressor 'quantize(bits=8)'\n";
    default:
      return "pith-bench allreduce: a compressed all-reduce against the raw ones, in turns\n\n"
             "  mpirun -np 4 pith-bench allreduce -b 1M -e 64M -f 4 --compressor onebit\n"
             "  pith-bench allreduce --local 4        the same ranks as threads, without MPI\n";
  }
}

po::options_description collective_options(Collective collective) {
  po::options_description all(description_of(collective));
  po::options_description own(std::string(name_of(collective)));
  auto add = own.add_options();
  if (collective == Collective::all_reduce) {
    add("exchange", words({"natural"}, "natural"),
        "natural, raw, gather, sharded, sparse, linear or auto; repeatable, illegal combinations "
        "are skipped");
  }
  add("min-effx", po::value<double>(), "exit with 2 if effx is below it anywhere");
  describe_ranks(own);
  all.add(common_options()).add(own);
  return all;
}

// Whether help was asked for: then nothing else counts.
bool read_help(const CommandLine& line, const po::options_description& description,
               Options& options) {
  if (!line.given("help")) return false;
  std::ostringstream out;
  out << description;
  options.help = out.str();
  return true;
}

}  // namespace

CodecOptions parse_codec_options(int argc, const char* const* argv) {
  const auto description = codec_options();
  const CommandLine line(argc, argv, description);
  CodecOptions options;
  if (read_help(line, description, options)) return options;
  read_common(line, "64M", options);
  options.device = line.given("device");
  options.ranks = line.whole("ranks", 1, kMost);
  options.commit = line.choice("commit", {"inplace", "step"}) == 0 ? Commit::inplace : Commit::step;
  options.data = line.words("data");
  options.floor_ratio = line.optional_number_above("floor-ratio", 0);
  return options;
}

CollectiveOptions parse_collective_options(int argc, const char* const* argv,
                                           Collective collective) {
  const auto description = collective_options(collective);
  const CommandLine line(argc, argv, description);
  CollectiveOptions options;
  options.collective = collective;
  if (read_help(line, description, options)) return options;
  read_common(line, "32M", options);
  options.exchanges = {"natural"};
  if (collective == Collective::all_reduce) options.exchanges = line.words("exchange");
  for (const std::string& exchange : options.exchanges) {
    parse_treatment("none", "none", exchange);
  }
  options.ranks = read_ranks(line);
  options.min_effx = line.optional_number_above("min-effx", 0);
  return options;
}

}  // namespace pith::bench
