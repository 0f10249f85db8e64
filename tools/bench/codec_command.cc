// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include <pith/comm/local.h>
#include <pith/core/threads.h>

#include "codec.h"
#include "codec_report.h"
#include "commands.h"
#include "exit_code.h"
#include "median.h"
#include "specs.h"

namespace pith::bench {
namespace {

/// What is kept of every timed iteration.
struct Series {
  std::vector<double> encode;
  std::vector<double> decode;
  std::vector<double> read;
  std::vector<double> copy;
  std::vector<double> residual_add;

  void add(const FloorSeconds& floors, const CodecSeconds& codec) {
    read.push_back(floors.read);
    copy.push_back(floors.copy);
    residual_add.push_back(floors.residual_add);
    encode.push_back(codec.encode);
    decode.push_back(codec.decode);
  }
};

template <Element T>
std::unique_ptr<Codec<T>> make_codec(const CodecCase& codec, const Gradients<T>& gradients,
                                     Communicator& alone) {
  if (kind_of(codec.compressor) == Kind::linear) return make_linear_codec<T>(codec, alone);
  return make_message_codec<T>(codec, gradients, alone);
}

// The machine's speed changes under a benchmark: floors and codec take turns, so that both see the
// same weather.
template <Element T>
CodecResult measure(const CodecOptions& options, const CodecCase& codec,
                    const Gradients<T>& gradients, Floors<T>& floors, Communicator& alone) {
  const auto subject = make_codec<T>(codec, gradients, alone);
  Series series;
  for (std::size_t i = 0; i < options.warm_up + options.iterations; ++i) {
    const auto gradient = gradients.step(i);
    const FloorSeconds floor = floors.measure(gradient);
    const CodecSeconds seconds = subject->step(gradient);
    if (i >= options.warm_up) series.add(floor, seconds);
  }
  CodecResult result{
      .compressor = codec.compressor,
      .feedback = codec.feedback,
      .count = gradients.size(),
      .bytes = gradients.size() * sizeof(T),
      .encode_seconds = median(series.encode),
      .decode_seconds = median(series.decode),
      .floors = {median(series.read), median(series.copy), median(series.residual_add)},
      .payload_bytes = subject->payload_bytes(),
      .check = {}};
  for (std::size_t c = 0; c < options.checks; ++c) {
    const CodecCheck check = subject->check(gradients.step(c));
    const std::size_t before = result.check ? result.check->wrong : 0;
    result.check = {before + check.wrong, check.relative_error};
  }
  return result;
}

template <Element T>
void measure_all(const CodecOptions& options, Communicator& alone, CodecReport& report) {
  for (const Shape& shape : options.shapes) {
    const Gradients<T> gradients(options.data, shape.elements(), options.seed, 0);
    Floors<T> floors(shape.elements());
    for (const std::string& compressor : options.compressors) {
      if (kind_of(compressor) == Kind::none) {
        report.comment("none: there is nothing to code");
        continue;
      }
      for (const std::string& feedback : options.feedbacks) {
        const CodecCase codec{compressor,     feedback,     shape,
                              options.commit, options.seed, options.ranks};
        report.add(measure(options, codec, gradients, floors, alone));
      }
    }
    report.end_size(shape.elements() * sizeof(T));
  }
}

}  // namespace

int run_codec(int argc, char** argv) {
  const CodecOptions options = parse_codec_options(argc, argv);
  if (!options.help.empty()) {
    std::cout << options.help;
    return kFine;
  }
  set_threads(options.threads);
  int exit_code = kFine;
  run_local(1, [&](Communicator& alone) {
    CodecReport report(options);
    if (options.type == ElementType::float32) {
      measure_all<float>(options, alone, report);
    } else {
      measure_all<double>(options, alone, report);
    }
    exit_code = report.finish();
  });
  return exit_code;
}

}  // namespace pith::bench
