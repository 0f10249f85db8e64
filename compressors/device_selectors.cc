// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <pith/compressors/device_select.h>
#include <pith/compressors/threshold.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

class Largest final : public DeviceSelector {
 public:
  void select(const DeviceSource& x, const DeviceEntries& out, DeviceFault* fault,
              cuda::DeviceScratch& scratch, DeviceStream stream) override {
    largest_.find(x, out.room(), out, fault, scratch, stream);
  }

 private:
  DeviceLargest largest_;
};

class AtLeast final : public DeviceSelector {
 public:
  explicit AtLeast(std::uint32_t least) : least_(least) {}

  void select(const DeviceSource& x, const DeviceEntries& out, DeviceFault* fault,
              cuda::DeviceScratch& scratch, DeviceStream stream) override {
    collect(x, {least_}, nullptr, out, fault, scratch, stream);
  }

 private:
  std::uint32_t least_;
};

}  // namespace

std::unique_ptr<DeviceSelector> make_device_topk(const Spec& spec) {
  if (Arguments(spec).number("sample", 0, 0, 1) > 0) {
    throw UsageError(spec.text() + ": sample= has no device version");
  }
  return std::make_unique<Largest>();
}

std::unique_ptr<DeviceSelector> make_device_threshold(const Spec& spec) {
  const double value =
      Arguments(spec).required_number("value", 0, std::numeric_limits<double>::infinity());
  return std::make_unique<AtLeast>(least_kept<float>(value));
}

}  // namespace pith
