// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <pith/feedback/feedback.h>

namespace pith {

class DeviceBackend;

/// What is compressed as one vector: each tensor for itself, the tensors of a bucket, or all of
/// them (one global top-k, biases inside: what the highest ratios need).
enum class CompressedUnit { tensor, bucket, model };

/// What happens to a step in which a rank pushed a NaN or an infinity, or the sum over the ranks
/// overflows. In every case no state changes on any rank. `skip`: gradients stay as they were
/// pushed and wait() says so. `propagate`: every gradient becomes NaN, for trainers that look for
/// it. `fail`: wait() throws on every rank. Where nothing was compressed or kept, gradients may
/// hold their means after `skip` and `fail` (docs/semantics.md, "plain step").
enum class NonFinite { skip, propagate, fail };

/// What the sum over the ranks is divided by.
enum class Divisor {
  ranks,         ///< all ranks: an absent one counts as a gradient of zero
  participants,  ///< the ranks that pushed a tensor; costs one small all-gather; not with rules
                 ///< that send differences (the EF21 family), whose mean is over all ranks
};

/// Where exchanges take place in a step that begin() has opened: on a thread of its own while the
/// trainer computes, or in wait().
enum class Progress { thread, none };

/// Which compressor and rule a tensor gets. Of several rules that match, the first one holds.
struct TensorRule {
  std::string pattern = "*";  ///< of the name; * is any text, ? any letter
  std::size_t min_elements = 0;
  std::size_t max_elements = std::numeric_limits<std::size_t>::max();
  std::size_t min_dimensions = 0;
  std::size_t max_dimensions = std::numeric_limits<std::size_t>::max();
  std::string compressor = {};  ///< empty: the reducer's
  std::string feedback = {};    ///< empty: the reducer's
  std::string exchange = {};    ///< empty: the reducer's
};

/// How a reducer treats its tensors; the same on all ranks, which the first step checks. The
/// environment variable named behind a field beats what the code says.
struct ReducerOptions {
  /// Spec, or schedule of specs: topk(density=0.01)@58,topk(density=0.001). auto(a,b,...): raw or
  /// one of these, whichever is measured to be fastest.  PITH_COMPRESSOR
  std::string compressor = "none";
  /// none, ef14, ef21, ef21_sgdm(eta=0.1), econtrol(eta=...) or another one of the table in
  /// docs/algorithms.md.  PITH_FEEDBACK
  std::string feedback = "ef14";
  /// natural (that of the compressor), raw, gather, sharded, sparse, linear; auto: raw or whichever
  /// exchange of the compressor is measured to be fastest (docs/exchanges.md).  PITH_EXCHANGE
  std::string exchange = "natural";
  CompressedUnit unit = CompressedUnit::tensor;
  /// With unit = tensor: tensors of fewer bytes, and all of one dimension, travel dense in one
  /// bucket.  PITH_MIN_BYTES
  std::size_t min_bytes = 4096;
  /// A bucket is closed when it would grow above this.  PITH_BUCKET_BYTES
  std::size_t bucket_bytes = 26'214'400;
  /// Everything is dense in the steps before.  PITH_START_STEP
  std::uint64_t start_step = 0;
  Commit commit = Commit::step;  ///< PITH_COMMIT: step or inplace
  NonFinite non_finite = NonFinite::skip;
  /// Each rank's gradients, all tensors together and without the loss scale, count with at most
  /// this norm; 0: not. Before feedback; the pushed buffers stay as they are.
  double clip = 0;
  /// Each rank's share of it counts instead, clip / sqrt(ranks), as Deep Gradient Compression has
  /// it: the norm of a sum of independent gradients grows like that.
  bool clip_by_ranks = false;
  Divisor divisor = Divisor::ranks;
  /// The node stage (docs/exchanges.md): ranks of a node sum their gradients before anything is
  /// compressed. none; shared: ranks with one memory are a node (Communicator::split_node); a
  /// number: so many ranks in a row; given: those with the same node_color.  PITH_NODE
  std::string node = "none";
  int node_color = 0;  ///< with node = given; each rank's own
  /// May differ from rank to rank: results do not depend on it.  PITH_PROGRESS: thread or none
  Progress progress = Progress::thread;
  /// Tell it if the optimizer applies momentum to the estimate: some rules warn then.
  double optimizer_momentum = 0;
  std::uint64_t seed = 0;  ///< of everything random.  PITH_SEED
  /// Raw and linear exchanges, which carry no header, compare signatures at their first use and
  /// every so many steps.  PITH_CHECK_EVERY
  std::uint64_t check_every = 100;
  /// Relative errors and norms are measured every so many steps, and in the steps behind if what
  /// they say is suspicious; 0: never.  PITH_STATS
  std::uint64_t statistics_every = 100;
  /// What a unit travels with from the next step on if a rank finds it in danger (docs/health.md),
  /// until its schedule brings another compressor: a spec of one compressor, legal with every rule
  /// and exchange that units have, as none or topk(density=0.01). Empty: nothing is done about it.
  /// Needs statistics_every.  PITH_FALLBACK
  std::string fallback = {};
  std::vector<TensorRule> rules = {};
  /// device_backend() (pith/reducer/device_backend.h), if tensors lie on devices (docs/devices.md).
  std::shared_ptr<const DeviceBackend> device = nullptr;
};

/// What the trainer says about one step; the same on all ranks.
struct StepOptions {
  double learning_rate = 0;  ///< lets ef14 rescale its residual when the rate changes; 0: unknown
  double loss_scale = 1;     ///< gradients were multiplied by it; states follow its changes

  bool operator==(const StepOptions&) const = default;
};

/// How a step ended.
struct StepResult {
  bool committed = true;    ///< false: skipped, every state as before; gradients: see NonFinite
  std::string reason = {};  ///< why not: tensor and rank
};

}  // namespace pith
