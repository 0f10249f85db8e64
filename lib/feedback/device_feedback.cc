// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <string>

#include <pith/core/arguments.h>
#include <pith/core/error.h>
#include <pith/feedback/device_feedback.h>
#include <pith/feedback/device_followed.h>
#include <pith/feedback/device_state.h>
#include <pith/feedback/residual_rate.h>

namespace pith {
namespace {

DeviceSource source_of(Composing composing, DeviceSpan<const float> gradient,
                       const StepContext& step) {
  DeviceSource x;
  x.composing = composing;
  x.size = gradient.size();
  x.gradient = gradient.data();
  x.gradient_scale = static_cast<float>(step.gradient_scale);
  x.state_scale = static_cast<float>(step.state_scale);
  return x;
}

/// None (none.h).
class DeviceNone final : public DeviceFeedback {
 public:
  DeviceSource begin(DeviceSpan<const float> gradient, const StepContext& step) override {
    return source_of(Composing::gradient, gradient, step);
  }
  void accept() override {}
  void absorb(DeviceSpan<const float> mean, DeviceSpan<float> estimate,
              DeviceStream stream) override {
    if (mean.data() != estimate.data()) cuda::copy(mean, estimate, stream);
  }
  std::vector<DeviceStateView> states() override { return {}; }
};

/// Ef14 (ef14.h).
class DeviceEf14 final : public DeviceFeedback {
 public:
  DeviceEf14(std::size_t n, Commit commit, bool rescale, double decay, DeviceStream stream)
      : residual_(n, commit, stream), rate_(rescale, decay) {}

  DeviceSource begin(DeviceSpan<const float> gradient, const StepContext& step) override {
    auto x = source_of(Composing::residual, gradient, step);
    x.state_scale = rate_.begin(step);
    x.own = residual_.current().data();
    x.next_own = residual_.next();
    return x;
  }
  void accept() override {
    residual_.accept();
    rate_.accept();
  }
  void absorb(DeviceSpan<const float> mean, DeviceSpan<float> estimate,
              DeviceStream stream) override {
    if (mean.data() != estimate.data()) cuda::copy(mean, estimate, stream);
  }
  std::vector<DeviceStateView> states() override { return {residual_.view("residual")}; }
  std::vector<StateView<float>> host_states() override { return {rate_.view()}; }

 private:
  DeviceState residual_;
  ResidualRate<float> rate_;
};

/// The rules that send differences: Ef21 (ef21.h), Ef21Sgdm (ef21_sgdm.h) with a momentum, EControl
/// (econtrol.h) with an error.
class DeviceDifferences : public DeviceFeedback {
 public:
  DeviceDifferences(std::size_t n, Commit commit, DeviceStream stream)
      : followed_(n, commit, stream) {}

  DeviceSource begin(DeviceSpan<const float> gradient, const StepContext& step) override {
    auto x = source_of(Composing::difference, gradient, step);
    followed_.write_to(x);
    return x;
  }
  void accept() override { followed_.accept(); }
  void absorb(DeviceSpan<const float> mean, DeviceSpan<float> estimate,
              DeviceStream stream) override {
    followed_.absorb(mean, estimate, stream);
  }
  std::vector<DeviceStateView> states() override { return followed_.states(); }

 private:
  DeviceFollowed followed_;
};

class DeviceWithOther : public DeviceDifferences {
 public:
  DeviceWithOther(Composing composing, const char* name, std::size_t n, Commit commit,
                  DeviceStream stream)
      : DeviceDifferences(n, commit, stream),
        composing_(composing),
        name_(name),
        other_(n, commit, stream) {}

  DeviceSource begin(DeviceSpan<const float> gradient, const StepContext& step) override {
    auto x = DeviceDifferences::begin(gradient, step);
    x.composing = composing_;
    x.eta = eta(step);
    x.other = other_.current().data();
    x.next_other = other_.next();
    return x;
  }
  void accept() override {
    DeviceDifferences::accept();
    other_.accept();
  }
  std::vector<DeviceStateView> states() override {
    auto all = DeviceDifferences::states();
    all.insert(all.begin(), other_.view(name_));
    return all;
  }

