// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include <pith/reducer/options.h>

namespace pith::test {

/// A legal combination with a compressor of its kind.
struct LegalCase {
  std::string compressor;
  std::string exchange;
  std::string feedback;
};

std::ostream& operator<<(std::ostream& out, const LegalCase& legal);

/// Every row of the table of legal combinations with every registered compressor that fits it; or
/// with one of them, if the row's rule is a variation.
std::vector<LegalCase> legal_cases();

/// Whether a rule takes its loops from another one and adds little: trying it with every compressor
/// would only try those again.
bool is_variation(std::string_view feedback);

/// Letters, digits and underscores only, for test names.
std::string test_name(const LegalCase& legal);

/// Options that treat every tensor by the case, however small it is.
ReducerOptions options_for(const LegalCase& legal);

}  // namespace pith::test
