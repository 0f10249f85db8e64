// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <system_error>

#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/reducer/impl.h>

namespace pith {

void Reducer::Impl::begin(const StepOptions& step) {
  if (begun_) return fail("begin: the step has begun already");
  start();
  const std::string why_not = why_not_overlapped();
  if (!why_not.empty()) {
    log(LogLevel::info, "PROGRESS", "exchanges take place in wait(): " + why_not);
    begun_ = step;
    return;
  }
  open(step, true);
  begun_ = step;
  overlap();
}

// What a bucket's exchange would have to know of gradients that are not there yet, or cannot do.
std::string Reducer::Impl::why_not_overlapped() const {
  const ReducerOptions& options = settings_.options;
  if (options.progress == Progress::none) return "progress is none";
  if (!communicator_.concurrent()) return "the communicator is for one thread";
  if (options.clip != 0) return "clip needs the norm of all gradients";
  if (options.commit == Commit::inplace) return "commit=inplace looks at all gradients first";
  if (options.divisor == Divisor::participants) return "the divisor counts who pushes";
  return {};
}

void Reducer::Impl::overlap() {
  try {
    if (!overlap_) {
      overlap_.emplace([this](std::size_t bucket) {
        if (has_device_tensors()) settings_.options.device->use_device();
        collect_faults();
        // Gradients that are not there yet are not known to be fine.
        if (bucket == 0 && may_go_in_place()) {
          agree_in_place(communicator_, false, digest_of(*begun_));
        }
        stage(bucket);
        exchange(bucket);
      });
    }
  } catch (const std::system_error& error) {
    log(LogLevel::warn, "PROGRESS", std::string("no thread to be had: ") + error.what());
    return;
  }
  overlapped_ = true;
  overlap_->begin(missing_.size());
  std::ranges::fill(missing_, 0);
  for (const std::size_t bucket : bucket_of_) ++missing_[bucket];
  for (std::size_t t = 0; t < given_.size(); ++t) {
    if (given_[t].how != Given::How::nothing) count_given(t);
  }
}

void Reducer::Impl::count_given(std::size_t tensor) {
  const std::size_t bucket = bucket_of_[tensor];
  if (--missing_[bucket] == 0) overlap_->ready(bucket);
}

// States are in the hands of another thread, or about to be.
void Reducer::Impl::expect_no_step(const char* call) const {
  if (begun_) throw UsageError(std::string(call) + ": a step has begun; first wait()");
}

}  // namespace pith
