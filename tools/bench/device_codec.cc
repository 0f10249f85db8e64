// SPDX-License-Identifier: Apache-2.0
#include "device_codec.h"

#include <functional>
#include <vector>

#include <pith/core/error.h>
#include <pith/cuda/graph.h>
#include <pith/cuda/memory.h>
#include <pith/cuda/stream.h>

#include "device_arm.h"
#include "device_check.h"
#include "device_report.h"
#include "median.h"
#include "specs.h"

namespace pith::bench {
namespace {

/// Times work by events, which the device records when it comes to them.
class Clock {
 public:
  explicit Clock(DeviceStream stream) : stream_(stream) {}

  double seconds(const std::function<void()>& work) {
    start_.record(stream_);
    work();
    end_.record(stream_);
    end_.wait();
    return end_.milliseconds_since(start_) / 1e3;
  }

 private:
  DeviceStream stream_;
  cuda::Event start_{cuda::Event::Timing::on};
  cuda::Event end_{cuda::Event::Timing::on};
};

/// A device's gradients (data.h): views of one array.
class DeviceGradients {
 public:
  DeviceGradients(const Gradients<float>& host, DeviceStream stream)
      : host_(host), values_(host.size() + shift(kViews - 1)) {
    cuda::upload(std::span(host.step(0).data(), values_.size()), values_.span(), stream);
    cuda::synchronize(stream);
  }

  DeviceSpan<const float> step(std::size_t i) const {
    return DeviceSpan<const float>(values_.span()).subspan(shift(i % kViews), host_.size());
  }

 private:
  static constexpr std::size_t kViews = 16;

  std::size_t shift(std::size_t view) const {
    return static_cast<std::size_t>(host_.step(view).data() - host_.step(0).data());
  }

  const Gradients<float>& host_;
  cuda::DeviceBuffer<float> values_;
};

// Copies, encodes and decodes take turns, so that all see the device at the same clock.
DeviceSeconds take_turns(const CodecOptions& options, const DeviceGradients& gradients,
                         DeviceArm& arm, DeviceSpan<float> copy, DeviceStream stream) {
  Clock clock(stream);
  std::vector<double> copies, encodes, decodes;
  for (std::size_t i = 1; i < options.ranks; ++i) arm.encode(gradients.step(i), stream);
  for (std::size_t i = 0; i < options.warm_up + options.iterations; ++i) {
    const auto gradient = gradients.step(i);
    const double copied = clock.seconds([&] { cuda::copy(gradient, copy, stream); });
    const double encoded = clock.seconds([&] { arm.encode(gradient, stream); });
    const double decoded = clock.seconds([&] { arm.decode(stream); });
    if (i < options.warm_up) continue;
    copies.push_back(copied);
    encodes.push_back(encoded);
    decodes.push_back(decoded);
  }
  return {.copy = median(copies), .encode = median(encodes), .decode = median(decodes)};
}

// What a step of a small tensor takes when it is launched as a whole. A graph writes to the same
// memory every time, so states must be in one place.
double graph_seconds(const CodecOptions& options, const DeviceGradients& gradients, DeviceArm& arm,
                     DeviceStream stream) {
  const cuda::Graph graph(stream, [&] {
    arm.encode(gradients.step(0), stream);
    arm.decode(stream);
  });
  Clock clock(stream);
  std::vector<double> seconds;
  for (std::size_t i = 0; i < options.warm_up + options.iterations; ++i) {
    const double one = clock.seconds([&] { graph.launch(stream); });
    if (i >= options.warm_up) seconds.push_back(one);
  }
  return median(seconds);
}

void measure(const CodecOptions& options, const CodecCase& codec, const Gradients<float>& host,
             const DeviceGradients& gradients, DeviceReport& report) {
  const cuda::Stream stream;
  cuda::DeviceBuffer<float> copy(codec.shape.elements());
  DeviceResult result{
      .compressor = codec.compressor, .feedback = codec.feedback, .count = codec.shape.elements()};
  {
    const auto arm = make_device_arm(codec, stream);
    result.seconds = take_turns(options, gradients, *arm, copy.span(), stream);
    result.payload_bytes = arm->payload(stream).size();
    if (codec.commit == Commit::inplace) {
      result.seconds.graph = graph_seconds(options, gradients, *arm, stream);
    }
  }
  if (options.checks > 0) result.check = check_on_device(codec, host, options.checks, stream);
  report.add(result);
}

}  // namespace

int measure_on_device(const CodecOptions& options) {
  if (cuda::devices() == 0) throw UsageError("--device: no GPU is found");
  if (options.type != ElementType::float32) throw UsageError("--device: --type is float");
  DeviceReport report(options);
  for (const Shape& shape : options.shapes) {
    const Gradients<float> host(options.data.front(), shape.elements(), options.seed, 0);
    const cuda::Stream stream;
    const DeviceGradients gradients(host, stream);
    for (const std::string& compressor : options.compressors) {
      for (const std::string& feedback : options.feedbacks) {
        const CodecCase codec{compressor,     feedback,     shape,
                              options.commit, options.seed, options.ranks};
        try {
          measure(options, codec, host, gradients, report);
        } catch (const UsageError& error) {
          report.comment(compressor + " with " + feedback + ": " + error.what());
        }
      }
    }
  }
  return report.finish();
}

}  // namespace pith::bench
