// SPDX-License-Identifier: Apache-2.0
#include "method.h"

#include <charconv>
#include <sstream>

#include <pith/core/error.h>

namespace convergence_lab {
namespace {

constexpr double kLargestFactor = 1e6;

[[noreturn]] void fail(const Method& method, const std::string& problem) {
  throw pith::UsageError("--method \"" + method.text + "\": " + problem);
}

double positive(const Method& method, const std::string& key, const std::string& text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool read = problem == std::errc() && end == text.data() + text.size();
  if (!read || !(value > 0 && value <= kLargestFactor)) {
    fail(method, key + "=" + text + ": expected a number above 0, at most 1e6");
  }
  return value;
}

void read_step(const std::string& text, Method& method) {
  if (text == "gd") {
    method.rule = StepRule::gradient_descent;
  } else if (text == "qm") {
    method.rule = StepRule::quadratic_mean;
  } else if (text == "am") {
    method.rule = StepRule::arithmetic_mean;
  } else {
    method.step = positive(method, "step", text);
  }
}

void read_setting(const std::string& key, const std::string& text, Method& method) {
  if (key == "step") {
    read_step(text, method);
  } else if (key == "factor") {
    method.factor = positive(method, key, text);
  } else if (key == "exchange") {
    method.exchange = text;
  } else if (key == "first" && (text == "dense" || text == "compressed")) {
    method.dense_first = text == "dense";
  } else {
    fail(method, "unknown setting " + key + "=" + text +
                     "; known: step=gd|qm|am|NUMBER, factor=NUMBER, exchange=NAME, "
                     "first=dense|compressed");
  }
}

}  // namespace

Method parse_method(const std::string& text) {
  Method method;
  method.text = text;
  std::istringstream words(text);
  std::string word;
  for (int position = 0; words >> word; ++position) {
    const auto equals = word.find('=');
    const bool setting = equals != std::string::npos && word.find('(') > equals;
    if (setting && position > 0) {
      read_setting(word.substr(0, equals), word.substr(equals + 1), method);
    } else if (position == 0) {
      method.algorithm = pith::parse_spec(word == "gd" ? "none" : word);
      if (word == "gd") method.rule = StepRule::gradient_descent;
    } else if (position == 1) {
      method.compressor = word;
    } else {
      fail(method, "cannot place the word \"" + word + "\"");
    }
  }
  if (method.algorithm.name.empty()) fail(method, "names no algorithm");
  return method;
}

}  // namespace convergence_lab
