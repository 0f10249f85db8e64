// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <string>

namespace pith::bench {

/// A file that did not exist before: `name`, or else name.0, name.1, ..., the first that is free.
/// It is created at once, so that a long measurement does not end without a place to write to, and
/// removed again if nothing is written.
///
/// Throws   UsageError if no such file can be created, with the system's reason.
class NewFile {
 public:
  explicit NewFile(const std::string& name);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  const std::string& path() const { return path_; }

  /// Writes `text` and a line end. Throws Error if that fails.
  void write(const std::string& text);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  bool written_ = false;
};

}  // namespace pith::bench
