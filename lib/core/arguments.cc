// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

/// The spec's name as a number, all of it; nothing if it is not one.
template <class Number>
std::optional<Number> number_of(const Spec& spec) {
  const char* end = spec.name.data() + spec.name.size();
  Number number{};
  const auto [stop, error] = std::from_chars(spec.name.data(), end, number);
  if (error != std::errc() || stop != end || !spec.arguments.empty()) return {};
  return number;
}

std::string text_of(double number) {
  char text[32];
  const auto [end, error] = std::to_chars(std::begin(text), std::end(text), number);
  return std::string(text, end);
}

std::string range_text(double low, double high) {
  return (std::isfinite(low) ? "above " + text_of(low) + " and " : "") +
         (std::isfinite(high) ? "at most " + text_of(high) : "finite");
}

template <class Names>
std::string join(const Names& names) {
  std::string joined;
  for (const auto& name : names) joined.append(joined.empty() ? "" : ", ").append(name);
  return joined;
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

/// Insertions, deletions and replacements of one letter that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i]) != lower(b[j]));
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

}  // namespace

Arguments::Arguments(const Spec& spec) : spec_(spec), read_(spec.arguments.size()) {
  const auto& arguments = spec.arguments;
  for (auto i = arguments.begin(); i != arguments.end(); ++i) {
    const bool again = std::any_of(arguments.begin(), i, [&](const Argument& earlier) {
      return !i->key.empty() && earlier.key == i->key;
    });
    if (again) fail(i->key, "is given twice");
  }
}

double Arguments::number(std::string_view key, double fallback, double low, double high) {
  const Spec* value = find(key);
  if (value == nullptr) return fallback;
  const auto number = number_of<double>(*value);
  if (!number || !std::isfinite(*number) || *number <= low || *number > high) {
    fail(key, "must be " + range_text(low, high) + ", not " + value->text());
  }
  return *number;
}

std::optional<double> Arguments::optional_number(std::string_view key, double low, double high) {
  const Spec* value = find(key);
  if (value == nullptr) return {};
  const auto number = number_of<double>(*value);
  if (!number || !(*number >= low && *number <= high)) {
    fail(key, "must be from " + text_of(low) + " to " + text_of(high) + ", not " + value->text());
  }
  return number;
}

double Arguments::required_number(std::string_view key, double low, double high) {
  const double number = this->number(key, std::nan(""), low, high);
  if (std::isnan(number)) fail(key, "is missing; it must be " + range_text(low, high));
  return number;
}

std::uint64_t Arguments::integer(std::string_view key, std::uint64_t fallback, std::uint64_t low,
                                 std::uint64_t high) {
  const Spec* value = find(key);
  if (value == nullptr) return fallback;
  const auto number = number_of<std::uint64_t>(*value);
  if (!number || *number < low || *number > high) {
    fail(key, "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high) +
                  ", not " + value->text());
  }
  return *number;
}

std::string Arguments::word(std::string_view key, std::string_view fallback,
                            std::initializer_list<std::string_view> allowed) {
  const Spec* value = find(key, true);
  if (value == nullptr) return std::string(fallback);
  if (!value->arguments.empty() || !std::ranges::count(allowed, value->name)) {
    fail(key, "must be one of " + join(allowed) + ", not " + value->text());
  }
  return value->name;
}

Spec Arguments::spec(std::string_view key, std::string_view fallback) {
  const Spec* value = find(key);
  return value == nullptr ? parse_spec(fallback) : *value;
}

std::optional<Spec> Arguments::optional_spec(std::string_view key) {
  const Spec* value = find(key, true);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

void Arguments::finish() const {
  const auto unread = std::ranges::find(read_, false);
  if (unread == read_.end()) return;
  const Argument& argument = spec_.arguments[static_cast<std::size_t>(unread - read_.begin())];
  const std::string name = argument.key.empty() ? argument.value.text() : argument.key;
  throw UsageError(spec_.text() + ": " + unknown_name("argument", name, known_));
}

const Spec* Arguments::find(std::string_view key, bool positional) {
  known_.emplace_back(key);
  const std::vector<Argument>& written = spec_.arguments;
  std::size_t found = 0;
  while (found < written.size() && written[found].key != key) ++found;
  if (found == written.size() && positional) {
    found = 0;
    while (found < written.size() && (read_[found] || !written[found].key.empty())) ++found;
  }
  if (found == written.size()) return nullptr;
  read_[found] = true;
  return &written[found].value;
}

void Arguments::fail(std::string_view key, const std::string& problem) const {
  throw UsageError(spec_.text() + ": " + std::string(key) + " " + problem);
}

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < fewest && 3 * distance <= std::max(name.size(), candidate.size())) {
      fewest = distance;
      best = candidate;
    }
  }
  return best;
}

std::string unknown_name(std::string_view kind, std::string_view name,
                         const std::vector<std::string>& candidates) {
  const std::string meant = nearest(name, candidates);
  std::string text = "unknown " + std::string(kind) + " \"" + std::string(name) + "\"";
  if (candidates.empty()) return text + ": there is none";
  text += meant.empty() ? "." : ": did you mean \"" + meant + "\"?";
  return text + " Known: " + join(candidates);
}

}  // namespace pith
