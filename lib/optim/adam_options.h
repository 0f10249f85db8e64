// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

#include <pith/reducer/options.h>

namespace pith {

/// What the optimizers of the Adam family are told; the same on all ranks, which the constructor
/// checks.
struct AdamOptions {
  double lr = 1e-3;                            ///< learning rate, until set_lr(); not negative
  std::array<double, 2> betas = {0.9, 0.999};  ///< of momentum and variance; in [0, 1)
  double eps = 1e-8;                           ///< above 0
  double weight_decay = 0;                     ///< decoupled; not negative
  /// What compressed steps send, over the sharded exchange.  PITH_COMPRESSOR
  std::string compressor = "onebit";
  /// What full-precision steps send: none, cast(fp16), cast(bf16).
  std::string full_precision = "none";
  /// Elements whose variance is zero have never had a gradient: all that compressed steps could
  /// bring them is noise, so their momentum stays zero.
  bool mask_zeros = true;
  NonFinite non_finite = NonFinite::skip;  ///< or fail
};

}  // namespace pith
