// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <pith/core/environment.h>

namespace fashion_mnist {
namespace {

using program::Reader;
using program::real;
using program::text;

boost::program_options::options_description describe(const std::string& title) {
  const pith::ReducerOptions defaults;
  boost::program_options::options_description description(title + "\n\nOptions");
  describe_training(description);
  description.add_options()("compressor", text(defaults.compressor),
                            "spec, or schedule: topk(density=0.01)@58,topk(density=0.001)")(
      "feedback", text(defaults.feedback), "none, ef14, ef21, ef21_sgdm, econtrol")(
      "exchange", text(defaults.exchange), "natural, auto, raw, gather, sharded, sparse, linear")(
      "unit", text("tensor"), "what is compressed as one vector: tensor, bucket, model")(
      "commit", text("step"), "step: a failed step changes nothing; inplace: less memory")(
      "clip", real(0), "largest norm of a rank's gradient before feedback; 0: any")(
      "json", text(""), "write the result to this file");
  return description;
}

std::string text_or_environment(const Reader& reader, const char* name, const char* variable) {
  return pith::environment(variable).value_or(reader.text(name));
}

pith::ReducerOptions reducer_options(const Reader& reader) {
  using pith::Commit;
  using pith::CompressedUnit;
  pith::ReducerOptions options;
  options.compressor = text_or_environment(reader, "compressor", "PITH_COMPRESSOR");
  options.feedback = text_or_environment(reader, "feedback", "PITH_FEEDBACK");
  options.exchange = text_or_environment(reader, "exchange", "PITH_EXCHANGE");
  options.unit = reader.choice<CompressedUnit>("unit", {{"tensor", CompressedUnit::tensor},
                                                        {"bucket", CompressedUnit::bucket},
                                                        {"model", CompressedUnit::model}});
  options.commit =
      reader.choice<Commit>("commit", {{"step", Commit::step}, {"inplace", Commit::inplace}});
  options.clip = reader.real(
      "clip", [](double x) { return x >= 0; }, "a number from 0");
  return options;
}

}  // namespace

Options parse_options(int argc, const char* const* argv, const std::string& title) {
  const Reader reader(argc, argv, describe(title));
  Options options;
  read_training(reader, options);
  options.reducer = reducer_options(reader);
  options.reducer.seed = options.seed;
  options.reducer.optimizer_momentum = options.momentum;
  options.json = reader.text("json");
  return options;
}

}  // namespace fashion_mnist
