// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The language in which compressors, rules and schedules are written, everywhere the same:
//
//   spec      name | name(argument, ...)            topk(density=0.01,values=bf16)
//   argument  key=value | value                     a value is a spec; a number is a spec without
//                                                   arguments whose name is the number's text
//   pipeline  spec | spec | ...                     topk(density=0.01)|quantize(bits=4)
//   schedule  pipeline@steps,...,pipeline           topk(density=0.01)@58,topk(density=0.001)
namespace pith {

struct Argument;

/// One name with its arguments.
struct Spec {
  std::string name;
  std::vector<Argument> arguments;

  /// Canonical text: no blanks, arguments in the order they were written.
  std::string text() const;
  bool operator==(const Spec&) const;
};

struct Argument {
  std::string key;  ///< empty for a positional one
  Spec value;
  bool operator==(const Argument&) const;
};

/// Stages that a tensor passes in turn: the first selects or factors, the next codes what is left.
using Pipeline = std::vector<Spec>;

std::string text_of(const Pipeline& pipeline);

/// A pipeline and the step at which it begins.
struct ScheduledPipeline {
  std::uint64_t from = 0;
  Pipeline pipeline;
  bool operator==(const ScheduledPipeline&) const = default;
};

/// In order of their steps; the first begins at step 0.
using Schedule = std::vector<ScheduledPipeline>;

/// Each throws UsageError with the text, the position and what was expected there.
Spec parse_spec(std::string_view text);
Pipeline parse_pipeline(std::string_view text);
Schedule parse_schedule(std::string_view text);

/// Index of the entry that holds at `step`.
std::size_t entry_at(const Schedule& schedule, std::uint64_t step);

}  // namespace pith
