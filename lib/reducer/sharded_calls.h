// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/core/state.h>

// For trainers that shard what they hold (ZeRO, FSDP). Shard r of n elements over p ranks is
// [n r/p, n (r+1)/p), see block_start(); it may be empty.
//
//   reduce_scatter_mean(world, "gradient", gradient, my_gradient, "topk(density=0.01)");
//   optimizer.step(my_parameters, my_gradient);
//   all_gather(world, "parameters", my_parameters, parameters, "none@1,quantize(bits=8)");
//
// State is kept with the communicator under the name, for each call and element type apart. A name
// always goes with the same size, compressor and rule; a compressor may be a schedule, counted in
// calls that returned true. Every rank makes the same calls.
//
// Returns  false if a rank's values held a NaN or an infinity, or the mean does: what was to be
//          written and every state are as before, on all ranks.
// Throws   UsageError on every rank, with the ranks' reasons: sizes, specs or names that are wrong,
//          differ between the ranks or differ from the first call; a linear compressor, whose
//          factors are averages of whole tensors, no shards; what Reducer refuses. WireError on
//          every rank: a damaged message. Both leave every state as it was. TransportError: end
//          the job.
namespace pith {

/// Every rank receives its shard of the mean over the ranks of what they send of x.
///
///   mine[i] = estimate_i(mean over ranks of C(u))       u as the rule composes it from x
///
/// Messages are summed in rank order: each shard has the bits that one place would give.
///
/// Shapes   x: n elements; mine: this rank's shard.
/// Rules    all. A rank keeps the private states of all n elements, so that decode + residual is
///          what it composed; of the mean that the EF21 family follows, the shard alone.
/// Wire     per rank: (p-1) 16 + the messages to the p-1 others, about (p-1)/p of a whole message;
///          `none`: the plain reduce-scatter, (p-1)/p * b, in the back end's order of summation.
///          Both: (p-1) 8 to begin, (p-1) 16 to agree; the first call (p-1) 16 more.
/// Memory   the rule's private vectors of n elements (docs/algorithms.md) and its replicated ones
///          of n/p; n elements of scratch, messages. A call allocates nothing once buffers are as
///          large as they get.
///
/// `learning_rate` lets ef14 rescale its residual, see StepOptions. PITH_COMPRESSOR, PITH_FEEDBACK
/// and PITH_SEED beat the code.
bool reduce_scatter_mean(Communicator& communicator, std::string_view name,
                         std::span<const float> x, std::span<float> mine,
                         std::string_view compressor, std::string_view feedback = "ef14",
                         double learning_rate = 0);
bool reduce_scatter_mean(Communicator& communicator, std::string_view name,
                         std::span<const double> x, std::span<double> mine,
                         std::string_view compressor, std::string_view feedback = "ef14",
                         double learning_rate = 0);

/// Every rank, the sender included, receives what all ranks send of their shards: the same bits.
///
///   ef21      all' = all + C(mine - all)      only differences travel; exact in the limit
///   ef14      all' = C(mine + e)              what is lost now comes later
///
/// where C works on each shard for itself. For parameters take ef21, and send them whole once, as
/// by none@1 before the compressor.
///
/// Shapes   mine: this rank's shard, which may be its place in `all`; all: n elements.
/// Rules    none, ef14, ef21, econtrol, d_ec: those that give what is sent itself; others would
///          give its momentum, or less. d_ec sends two messages.
/// Wire     per rank: (p-1) (16 + m), m = bytes of its message (docs/wire_format.md); `none`: the
///          plain all-gather, (p-1) bytes of the shard. Both: (p-1) 8 to begin, (p-1) 16 to agree;
///          the first call (p-1) 16 more.
/// Memory   the rule's private vectors of n/p elements, its replicated ones of n; n elements of
///          scratch, messages. A call allocates nothing once buffers are as large as they get.
///
/// The environment's compressor and rule are meant for gradients and do not hold here; PITH_SEED
/// does.
bool all_gather(Communicator& communicator, std::string_view name, std::span<const float> mine,
                std::span<float> all, std::string_view compressor,
                std::string_view feedback = "ef21");
bool all_gather(Communicator& communicator, std::string_view name, std::span<const double> mine,
                std::span<double> all, std::string_view compressor,
                std::string_view feedback = "ef21");

/// What is kept under a name, named "name/state", for checkpoints; nothing before the first call.
/// Elements count in the whole tensor; states of a shard are its owner's.
template <Element T>
std::vector<StateView<T>> reduce_scatter_states(Communicator& communicator, std::string_view name);
template <Element T>
std::vector<StateView<T>> all_gather_states(Communicator& communicator, std::string_view name);

}  // namespace pith
