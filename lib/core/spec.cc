// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/fusion/include/adapt_struct.hpp>
#include <boost/spirit/home/x3.hpp>

#include <pith/core/error.h>
#include <pith/core/spec.h>

namespace x3 = boost::spirit::x3;

namespace pith {
namespace {

struct LaterEntry {
  std::uint64_t steps_before = 0;
  Pipeline pipeline;
};

struct Entries {
  Pipeline first;
  std::vector<LaterEntry> later;
};

}  // namespace
}  // namespace pith

BOOST_FUSION_ADAPT_STRUCT(pith::Spec, name, arguments)
BOOST_FUSION_ADAPT_STRUCT(pith::Argument, key, value)
BOOST_FUSION_ADAPT_STRUCT(pith::LaterEntry, steps_before, pipeline)
BOOST_FUSION_ADAPT_STRUCT(pith::Entries, first, later)

namespace pith {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::ptrdiff_t kDeepest = 32;

// The rules' names are what error messages say was expected.
namespace grammar {

const x3::rule<class WordId, std::string> word = "a name";
const x3::rule<class ValueId, Spec> value = "a value";
const x3::rule<class ArgumentId, Argument> argument = "an argument";
const x3::rule<class CloseId> close = "',' or ')'";
const x3::rule<class ArgumentsId, std::vector<Argument>> arguments = "arguments";
const x3::rule<class SpecId, Spec> spec = "a name";
const x3::rule<class PipelineId, Pipeline> pipeline = "a name";
const x3::rule<class StepsId, std::uint64_t> steps = "a number of steps above 0";
const x3::rule<class NextId> next = "',' and what follows these steps";
const x3::rule<class LaterId, LaterEntry> later = "a later entry";
const x3::rule<class LatersId, std::vector<LaterEntry>> laters = "later entries";
const x3::rule<class EntriesId, Entries> entries = "a name";

const auto set_if_positive = [](auto& context) {
  x3::_val(context) = x3::_attr(context);
  x3::_pass(context) = x3::_attr(context) > 0;
};

const auto word_def = x3::lexeme[+x3::char_("a-zA-Z0-9_.+*/-")];
const auto value_def = x3::eps >> spec;
// The empty key also takes away what the first alternative may have read.
const auto argument_def = ((word >> '=') > value) | (x3::attr(std::string()) >> spec);
const auto close_def = x3::lit(')');
const auto arguments_def = (('(' > argument) >> *(',' > argument)) > close;
const auto spec_def = word >> (arguments | x3::attr(std::vector<Argument>()));
const auto pipeline_def = spec >> *('|' > spec);
const auto steps_def = x3::uint_parser<std::uint64_t>()[set_if_positive];
const auto next_def = x3::lit(',');
const auto later_def = ('@' > steps) > next > pipeline;
const auto laters_def = *later;
const auto entries_def = pipeline >> laters;

BOOST_SPIRIT_DEFINE(word, value, argument, close, arguments, spec, pipeline, steps, next, later,
                    laters, entries)

}  // namespace grammar

[[noreturn]] void fail(std::string_view function, std::string_view text, std::size_t position,
                       const std::string& problem) {
  position = std::min(text.find_first_not_of(kBlanks, position), text.size());
  const std::string where = position == text.size() ? ", the end," : "";
  throw UsageError(std::string(function) + ": " + problem + " at position " +
                   std::to_string(position + 1) + where + " of \"" + std::string(text) + "\"");
}

// The parser calls itself once per level, and a stack is not endless.
void check_depth(std::string_view function, std::string_view text) {
  std::ptrdiff_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    depth += (text[i] == '(') - (text[i] == ')');
    if (depth > kDeepest) fail(function, text, i, "more than 32 parentheses are open");
  }
}

template <class Result, class Rule>
Result parse(std::string_view function, std::string_view text, const Rule& rule,
             const char* expected_last) {
  check_depth(function, text);
  const x3::rule<class EndId> last = expected_last;
  const auto whole = (x3::eps > rule) > (last = x3::eoi);
  const auto blank = x3::char_(std::string(kBlanks));
  Result result;
  try {
    x3::phrase_parse(text.begin(), text.end(), whole, blank, result);
  } catch (const x3::expectation_failure<std::string_view::iterator>& failure) {
    fail(function, text, static_cast<std::size_t>(failure.where() - text.begin()),
         "expected " + failure.which());
  }
  return result;
}

std::string text_of(const Argument& argument) {
  const std::string value = argument.value.text();
  return argument.key.empty() ? value : argument.key + "=" + value;
}

template <class Items, class Text>
std::string join(const Items& items, const char* separator, Text text) {
  std::string joined;
  for (const auto& item : items) joined.append(joined.empty() ? "" : separator).append(text(item));
  return joined;
}

}  // namespace

bool Spec::operator==(const Spec&) const = default;
bool Argument::operator==(const Argument&) const = default;

std::string Spec::text() const {
  if (arguments.empty()) return name;
  return name + "(" + join(arguments, ",", [](const Argument& a) { return text_of(a); }) + ")";
}

std::string text_of(const Pipeline& pipeline) {
  return join(pipeline, "|", [](const Spec& spec) { return spec.text(); });
}

Spec parse_spec(std::string_view text) {
  return parse<Spec>("parse_spec", text, grammar::spec, "the end");
}

Pipeline parse_pipeline(std::string_view text) {
  return parse<Pipeline>("parse_pipeline", text, grammar::pipeline, "'|' or the end");
}

Schedule parse_schedule(std::string_view text) {
  auto parsed =
      parse<Entries>("parse_schedule", text, grammar::entries, "'|', '@steps' or the end");
  Schedule schedule{{0, std::move(parsed.first)}};
  for (auto& [steps_before, pipeline] : parsed.later) {
    const std::uint64_t from = schedule.back().from + steps_before;
    if (from < steps_before) {
      throw UsageError("parse_schedule: the steps add up to 2^64 or more in \"" +
                       std::string(text) + "\"");
    }
    schedule.push_back({from, std::move(pipeline)});
  }
  return schedule;
}

std::size_t entry_at(const Schedule& schedule, std::uint64_t step) {
  const auto after = std::ranges::upper_bound(schedule, step, {}, &ScheduledPipeline::from);
  return static_cast<std::size_t>(after - schedule.begin()) - 1;
}

}  // namespace pith
