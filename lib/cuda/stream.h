// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include <pith/core/device_span.h>

struct CUevent_st;

namespace pith::cuda {

/// Devices that can be used here; 0 without a driver.
int devices();
/// The one that this thread uses.
int current_device();
void use_device(int device);

/// "NVIDIA H200, 132 multiprocessors, CUDA 13.0": the current one.
std::string device_text();

/// A stream of the current device that waits for no other.
class Stream {
 public:
  Stream();
  DeviceStream get() const { return stream_.get(); }
  operator DeviceStream() const { return get(); }

 private:
  struct Destroy {
    void operator()(DeviceStream stream) const;
  };
  std::unique_ptr<CUstream_st, Destroy> stream_;
};

/// A point in a stream's work, for other streams and for the host to wait for.
class Event {
 public:
  enum class Timing : bool { off, on };
  explicit Event(Timing timing = Timing::off);

  /// The point where the stream's work is now.
  void record(DeviceStream stream);
  /// What is put into `stream` from now on runs behind the point.
  void hold_back(DeviceStream stream) const;
  /// The host waits.
  void wait() const;
  /// Both with timing, both reached.
  double milliseconds_since(const Event& start) const;

 private:
  struct Destroy {
    void operator()(CUevent_st* event) const;
  };
  std::unique_ptr<CUevent_st, Destroy> event_;
};

/// The host waits for all that is in the stream.
void synchronize(DeviceStream stream);

/// Whether all that is in the stream is done; nobody waits. Throws DeviceError if it has failed.
bool is_done(DeviceStream stream);

/// Throws UsageError, beginning with `what` if that is not empty, unless `memory` lies on the
/// current device and the stream is one of that device's. Null for an empty span is fine.
void check_on_device(std::string_view what, const void* memory, DeviceStream stream);

template <class V>
void check_on_device(std::string_view what, DeviceSpan<V> span, DeviceStream stream) {
  if (!span.empty()) check_on_device(what, static_cast<const void*>(span.data()), stream);
}

}  // namespace pith::cuda
