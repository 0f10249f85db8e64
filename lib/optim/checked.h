// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <pith/comm/communicator.h>
#include <pith/reducer/agreement.h>
#include <pith/reducer/registration.h>

namespace pith {

/// The communicator itself, for members that are made of it, after every rank has told its
/// `mistake`, if its options have one, and its options as text. Collective.
///
/// Throws   UsageError on every rank if one has a mistake, or if the texts differ.
inline Communicator& checked(Communicator& communicator, const std::string& mistake,
                             const std::string& options) {
  share_error(communicator, mistake);
  compare_texts(communicator, "the ranks' options differ", options);
  return communicator;
}

}  // namespace pith
