// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace pith::bench {

/// "AMD EPYC, 2 cores": what a figure depends on and nobody's host name or path.
std::string machine();

}  // namespace pith::bench
