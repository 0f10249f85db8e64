// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
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

/// Every row of the table of legal combinations with every registered compressor that fits it.
std::vector<LegalCase> legal_cases();

/// Letters, digits and underscores only, for test names.
std::string test_name(const LegalCase& legal);

/// Options that treat every tensor by the case, however small it is.
ReducerOptions options_for(const LegalCase& legal);

}  // namespace pith::test
