// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/reducer/cuda_tensor.h>

// A step of zeros that reaches no other rank, by the calls that a true one makes: what it takes of
// memory is kept, and is all that a true one takes.
namespace pith {
namespace {

/// As if all ranks sent what this one sends. Knows the largest call.
class OneForAll final : public DeviceCommunicator {
 public:
  OneForAll(int rank, int size) : rank_(rank), size_(size) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  bool is_capturable() const override { return true; }
  void wait(DeviceStream stream) override { cuda::synchronize(stream); }

  std::size_t most_out() const { return most_out_; }
  std::size_t most_in() const { return most_in_; }

 private:
  void note(std::size_t out, std::size_t in) {
    most_out_ = std::max(most_out_, out);
    most_in_ = std::max(most_in_, in);
  }

  void repeat(DeviceSpan<const std::byte> one, DeviceSpan<std::byte> all, DeviceStream stream) {
    for (std::size_t first = 0; first < all.size(); first += one.size()) {
      const auto place = all.subspan(first, one.size());
      if (place.data() != one.data()) cuda::copy(one, place, stream);
    }
  }

  void do_all_reduce(DeviceSpan<float> x, DeviceStream) override { note(x.size_bytes(), 0); }
  void do_all_reduce_mean(DeviceSpan<std::byte> x, ElementType, float, DeviceStream) override {
    note(x.size(), 0);
  }
  void do_reduce_scatter(DeviceSpan<const float> x, DeviceSpan<float> out,
                         DeviceStream stream) override {
    note(x.size_bytes(), out.size_bytes());
    cuda::copy(x.first(out.size()), out, stream);
  }
  void do_all_gather(DeviceSpan<const std::byte> mine, DeviceSpan<std::byte> all,
                     DeviceStream stream) override {
    note(mine.size(), all.size());
    repeat(mine, all, stream);
  }
  void do_all_to_all(DeviceSpan<const std::byte> out, DeviceSpan<std::byte> in,
                     DeviceStream stream) override {
    note(out.size(), in.size());
    const std::size_t block = out.size() / static_cast<std::size_t>(size_);
    repeat(out.subspan(static_cast<std::size_t>(rank_) * block, block), in, stream);
  }
  void do_broadcast(DeviceSpan<std::byte> x, int, DeviceStream) override { note(x.size(), 0); }

  int rank_;
  int size_;
  std::size_t most_out_ = 0;
  std::size_t most_in_ = 0;
};

}  // namespace

// A gradient that is clipped may be composed in memory of its own.
void CudaTensor::rehearse(std::size_t ranks) {
  scratch_ = {};
  observed_ = false;
  for (const bool present : {true, false}) {
    gradient_ = mean_.span();
    cuda::clear(mean_.span(), stream_);
    cuda::clear(findings_.span(), stream_);
    StepContext step;
    step.gradient_scale = 0.5;
    step.exact = !message_ && !linear_;
    if (message_) step.guarantee = message_->guarantee(elements_);
    if (linear_) step.guarantee = linear_->guarantee();
    begin_norm();
    if (communicator_) {
      rehearse_between_devices(step, present);
    } else if (linear_) {
      rehearse_factors(step, present);
    } else if (message_ && present) {
      rehearse_message(step, ranks);
    }
    if (node_) node_->reserve(scratch_);
    cuda::synchronize(stream_);
    scratch_.settle();
  }
}

void CudaTensor::rehearse_between_devices(const StepContext& step, bool present) {
  OneForAll communicator(communicator_->rank(), communicator_->size());
  compose(step, present);
  exchange_by(step, {}, {communicator, scratch_, stream_, 1, fault()});
  communicator_->reserve(communicator.most_out(), communicator.most_in());
}

// Encoded as its exchange cuts it, and decoded as often as there are messages.
void CudaTensor::rehearse_message(const StepContext& step, std::size_t ranks) {
  const bool whole = choice_.exchange == Exchange::gather;
  std::vector<std::size_t> cuts;
  const std::size_t count = whole ? 1 : ranks;
  for (std::size_t s = 0; s <= count; ++s) cuts.push_back(block_start(elements_, count, s));
  const std::size_t place = message_->place_bytes(cuts);
  if (count * place <= most_at_once()) incoming_.reserve(whole ? ranks : count, place);
  encode(step, cuts, {});
  std::vector<std::span<const std::byte>> mine(count);
  collect(mine);
  incoming_.clear();
  if (whole) {
    return decode(std::vector(ranks, mine.front()), {0, elements_}, 0, static_cast<float>(ranks));
  }
  for (std::size_t s = 0; s < count; ++s) {
    decode(std::span(mine).subspan(s, 1), {cuts[s], cuts[s + 1]}, cuts[s], 1);
  }
}

void CudaTensor::rehearse_factors(const StepContext& step, bool present) {
  for (int round = 0; round < linear_->rounds(); ++round) {
    std::vector<float> out(linear_->factor_elements(round));
    factor(round, step, {}, present);
    collect_factor(round, out);
    take_average(round, out);
  }
  reconstruct();
}

}  // namespace pith
