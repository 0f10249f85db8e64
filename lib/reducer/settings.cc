// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <sstream>

#include <fnmatch.h>

#include <pith/compressors/registry.h>
#include <pith/core/environment.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/core/threads.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/adaptive_spec.h>
#include <pith/reducer/choice.h>
#include <pith/reducer/nodes.h>
#include <pith/reducer/settings.h>

namespace pith {
namespace {

void apply(std::string& value, const char* name) {
  if (const auto found = environment(name)) value = *found;
}

template <class Number>
void apply(Number& value, const char* name, std::uint64_t low = 0) {
  constexpr auto kHigh = std::numeric_limits<std::uint64_t>::max();
  if (const auto found = environment_integer(name, low, kHigh)) value = *found;
}

// One of two words.
template <class Enum>
void apply(Enum& value, const char* name, std::pair<std::string_view, Enum> first,
           std::pair<std::string_view, Enum> second) {
  const auto found = environment(name);
  if (!found) return;
  if (*found != first.first && *found != second.first) {
    throw UsageError(std::string(name) + "=" + *found + ": must be " + std::string(first.first) +
                     " or " + std::string(second.first));
  }
  value = *found == first.first ? first.second : second.second;
}

void apply_environment(ReducerOptions& options) {
  for (const std::string& line : unknown_environment()) log(LogLevel::warn, "CONFIG", line);
  apply(options.compressor, "PITH_COMPRESSOR");
  apply(options.feedback, "PITH_FEEDBACK");
  apply(options.exchange, "PITH_EXCHANGE");
  apply(options.node, "PITH_NODE");
  apply(options.fallback, "PITH_FALLBACK");
  apply(options.min_bytes, "PITH_MIN_BYTES");
  apply(options.bucket_bytes, "PITH_BUCKET_BYTES", 1);
  apply(options.start_step, "PITH_START_STEP");
  apply(options.seed, "PITH_SEED");
  apply(options.check_every, "PITH_CHECK_EVERY", 1);
  apply(options.statistics_every, "PITH_STATS");
  apply<Commit>(options.commit, "PITH_COMMIT", {"step", Commit::step},
                {"inplace", Commit::inplace});
  apply<Progress>(options.progress, "PITH_PROGRESS", {"thread", Progress::thread},
                  {"none", Progress::none});
  threads();  // throws for a PITH_THREADS that is none, before any communication
}

// Compressors and rules check their own arguments: so each is made once and thrown away.
void check(const Choice& choice) {
  const Shape shape{64, 64};
  if (choice.kind == CompressorKind::message) make_message<float>(choice.pipeline, shape);
  if (choice.kind == CompressorKind::linear) make_linear<float>(choice.pipeline, shape);
}

void check(const Treatment& treatment) {
  make_feedback<float>(treatment.feedback, 1, Commit::step);
  for (const ScheduledPipeline& entry : treatment.compressor) {
    for (const Choice& choice : choices(entry.pipeline, treatment)) check(choice);
  }
}

void read_fallback(const std::string& fallback, Treatment& treatment) {
  try {
    treatment.fallback = parse_pipeline(fallback);
    check(choose(*treatment.fallback, treatment));
  } catch (const UsageError& error) {
    throw UsageError("fallback=" + fallback + ": " + error.what());
  }
}

const std::string& either(const std::string& first, const std::string& second) {
  return first.empty() ? second : first;
}

bool matches(const TensorRule& rule, const std::string& name, std::size_t elements,
             std::size_t dimensions) {
  return fnmatch(rule.pattern.c_str(), name.c_str(), 0) == 0 && elements >= rule.min_elements &&
         elements <= rule.max_elements && dimensions >= rule.min_dimensions &&
         dimensions <= rule.max_dimensions;
}

void check_numbers(const ReducerOptions& options) {
  if (!(options.clip >= 0)) throw UsageError("clip must not be negative");
  if (options.clip_by_ranks && options.clip == 0) throw UsageError("clip_by_ranks needs clip");
  if (!(options.optimizer_momentum >= 0 && options.optimizer_momentum < 1)) {
    throw UsageError("optimizer_momentum must be in [0, 1), not " +
                     std::to_string(options.optimizer_momentum));
  }
  if (options.bucket_bytes == 0) throw UsageError("bucket_bytes must not be 0");
  if (options.check_every == 0) throw UsageError("check_every must not be 0");
  if (!options.fallback.empty() && options.statistics_every == 0) {
    throw UsageError("fallback=" + options.fallback + ": needs statistics_every, which is 0");
  }
  check_node(options);
}

}  // namespace

Treatment parse_treatment(const std::string& compressor, const std::string& feedback,
                          const std::string& exchange, const std::string& fallback) {
  Treatment treatment{parse_schedule(compressor), parse_spec(feedback), std::nullopt};
  for (ScheduledPipeline& entry : treatment.compressor) {
    if (is_adaptive(entry.pipeline)) entry.pipeline = with_candidates(entry.pipeline);
  }
  treatment.any_exchange = exchange == "auto";
  if (exchange != "auto" && exchange != "natural") treatment.exchange = exchange_named(exchange);
  check(treatment);
  if (!fallback.empty()) read_fallback(fallback, treatment);
  return treatment;
}

const TensorRule* Settings::rule_for(const std::string& name, std::size_t elements,
                                     std::size_t dimensions) const {
  for (const TensorRule& rule : options.rules) {
    if (matches(rule, name, elements, dimensions)) return &rule;
  }
  return nullptr;
}

std::string Settings::text() const {
  std::ostringstream out;
  out << "compressor=" << options.compressor << "\nfeedback=" << options.feedback
      << "\nexchange=" << options.exchange << "\nunit=" << static_cast<int>(options.unit)
      << "\nmin_bytes=" << options.min_bytes << "\nbucket_bytes=" << options.bucket_bytes
      << "\nstart_step=" << options.start_step << "\ncommit=" << static_cast<int>(options.commit)
      << "\nnon_finite=" << static_cast<int>(options.non_finite) << "\nclip=" << options.clip
      << "\nclip_by_ranks=" << options.clip_by_ranks
      << "\ndivisor=" << static_cast<int>(options.divisor) << "\nseed=" << options.seed
      << "\ncheck_every=" << options.check_every << "\nnode=" << options.node << '\n';
  if (!options.fallback.empty()) {
    out << "fallback=" << options.fallback << "\nstatistics_every=" << options.statistics_every
        << '\n';
  }
  for (const TensorRule& rule : options.rules) {
    out << "rule " << rule.pattern << ' ' << rule.min_elements << ' ' << rule.max_elements << ' '
        << rule.min_dimensions << ' ' << rule.max_dimensions << ' ' << rule.compressor << ' '
        << rule.feedback << ' ' << rule.exchange << '\n';
  }
  return out.str();
}

Settings resolve(ReducerOptions options) {
  apply_environment(options);
  check_numbers(options);
  Settings settings;
  settings.treatment =
      parse_treatment(options.compressor, options.feedback, options.exchange, options.fallback);
  for (const TensorRule& rule : options.rules) {
    settings.rules.push_back(parse_treatment(
        either(rule.compressor, options.compressor), either(rule.feedback, options.feedback),
        either(rule.exchange, options.exchange), options.fallback));
  }
  settings.options = std::move(options);
  return settings;
}

}  // namespace pith
