// SPDX-License-Identifier: Apache-2.0
#include "problems.h"

#include <algorithm>
#include <vector>

#include <pith/core/arguments.h>
#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/core/random.h>

#include "bilinear.h"
#include "linear_model.h"
#include "quadratics.h"

namespace convergence_lab {
namespace {

constexpr double kLargest = 1e6;  // of any argument
constexpr std::uint64_t kMaxDimensions = 1'000'000;

/// Who asks: everything that a problem is made from.
struct Request {
  const ProblemOptions& options;
  pith::Arguments& arguments;
  std::size_t client;
  std::size_t clients;

  double at_least_0(std::string_view key, double fallback) const {
    return arguments.optional_number(key, 0, kLargest).value_or(fallback);
  }

  std::size_t dimensions(std::uint64_t fallback) const {
    return arguments.integer("d", fallback, 1, kMaxDimensions);
  }

  void check_four_clients() const {
    if (clients == kQuadraticClients) return;
    throw pith::UsageError("--problem " + options.problem + " has " +
                           std::to_string(kQuadraticClients) + " clients, not " +
                           std::to_string(clients));
  }
};

Vector normal_start(std::size_t d, double deviation, std::uint64_t seed) {
  const pith::Random random({.seed = seed, .tensor = pith::hash("start")});
  Vector start(d);
  for (std::size_t j = 0; j < d; ++j) start[j] = deviation * random.normal(j);
  return start;
}

Client over_rows(const Request& request, const Loss& loss, double lambda, bool classes) {
  const auto& options = request.options;
  if (options.data.empty()) {
    throw pith::UsageError("--problem " + options.problem + " needs --data");
  }
  const double penalty = request.at_least_0("lambda", lambda);
  const double deviation = request.at_least_0("start", 1);
  Rows rows = read_libsvm(options.data);
  if (classes) separate_classes(rows, options.data.string());
  Rows mine = deal(rows, options.split, options.seed, request.client, request.clients);
  return linear_model(std::move(mine), loss, penalty,
                      normal_start(rows.features, deviation, options.seed));
}

struct Entry {
  std::string_view name;
  Client (*make)(const Request&);
};

constexpr Entry kProblems[] = {
    {"logistic", [](const Request& r) { return over_rows(r, kLogistic, 0.1, true); }},
    {"least_squares", [](const Request& r) { return over_rows(r, kSquared, 0, false); }},
    {"heterogeneous",
     [](const Request& r) {
       r.check_four_clients();
       return heterogeneous(r.client);
     }},
    {"spread",
     [](const Request& r) {
       r.check_four_clients();
       return spread(r.client, r.dimensions(50));
     }},
    {"unequal",
     [](const Request& r) {
       r.check_four_clients();
       return unequal(r.client, r.dimensions(10));
     }},
    {"bilinear",
     [](const Request& r) {
       return bilinear(r.client, r.dimensions(10), r.at_least_0("lambda", 0.1));
     }},
};

}  // namespace

Client make_client(const ProblemOptions& options, std::size_t client, std::size_t clients) {
  const pith::Spec spec = pith::parse_spec(options.problem);
  const auto found = std::ranges::find(kProblems, spec.name, &Entry::name);
  if (found == std::end(kProblems)) {
    std::vector<std::string> names;
    for (const Entry& entry : kProblems) names.emplace_back(entry.name);
    throw pith::UsageError(pith::unknown_name("problem", spec.name, names));
  }
  pith::Arguments arguments(spec);
  Client made = found->make({options, arguments, client, clients});
  arguments.finish();
  return made;
}

}  // namespace convergence_lab
