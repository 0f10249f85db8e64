// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <limits>

#include <pith/adaptive/error_estimator.h>
#include <pith/compressors/registry.h>
#include <pith/core/arguments.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

constexpr std::size_t kLeastRun = 4096;
constexpr double kHead = 40;  // bytes of a message that do not grow with it: heads and padding

// Elements that are coded on their own, whatever the others are; 0: all depend on all.
std::uint64_t independent_block(const Pipeline& pipeline) {
  if (pipeline.size() > 1) return 0;
  constexpr auto kAny = std::numeric_limits<std::uint64_t>::max();
  const Spec& spec = pipeline.front();
  Arguments arguments(spec);
  if (spec.name == "levels") return arguments.integer("block", 256, 1, kAny);
  if (spec.name == "quantize") return arguments.integer("bucket", 512, 1, kAny);
  if (spec.name == "blocktopk") return arguments.integer("block", 4096, 1, kAny);
  if (spec.name == "dct_topk") return arguments.integer("chunk", 64, 1, kAny);
  return 0;
}

// Encodes and decodes what it is given.
template <Element T>
class MeasuredErrors : public ErrorEstimator<T> {
 public:
  explicit MeasuredErrors(const PlacedPipeline& candidate) : place_(candidate.place) {
    const std::uint64_t block = independent_block(candidate.pipeline);
    if (block > 0) block_ = (kLeastRun + block - 1) / block * block;
  }

  std::size_t block() const override { return block_; }
  void begin(const Look& look, Scratch& scratch) override {
    key_ = look.key;
    scratch_ = &scratch;
    runs_ = error_ = bytes_ = 0;
  }
  void add(std::span<const T> x, std::size_t first) override {
    const Scratch::Frame frame(*scratch_);
    RandomKey key = key_;
    key.seed += first;
    const auto rest = scratch_->copy(x);
    bytes_ += static_cast<double>(code(x, key, rest, *scratch_));
    error_ += squared_norm<T>(rest);
    runs_ += 1;
  }
  void end(const Seen& seen, std::span<Estimate> all) override {
    const double heads = kHead * std::max(0.0, seen.scale * runs_ - 1);
    all[place_] = {seen.scale * error_, std::max(0.0, seen.scale * bytes_ - heads)};
  }

 private:
  // Takes what is decoded from `rest`; bytes sent.
  virtual std::size_t code(std::span<const T> x, const RandomKey& key, std::span<T> rest,
                           Scratch& scratch) = 0;

  std::size_t place_;
  std::size_t block_ = kWholeTensor;
  RandomKey key_;
  Scratch* scratch_ = nullptr;
  double runs_ = 0;
  double error_ = 0;
  double bytes_ = 0;
};

template <Element T>
class MeasuredMessage final : public MeasuredErrors<T> {
 public:
  MeasuredMessage(const PlacedPipeline& candidate, const Shape& shape)
      : MeasuredErrors<T>(candidate), compressor_(make_message<T>(candidate.pipeline, shape)) {}

 private:
  std::size_t code(std::span<const T> x, const RandomKey& key, std::span<T> rest,
                   Scratch& scratch) override {
    if (x.empty()) return 0;
    const std::size_t cuts[]{0, x.size()};
    std::size_t size = 0;
    const auto bytes = scratch.take<std::byte>(compressor_->max_wire_bytes(x.size(), 1));
    compressor_->encode(x, cuts, key, {bytes, {&size, 1}}, scratch);
    compressor_->decode_axpy(-1, {bytes.first(size), 0}, rest, scratch);
    return size;
  }

  std::unique_ptr<MessageCompressor<T>> compressor_;
};

template <Element T>
class MeasuredLinear final : public MeasuredErrors<T> {
 public:
  MeasuredLinear(const PlacedPipeline& candidate, const Shape& shape)
      : MeasuredErrors<T>(candidate), compressor_(make_linear<T>(candidate.pipeline, shape)) {}

 private:
  std::size_t code(std::span<const T> x, const RandomKey& key, std::span<T> rest,
                   Scratch& scratch) override {
    std::size_t elements = 0;
    for (int round = 0; round < compressor_->rounds(); ++round) {
      const auto factor = scratch.take<T>(compressor_->factor_elements(round));
      compressor_->factor(round, x, key, factor, scratch);
      elements += factor.size();
    }
    compressor_->own().axpy(-1, 0, rest);
    compressor_->accept();
    return elements * size_of(compressor_->factor_type());
  }

  std::unique_ptr<LinearCompressor<T>> compressor_;
};

}  // namespace

template <Element T>
void add_measured_errors(std::vector<PlacedPipeline>& left, const Shape& shape,
                         Estimators<T>& out) {
  for (const PlacedPipeline& one : left) {
    if (compressor(one.pipeline.front().name).message) {
      out.push_back(std::make_unique<MeasuredMessage<T>>(one, shape));
    } else {
      out.push_back(std::make_unique<MeasuredLinear<T>>(one, shape));
    }
  }
  left.clear();
}

template void add_measured_errors<float>(std::vector<PlacedPipeline>&, const Shape&,
                                         Estimators<float>&);
template void add_measured_errors<double>(std::vector<PlacedPipeline>&, const Shape&,
                                          Estimators<double>&);

}  // namespace pith
