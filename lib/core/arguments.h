// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pith/core/spec.h>

namespace pith {

/// Reads a spec's arguments by key, with ranges and defaults. The spec must outlive it.
///
///   Arguments arguments(spec);
///   bits = arguments.integer("bits", 4, 1, 8);
///   arguments.finish();
///
/// Throws   UsageError that names the spec, the key, the value and what is allowed; the constructor
///          for a key that is given twice; finish() for a key that nobody asked for, with the
///          nearest known one.
class Arguments {
 public:
  explicit Arguments(const Spec& spec);

  /// A finite number in (low, high]. Defaults are taken as they are.
  double number(std::string_view key, double fallback, double low, double high);

  /// A real number in [low, high], if it is given.
  std::optional<double> optional_number(std::string_view key, double low, double high);

  /// As number(), without a default: throws if the key is missing.
  double required_number(std::string_view key, double low, double high);

  /// A whole number in [low, high].
  std::uint64_t integer(std::string_view key, std::uint64_t fallback, std::uint64_t low,
                        std::uint64_t high);

  /// One of `allowed`. The first positional argument not yet read also answers to `key`:
  /// cast(fp16).
  std::string word(std::string_view key, std::string_view fallback,
                   std::initializer_list<std::string_view> allowed);

  /// A nested spec; `fallback` is parsed.
  Spec spec(std::string_view key, std::string_view fallback);

  /// A nested spec, if it is given. The first positional argument not yet read also answers to
  /// `key`: table(layers.txt).
  std::optional<Spec> optional_spec(std::string_view key);

  void finish() const;

 private:
  const Spec* find(std::string_view key, bool positional = false);
  [[noreturn]] void fail(std::string_view key, const std::string& problem) const;

  const Spec& spec_;
  std::vector<std::string> known_;
  std::vector<bool> read_;
};

/// The candidate that is nearest to `name` by edit distance, the first of several, or empty if none
/// is near: more than a third of the longer one's letters differ. Upper and lower case are alike.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

/// "unknown compressor \"topq\": did you mean \"topk\"? Known: ..." as a UsageError's text.
std::string unknown_name(std::string_view kind, std::string_view name,
                         const std::vector<std::string>& candidates);

}  // namespace pith