 private:
  virtual float eta(const StepContext& step) const = 0;

  Composing composing_;
  const char* name_;
  DeviceState other_;
};

class DeviceEf21Sgdm final : public DeviceWithOther {
 public:
  DeviceEf21Sgdm(std::size_t n, Commit commit, double eta, DeviceStream stream)
      : DeviceWithOther(Composing::momentum, "momentum", n, commit, stream),
        eta_(static_cast<float>(eta)) {}

 private:
  float eta(const StepContext& step) const override {
    return step.exact && step.step == 0 ? 1 : eta_;
  }

  float eta_;
};

class DeviceEControl final : public DeviceWithOther {
 public:
  DeviceEControl(std::size_t n, Commit commit, std::optional<double> eta, DeviceStream stream)
      : DeviceWithOther(Composing::control, "error", n, commit, stream), eta_(eta) {}

 private:
  // Without a promise the host measures what a step has kept, which takes a pass of its own.
  float eta(const StepContext& step) const override {
    const Guarantee& guarantee = step.guarantee;
    if (eta_) return static_cast<float>(*eta_);
    if (guarantee.contraction && guarantee.contraction_is_typical) {
      return static_cast<float>(*guarantee.contraction);
    }
    if (step.exact) return 0;
    throw UsageError(
        "econtrol: on a device it needs eta=, or a compressor such as topk whose "
        "contraction is its typical one");
  }

  std::optional<double> eta_;
};

using Made = std::unique_ptr<DeviceFeedback>;

Made make_none(Arguments&, std::size_t, Commit, DeviceStream) {
  return std::make_unique<DeviceNone>();
}

Made make_ef14(Arguments& arguments, std::size_t n, Commit commit, DeviceStream stream) {
  const bool rescale = arguments.word("rescale", "true", {"true", "false"}) == "true";
  const double decay = arguments.number("decay", 1, 0, 1);
  if (arguments.word("state", "full", {"full", "bf16", "8bit"}) != "full") {
    throw UsageError("ef14: on a device its state is full");
  }
  return std::make_unique<DeviceEf14>(n, commit, rescale, decay, stream);
}

Made make_ef21(Arguments&, std::size_t n, Commit commit, DeviceStream stream) {
  return std::make_unique<DeviceDifferences>(n, commit, stream);
}

Made make_ef21_sgdm(Arguments& arguments, std::size_t n, Commit commit, DeviceStream stream) {
  const double eta = arguments.number("eta", 0.1, 0, 1);
  return std::make_unique<DeviceEf21Sgdm>(n, commit, eta, stream);
}

Made make_econtrol(Arguments& arguments, std::size_t n, Commit commit, DeviceStream stream) {
  const auto eta = arguments.optional_number("eta", 0, 1);
  return std::make_unique<DeviceEControl>(n, commit, eta, stream);
}

struct Maker {
  std::string_view name;
  Made (*make)(Arguments&, std::size_t, Commit, DeviceStream);
};

constexpr Maker kMakers[] = {
    {"none", make_none},           {"ef14", make_ef14},         {"ef21", make_ef21},
    {"ef21_sgdm", make_ef21_sgdm}, {"econtrol", make_econtrol},
};

}  // namespace

std::unique_ptr<DeviceFeedback> make_device_feedback(const Spec& spec, std::size_t n, Commit commit,
                                                     DeviceStream stream) {
  const auto maker = std::ranges::find(kMakers, spec.name, &Maker::name);
  if (maker == std::end(kMakers)) {
    throw UsageError("feedback rule " + spec.text() +
                     " has no device version; none, ef14, ef21, ef21_sgdm and econtrol have");
  }
  Arguments arguments(spec);
  auto rule = maker->make(arguments, n, commit, stream);
  arguments.finish();
  return rule;
}

}  // namespace pith
