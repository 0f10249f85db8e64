// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <vector>

#include <pith/comm/device_communicator.h>

namespace pith::test {

/// One promise of every DeviceCommunicator. `holds` is called on all ranks at once and checks it
/// with GoogleTest expectations; means are of small integers and divisors powers of two, so that
/// every order of rounding gives the same.
struct DevicePromise {
  const char* name;
  void (*holds)(DeviceCommunicator& communicator);
};

std::ostream& operator<<(std::ostream& out, const DevicePromise& promise);

/// All promises; a back end's test instantiates itself over them.
std::vector<DevicePromise> device_communicator_contract();

}  // namespace pith::test
