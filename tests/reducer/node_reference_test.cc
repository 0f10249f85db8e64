// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <support/reference_exchange.h>

#include <pith/comm/local.h>
#include <pith/core/log.h>
#include <pith/reducer/reducer.h>

#include "support/exchange/legal_cases.h"
#include "support/exchange/trajectory.h"

// With a node stage every legal combination gives what its serial reference gives of the nodes'
// sums, range by range.
namespace pith::test {
namespace {

constexpr std::uint64_t kSteps = 4;

/// The node of every rank.
using Colors = std::vector<int>;

Colors even(int nodes, int ranks_per_node) {
  Colors colors;
  for (int r = 0; r < nodes * ranks_per_node; ++r) colors.push_back(r / ranks_per_node);
  return colors;
}

template <Element T>
using Estimates = std::vector<std::vector<T>>;

struct Nodes {
  explicit Nodes(const Colors& colors) {
    for (std::size_t r = 0; r < colors.size(); ++r) {
      const auto node = static_cast<std::size_t>(colors[r]);
      if (node >= ranks.size()) ranks.resize(node + 1);
      ranks[node].push_back(static_cast<int>(r));
    }
    owners = std::ranges::min(ranks, {}, &std::vector<int>::size).size();
    all = colors.size();
  }

  std::vector<std::vector<int>> ranks;  // of each node
  std::size_t owners;
  std::size_t all;
};

/// The ranges of a tensor that looks nearly square, from its documentation: rows where there are
/// enough of them.
struct Cut {
  Cut(const Shape& shape, std::size_t owners, std::size_t owner) {
    const bool rows = shape.rows() >= owners;
    const std::size_t pieces = rows ? shape.rows() : shape.elements();
    const std::size_t size = rows ? shape.columns() : 1;
    first = pieces * owner / owners * size;
    last = pieces * (owner + 1) / owners * size;
    part = rows ? Shape{(last - first) / std::max<std::size_t>(size, 1), size}
                : Shape{1, last - first};
    name = "w";
    if (last - first == shape.elements()) return;
    name += "[" + std::to_string(first) + ":" + std::to_string(last) + ")";
  }

  std::size_t first;
  std::size_t last;
  Shape part;
  std::string name;
};

// The sums of every node, as if it were one rank's gradient: times nodes, over all ranks.
template <Element T>
Estimates<T> node_gradients(const Nodes& nodes, std::size_t n, std::uint64_t t, const Cut& cut) {
  Estimates<T> gradients;
  for (const auto& ranks : nodes.ranks) {
    std::vector<T> sum(cut.last - cut.first);
    for (const int r : ranks) {
      const auto x = gradient<T>(n, t, r);
      for (std::size_t i = cut.first; i < cut.last; ++i) sum[i - cut.first] += x[i];
    }
    const double share = static_cast<double>(nodes.all) / static_cast<double>(nodes.ranks.size());
    for (T& value : sum) value /= static_cast<T>(share);
    gradients.push_back(sum);
  }
  return gradients;
}

template <Element T>
Estimates<T> expected_estimates(const LegalCase& legal, std::size_t n, const Colors& colors) {
  const Nodes nodes(colors);
  Estimates<T> all(kSteps, std::vector<T>(n));
  for (std::size_t owner = 0; owner < nodes.owners; ++owner) {
    const Cut cut(nearly_square(n), nodes.owners, owner);
    ReferenceExchange<T> reference({.compressor = legal.compressor,
                                    .feedback = legal.feedback,
                                    .exchange = legal.exchange,
                                    .tensor = cut.name,
                                    .shape = cut.part,
                                    .ranks = nodes.ranks.size()});
    for (std::uint64_t t = 0; t < kSteps; ++t) {
      StepContext context;
      context.step = t;
      const auto part = reference.step(node_gradients<T>(nodes, n, t, cut), context);
      std::ranges::copy(part, all[t].begin() + static_cast<std::ptrdiff_t>(cut.first));
    }
  }
  return all;
}

template <Element T>
Estimates<T> estimates_of_ranks(const LegalCase& legal, std::size_t n, const Colors& colors) {
  Estimates<T> first;
  run_local(static_cast<int>(colors.size()), [&](Communicator& communicator) {
    ReducerOptions options = options_for(legal);
    options.node = "given";
    options.node_color = colors[static_cast<std::size_t>(communicator.rank())];
    Reducer reducer(communicator, options);
    reducer.add("w", nearly_square(n), element_type<T>);
    for (std::uint64_t t = 0; t < kSteps; ++t) {
      auto x = gradient<T>(n, t, communicator.rank());
      reducer.push("w", std::span<T>(x));
      EXPECT_TRUE(reducer.wait().committed);
      EXPECT_TRUE(same_on_all_ranks(communicator, std::span<const T>(x)));
      if (communicator.rank() == 0) first.push_back(x);
    }
  });
  return first;
}

// Sums of the back end are in an order of its own; low-rank factors of noise amplify that.
double tolerance(const LegalCase& legal) {
  if (legal.exchange != "raw" && legal.exchange != "linear") return 0;
  return legal.compressor.find("cast") == std::string::npos ? 1e-3 : 2e-2;
}

template <Element T>
void expect_reference(const LegalCase& legal, std::size_t n, const Colors& colors) {
  const auto seen = estimates_of_ranks<T>(legal, n, colors);
  const auto expected = expected_estimates<T>(legal, n, colors);
  SCOPED_TRACE(std::to_string(n) + " elements, nodes " + testing::PrintToString(colors));
  for (std::uint64_t t = 0; t < kSteps; ++t) {
    if (tolerance(legal) == 0) {
      ASSERT_EQ(seen[t], expected[t]) << "step " << t;
      continue;
    }
    double largest = 0;
    for (const T value : expected[t]) largest = std::max<double>(largest, std::abs(value));
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_NEAR(seen[t][i], expected[t][i], tolerance(legal) * largest) << "step " << t;
    }
  }
}

class NodeReference : public testing::TestWithParam<LegalCase> {
 protected:
  void SetUp() override { set_log_level(LogLevel::none); }
};

TEST_P(NodeReference, IsWhatEveryNumberOfNodesAndRanksGives) {
  for (const Colors& colors : {even(2, 2), even(2, 3), even(3, 2), even(4, 2)}) {
    expect_reference<float>(GetParam(), 333, colors);
  }
  for (const std::size_t n : {0u, 1u, 5u, 28u}) expect_reference<float>(GetParam(), n, even(2, 3));
  expect_reference<double>(GetParam(), 333, even(2, 2));
}

// As many owners as the smallest node has ranks; and nodes whose ranks do not follow each other.
TEST_P(NodeReference, IsWhatNodesOfDifferentSizesGive) {
  for (const Colors& colors : {Colors{0, 0, 1}, Colors{0, 0, 0, 1, 1}, Colors{0, 0, 0, 0, 1, 1},
                               Colors{0, 1, 1, 0}, Colors{0, 1, 0, 1, 2, 2}}) {
    expect_reference<float>(GetParam(), 333, colors);
  }
}

// Nobody shares a node: bit for bit what there is without the option.
TEST_P(NodeReference, IsThePlainExchangeWithOneRankPerNode) {
  for (const int nodes : {1, 4}) {
    expect_reference<float>(GetParam(), 333, even(nodes, 1));
  }
}

INSTANTIATE_TEST_SUITE_P(All, NodeReference, testing::ValuesIn(legal_cases()),
                         [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace pith::test
