// SPDX-License-Identifier: Apache-2.0
#include "new_file.h"

#include <cerrno>
#include <cstring>

#include <pith/core/error.h>

namespace pith::bench {

NewFile::NewFile(const std::string& name) : path_(name) {
  for (unsigned number = 0; !file_; ++number) {
    file_.reset(std::fopen(path_.c_str(), "wx"));  // x: fails if it exists
    if (file_) return;
    if (errno != EEXIST) throw UsageError("cannot write " + path_ + ": " + std::strerror(errno));
    path_ = name + "." + std::to_string(number);
  }
}

NewFile::~NewFile() {
  if (!written_) std::remove(path_.c_str());
}

void NewFile::write(const std::string& text) {
  written_ = std::fputs(text.c_str(), file_.get()) >= 0 && std::fputc('\n', file_.get()) != EOF &&
             std::fflush(file_.get()) == 0;
  if (!written_) throw Error("cannot write " + path_ + ": " + std::strerror(errno));
}

}  // namespace pith::bench
