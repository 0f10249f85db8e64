// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/message.h>
#include <pith/core/spec.h>

namespace pith {

/// identity: the elements as they are.
///
/// Wire     T value[n], zero padding.
/// Error    none: contraction 1, variance 0.
/// Cost     one copy; decoding reads the message twice.
/// Throws   open: WireError for a wrong length, padding, or a value that is not finite.
template <Element T>
std::unique_ptr<MessageCompressor<T>> make_identity(const Spec& spec);

}  // namespace pith
