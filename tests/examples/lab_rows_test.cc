// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include <gmock/gmock.h>

#include <pith/core/error.h>

#include "convergence_lab/rows.h"

namespace convergence_lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Rows read(const std::string& text) {
  std::istringstream stream(text);
  return read_libsvm(stream, "data");
}

template <class Body>
std::string error_of(const Body& body) {
  try {
    body();
  } catch (const pith::UsageError& error) {
    return error.what();
  }
  return "";
}

std::string error(const std::string& text) {
  return error_of([&] { read(text); });
}

TEST(ReadLibsvm, ReadsLabelsAndEntries) {
  const Rows rows = read("+1 1:0.5 3:-2e1\n\n-1 # none\n2 2:7 # a comment\n");
  EXPECT_EQ(rows.features, 3u);
  EXPECT_THAT(rows.labels, ElementsAre(1, -1, 2));
  EXPECT_THAT(rows.starts, ElementsAre(0, 2, 2, 3));
  EXPECT_THAT(rows.columns, ElementsAre(0, 2, 1));
  EXPECT_THAT(rows.values, ElementsAre(0.5, -20, 7));
}

TEST(ReadLibsvm, NamesTheLineThatIsWrong) {
  EXPECT_THAT(error("1 1:1\nx 1:1\n"), HasSubstr("data:2: the label \"x\""));
  EXPECT_THAT(error("nan 1:1\n"), HasSubstr("data:1: the label \"nan\""));
  EXPECT_THAT(error("1 1:1\n\n1 2\n"), HasSubstr("data:3: \"2\" is not index:value"));
  EXPECT_THAT(error("1 0:1\n"), HasSubstr("data:1: the index of \"0:1\""));
  EXPECT_THAT(error("1 -4:1\n"), HasSubstr("the index of \"-4:1\""));
  EXPECT_THAT(error("1 99999999999:1\n"), HasSubstr("whole number from 1 to"));
  EXPECT_THAT(error("1 2:1 2:1\n"), HasSubstr("\"2:1\" does not ascend"));
  EXPECT_THAT(error("1 2:1 1:1\n"), HasSubstr("\"1:1\" does not ascend"));
  EXPECT_THAT(error("1 2:one\n"), HasSubstr("the value of \"2:one\""));
  EXPECT_THAT(error("1 2:inf\n"), HasSubstr("the value of \"2:inf\""));
  EXPECT_THAT(error("1 2:\n"), HasSubstr("the value of \"2:\""));
  EXPECT_THAT(error("# nothing\n"), HasSubstr("holds no rows"));
  EXPECT_THAT(error_of([] { read_libsvm(std::filesystem::path("no/such")); }),
              HasSubstr("no/such cannot be opened"));
}

TEST(SeparateClasses, MakesTheHigherLabelPlusOne) {
  Rows rows = read("2 1:1\n1 1:1\n2 1:1\n");
  separate_classes(rows, "data");
  EXPECT_THAT(rows.labels, ElementsAre(1, -1, 1));
}

TEST(SeparateClasses, NamesTheLineOfAThird) {
  Rows three = read("# of two\n0 1:1\n\n1 1:1\n7 1:1\n");
  EXPECT_THAT(error_of([&] { separate_classes(three, "data"); }),
              HasSubstr("data:5: the label is 7 where others are 0 and 1"));
  Rows one = read("5 1:1\n5 1:1\n");
  EXPECT_THAT(error_of([&] { separate_classes(one, "data"); }), HasSubstr("all labels are 5"));
}

TEST(Deal, GivesEveryRowToOneClient) {
  const Rows rows = read("3 1:1\n1 1:2\n2 1:3\n1 1:4\n3 1:5\n");
  std::vector<double> seen;
  for (std::size_t client = 0; client < 2; ++client) {
    const Rows mine = deal(rows, Split::shuffled, 0, client, 2);
    EXPECT_EQ(mine.features, 1u);
    EXPECT_EQ(mine.starts.back(), mine.values.size());
    seen.insert(seen.end(), mine.values.begin(), mine.values.end());
  }
  EXPECT_THAT(seen, ::testing::UnorderedElementsAre(1, 2, 3, 4, 5));
}

TEST(Deal, SortsByLabel) {
  const Rows rows = read("3 1:1\n1 1:2\n2 1:3\n1 1:4\n");
  EXPECT_THAT(deal(rows, Split::sorted, 0, 0, 2).labels, ElementsAre(1, 1));
  EXPECT_THAT(deal(rows, Split::sorted, 0, 1, 2).labels, ElementsAre(2, 3));
}

TEST(Deal, LeavesNoClientWithoutRows) {
  const Rows rows = read("1 1:1\n2 1:1\n");
  EXPECT_THAT(error_of([&] { deal(rows, Split::sorted, 0, 0, 3); }),
              HasSubstr("a client has no rows: there are 2 rows for 3 clients"));
}

}  // namespace
}  // namespace convergence_lab
