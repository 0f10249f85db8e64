// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include <pith/comm/local.h>
#include <pith/core/threads.h>

#include "codec.h"
#include "codec_report.h"
#include "commands.h"
#include "device_codec.h"
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

/// A codec with what it codes.
template <Element T>
struct Subject {
  const std::string& kind;
  const Gradients<T>& gradients;
  std::unique_ptr<Codec<T>> codec;
  Series series = {};
};

// The machine's speed changes under a benchmark: floors, codec and the kinds of data take turns, so
// that all see the same weather.
template <Element T>
void take_turns(const CodecOptions& options, Floors<T>& floors, std::vector<Subject<T>>& subjects) {
  for (std::size_t i = 0; i < options.warm_up + options.iterations; ++i) {
    for (Subject<T>& subject : subjects) {
      const auto gradient = subject.gradients.step(i);
      const FloorSeconds floor = floors.measure(gradient);
      const CodecSeconds seconds = subject.codec->step(gradient);
      if (i >= options.warm_up) subject.series.add(floor, seconds);
    }
  }
}

template <Element T>
std::optional<CodecCheck> checked(std::size_t checks, Subject<T>& subject) {
  std::optional<CodecCheck> all;
  for (std::size_t c = 0; c < checks; ++c) {
    const CodecCheck check = subject.codec->check(subject.gradients.step(c));
    all = {(all ? all->wrong : 0) + check.wrong, check.relative_error};
  }
  return all;
}

template <Element T>
CodecResult result_of(const CodecOptions& options, const CodecCase& codec, Subject<T>& subject) {
  const Series& series = subject.series;
  return {.compressor = codec.compressor,
          .feedback = codec.feedback,
          .data = subject.kind,
          .count = subject.gradients.size(),
          .bytes = subject.gradients.size() * sizeof(T),
          .encode_seconds = median(series.encode),
          .decode_seconds = median(series.decode),
          .floors = {median(series.read), median(series.copy), median(series.residual_add)},
          .payload_bytes = subject.codec->payload_bytes(),
          .check = checked(options.checks, subject)};
}

template <Element T>
void measure(const CodecOptions& options, const CodecCase& codec,
             const std::vector<Gradients<T>>& data, Floors<T>& floors, Communicator& alone,
             CodecReport& report) {
  std::vector<Subject<T>> subjects;
  for (std::size_t d = 0; d < data.size(); ++d) {
    subjects.push_back({options.data[d], data[d], make_codec<T>(codec, data[d], alone)});
  }
  take_turns(options, floors, subjects);
  const double encode = median(subjects.front().series.encode);
  const double decode = median(subjects.front().series.decode);
  for (Subject<T>& subject : subjects) {
    CodecResult result = result_of(options, codec, subject);
    result.of_first_data = result.encode_seconds / encode;
    result.decode_of_first_data = result.decode_seconds / decode;
    report.add(result);
  }
}

template <Element T>
void measure_shape(const CodecOptions& options, const Shape& shape, Communicator& alone,
                   CodecReport& report) {
  std::vector<Gradients<T>> data;
  for (const std::string& kind : options.data) {
    data.emplace_back(kind, shape.elements(), options.seed, 0);
  }
  Floors<T> floors(shape.elements());
  for (const std::string& compressor : options.compressors) {
    if (kind_of(compressor) == Kind::none) {
      report.comment("none: there is nothing to code");
      continue;
    }
    for (const std::string& feedback : options.feedbacks) {
      const CodecCase codec{compressor,     feedback,     shape,
                            options.commit, options.seed, options.ranks};
      measure<T>(options, codec, data, floors, alone, report);
    }
  }
  report.end_size(shape.elements() * sizeof(T));
}

template <Element T>
void measure_all(const CodecOptions& options, Communicator& alone, CodecReport& report) {
  for (const Shape& shape : options.shapes) measure_shape<T>(options, shape, alone, report);
  if (options.whole_model) report.add_sums();
}

}  // namespace

int run_codec(int argc, char** argv) {
  const CodecOptions options = parse_codec_options(argc, argv);
  if (!options.help.empty()) {
    std::cout << options.help;
    return kFine;
  }
  if (options.device) return measure_on_device(options);
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
