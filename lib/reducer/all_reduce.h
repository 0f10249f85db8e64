// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include <pith/comm/communicator.h>

namespace pith {

/// For a flat buffer, one line: replaces x by the mean over the ranks of what `compressor` sends of
/// it under `feedback`. State is kept with the communicator under `name`; a name always goes with
/// the same size, compressor and rule.
///
///   pith::all_reduce_mean(world, "grad", gradient, "onebit");
///
/// Returns  false if a rank's x held a NaN or an infinity, or the sum does: the state is as before,
///          and so is x, or, if nothing is compressed, the mean on all ranks.
/// Throws   as Reducer.
bool all_reduce_mean(Communicator& communicator, std::string_view name, std::span<float> x,
                     std::string_view compressor, std::string_view feedback = "ef14");
bool all_reduce_mean(Communicator& communicator, std::string_view name, std::span<double> x,
                     std::string_view compressor, std::string_view feedback = "ef14");

/// The same with the sum: the mean times the number of ranks.
bool all_reduce_sum(Communicator& communicator, std::string_view name, std::span<float> x,
                    std::string_view compressor, std::string_view feedback = "ef14");
bool all_reduce_sum(Communicator& communicator, std::string_view name, std::span<double> x,
                    std::string_view compressor, std::string_view feedback = "ef14");

}  // namespace pith
