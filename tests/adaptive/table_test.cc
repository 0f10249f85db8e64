// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/core/error.h>

#include "model.h"

namespace pith::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// A file beside the test that lives as long as this.
class File {
 public:
  explicit File(const std::string& text) { std::ofstream(name()) << text; }
  ~File() { std::filesystem::remove(name()); }

  static std::string name() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    return std::string(test->test_suite_name()) + "." + test->name() + ".txt";
  }
};

Solution chosen(const std::string& text, const Model& model = two_layer_model()) {
  const File file(text);
  return model.choose("table(" + File::name() + ")");
}

void expect_error(const std::string& text, const std::string& place, const std::string& problem) {
  EXPECT_THAT([&] { chosen(text); },
              ThrowsMessage<UsageError>(AllOf(HasSubstr(File::name() + place), HasSubstr(problem))))
      << text;
}

TEST(Table, TheFirstMatchDecides) {
  EXPECT_EQ(chosen("fc1* lowrank(rank=4)\n*.weight lowrank(rank=3)\n").assignment,
            (Assignment{3, 2}));
  EXPECT_EQ(chosen("* lowrank(rank=3)\nfc1* lowrank(rank=4)\n").assignment, (Assignment{2, 2}));
  EXPECT_EQ(chosen("fc?.weight lowrank(rank=1)").cost, 1210u);
}

TEST(Table, TakesCommentsBlanksAndOtherSystemsLineEnds) {
  EXPECT_EQ(
      chosen("# all\r\n\r\n \t fc1.weight \t lowrank( rank = 2 ) # first\r\n*\tlowrank(rank=1)")
          .assignment,
      (Assignment{1, 0}));
}

TEST(Table, NamesMayHoldAHash) {
  Model model = two_layer_model();
  model.names = {"fc#1", "fc#2"};
  EXPECT_EQ(chosen("fc#1 lowrank(rank=2)\nfc#2 lowrank(rank=3)", model).assignment,
            (Assignment{1, 2}));
}

TEST(Table, TakesPipelines) {
  Model model = two_layer_model();
  model.pipelines[1][3] = parse_pipeline("topk(density=0.01)|quantize(bits=4)");
  EXPECT_EQ(
      chosen("fc1* lowrank(rank=1)\nfc2* topk(density=0.01) | quantize(bits=4)", model).assignment,
      (Assignment{0, 3}));
}

TEST(Table, ALineThatIsMalformedIsNamed) {
  expect_error("* lowrank(rank=1)\nfc1.weight\n", ":2", "expected a pattern and a spec");
  expect_error("\n\n* lowrank(rank=\n", ":3", "expected a value");
  expect_error("* lowrank(rank=1) topk\n", ":1", "or the end");
}

TEST(Table, ALineThatMatchesNoLayerIsNamed) {
  expect_error("* lowrank(rank=1)\n# conv\nconv* lowrank(rank=2)\n", ":3",
               "no layer's name matches conv*");
}

TEST(Table, ALayerThatNoLineMatchesIsNamed) {
  expect_error("fc1* lowrank(rank=1)\n", ":", "no line matches fc2.weight");
  expect_error("", ":", "no line matches fc1.weight");
}

TEST(Table, ASpecThatIsNoCandidateIsNamedWithItsLayer) {
  expect_error("fc1* lowrank(rank=1)\n* lowrank(rank=9)\n", ":2",
               "lowrank(rank=9) is none of the candidates of fc2.weight");
  expect_error("* lowrnak(rank=1)\n", ":1", "lowrnak");
}

TEST(Table, AFileThatCannotBeReadIsNamed) {
  for (const char* file : {"no/such/file.txt", "."}) {
    EXPECT_THAT([&] { two_layer_model().choose("table(" + std::string(file) + ")"); },
                ThrowsMessage<UsageError>(AllOf(HasSubstr("cannot read"), HasSubstr(file))));
  }
}

TEST(Table, KeepsToItsCandidatesWhateverTheirErrors) {
  Model model = two_layer_model();
  model.layers[0].squared_errors[1] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(chosen("* lowrank(rank=2)", model).assignment, (Assignment{1, 1}));
}

}  // namespace
}  // namespace pith::test
