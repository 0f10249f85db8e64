// SPDX-License-Identifier: Apache-2.0
#include "fashion_mnist/dataset.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <zlib.h>

#include <pith/core/error.h>

#include "fashion_mnist/idx.h"

namespace fashion_mnist {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

Bytes header(std::uint8_t dimensions, const std::vector<std::uint8_t>& extents) {
  Bytes bytes{0, 0, 8, dimensions};
  for (const auto extent : extents) bytes.insert(bytes.end(), {0, 0, 0, extent});
  return bytes;
}

Bytes operator+(Bytes head, const Bytes& tail) {
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

/// A folder with a good data set of two images of 1 x 2 pixels; tests spoil one file.
class ReadDataset : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(::testing::TempDir()) / (std::string("idx_") + test->name());
    std::filesystem::create_directories(folder_);
    write("train-images-idx3-ubyte.gz", header(3, {2, 1, 2}) + Bytes{0, 255, 1, 2});
    write("train-labels-idx1-ubyte.gz", header(1, {2}) + Bytes{9, 0});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const Bytes& bytes, const char* mode = "wb") {
    const gzFile file = gzopen((folder_ / name).c_str(), mode);
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
  }

  void write_images(const Bytes& bytes) { write("train-images-idx3-ubyte.gz", bytes); }
  void write_labels(const Bytes& bytes) { write("train-labels-idx1-ubyte.gz", bytes); }

  std::string error() const {
    try {
      read_dataset(folder_, "train");
    } catch (const pith::UsageError& problem) {
      return problem.what();
    }
    return "";
  }

  std::filesystem::path folder_;
};

TEST_F(ReadDataset, GivesPixelsAndLabels) {
  const Dataset data = read_dataset(folder_, "train");
  EXPECT_EQ(data.size(), 2u);
  EXPECT_EQ(data.pixels, 2u);
  EXPECT_THAT(data.images, ElementsAre(0, 255, 1, 2));
  EXPECT_THAT(data.labels, ElementsAre(9, 0));
}

TEST_F(ReadDataset, NamesAFileThatIsMissing) {
  std::filesystem::remove(folder_ / "train-labels-idx1-ubyte.gz");
  EXPECT_THAT(error(), AllOf(HasSubstr((folder_ / "train-labels-idx1-ubyte.gz").string()),
                             HasSubstr("No such file")));
}

TEST_F(ReadDataset, NamesAWrongMagicNumber) {
  write_labels(header(3, {2, 1, 1}) + Bytes{9, 0});
  EXPECT_THAT(error(), AllOf(HasSubstr("train-labels"), HasSubstr("2051, not 2049")));
}

TEST_F(ReadDataset, RejectsAFileThatIsNotGzip) {
  write("train-labels-idx1-ubyte.gz", header(1, {2}) + Bytes{9, 0}, "wbT");
  EXPECT_THAT(error(), AllOf(HasSubstr("train-labels"), HasSubstr("is not gzip")));
}

TEST_F(ReadDataset, NamesTheElementAfterWhichAFileEnds) {
  write_images(header(3, {2, 1, 2}) + Bytes{0, 255, 1});
  EXPECT_THAT(error(), AllOf(HasSubstr("train-images"), HasSubstr("ends after 3 of 4 elements")));
}

TEST_F(ReadDataset, RejectsAHeaderThatIsCutOff) {
  write_images({0, 0, 8, 3, 0, 0});
  EXPECT_THAT(error(), HasSubstr("ends within its header"));
}

TEST_F(ReadDataset, RejectsACompressedStreamThatIsCutOff) {
  const auto path = folder_ / "train-images-idx3-ubyte.gz";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 10);
  EXPECT_THAT(error(), AllOf(HasSubstr("train-images"), HasSubstr("truncated")));
}

TEST_F(ReadDataset, RejectsBytesAfterTheLastElement) {
  write_images(header(3, {2, 1, 2}) + Bytes{0, 255, 1, 2, 3});
  EXPECT_THAT(error(), HasSubstr("goes on after the 4 elements"));
}

TEST_F(ReadDataset, DoesNotAllocateForExtentsBeyondReason) {
  write_images(Bytes{0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255});
  EXPECT_THAT(error(), HasSubstr("has the extent 4294967295"));
}

TEST_F(ReadDataset, RejectsAnExtentOfZero) {
  write_labels(header(1, {0}));
  EXPECT_THAT(error(), HasSubstr("has the extent 0"));
}

TEST_F(ReadDataset, NamesALabelOutOfRangeAndItsSample) {
  write_labels(header(1, {2}) + Bytes{3, 10});
  EXPECT_THAT(error(), AllOf(HasSubstr("train-labels"), HasSubstr("label 10 of sample 1")));
}

TEST_F(ReadDataset, NamesBothCountsIfTheyDiffer) {
  write_labels(header(1, {3}) + Bytes{1, 2, 3});
  EXPECT_THAT(error(), AllOf(HasSubstr("has 2 samples"), HasSubstr("has 3")));
}

TEST_F(ReadDataset, GathersNormalisedSamplesInTheOrderAskedFor) {
  Batch batch;
  gather(read_dataset(folder_, "train"), std::vector<std::uint32_t>{1, 0}, batch);
  EXPECT_THAT(batch.labels, ElementsAre(0, 9));
  ASSERT_EQ(batch.pixels.size(), 4u);
  EXPECT_FLOAT_EQ(batch.pixels[2], (0.0f - 0.2860f) / 0.3530f);
  EXPECT_FLOAT_EQ(batch.pixels[3], (1.0f - 0.2860f) / 0.3530f);
}

}  // namespace
}  // namespace fashion_mnist
