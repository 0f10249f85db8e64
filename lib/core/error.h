// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

namespace pith {

/// What every exception of this library is. The message names the function or the tensor, the value
/// and, where ranks are involved, the rank.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The call or its configuration is wrong. Nothing has changed; mend the call and go on.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// Bytes that came from a peer, or from a file, are not what they must be. Nothing was written.
class WireError : public Error {
 public:
  using Error::Error;
};

/// The communication itself failed. The communicator is dead: end the job (MPI_Abort under MPI).
class TransportError : public Error {
 public:
  using Error::Error;
};

/// CUDA refused a call: no device, no memory, or work that failed before. The message has the call
/// and CUDA's own text.
class DeviceError : public Error {
 public:
  using Error::Error;
};

}  // namespace pith
