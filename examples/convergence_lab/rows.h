// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace convergence_lab {

/// Samples as sparse rows, one after the other.
struct Rows {
  std::size_t features = 0;
  std::vector<double> labels;
  std::vector<std::size_t> lines;      ///< of the file, from 1
  std::vector<std::size_t> starts{0};  ///< row r holds the entries [starts[r], starts[r+1])
  std::vector<std::uint32_t> columns;  ///< from 0
  std::vector<double> values;

  std::size_t size() const { return labels.size(); }
};

/// Reads text in the format of LIBSVM: a line per row, "label index:value ...", indices from 1 and
/// ascending; what follows # is a comment. `name` is for messages.
///
/// Throws   pith::UsageError with the line for a label or value that is no finite number, an entry
///          that is not index:value, an index below 1, above 2^24 or not ascending; if no row is
///          there.
Rows read_libsvm(std::istream& text, const std::string& name);

/// The same from a file. Also throws pith::UsageError if it cannot be opened.
Rows read_libsvm(const std::filesystem::path& path);

/// Makes the labels of two classes -1 (the lower) and 1.
/// Throws   pith::UsageError with the line if there is a third, or with the label if there is but
///          one.
void separate_classes(Rows& rows, const std::string& name);

/// How rows are dealt to clients: blocks of a random order, so that all clients look alike, or of
/// the order of their labels, so that most see one class only.
enum class Split { shuffled, sorted };

/// The rows of one client; every row goes to one of them, as evenly as can be.
/// Throws   pith::UsageError if there are fewer rows than clients.
Rows deal(const Rows& rows, Split split, std::uint64_t seed, std::size_t client,
          std::size_t clients);

}  // namespace convergence_lab
