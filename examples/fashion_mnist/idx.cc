// SPDX-License-Identifier: Apache-2.0
#include "idx.h"

#include <boost/endian/conversion.hpp>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <string>

#include <zlib.h>

#include <pith/core/error.h>

namespace fashion_mnist {
namespace {

constexpr std::uint32_t kMagicOfBytes = 0x800;
constexpr std::size_t kMaxBytes = std::size_t{1} << 30;  // a wrong extent must not eat the memory

class GzipFile {
 public:
  explicit GzipFile(const std::filesystem::path& path)
      : path_(path), file_(gzopen(path.c_str(), "rb"), gzclose_r) {
    if (!file_) fail(std::string("cannot be opened: ") + std::strerror(errno));
    if (gzbuffer(file_.get(), 1 << 17) != 0 || gzdirect(file_.get()) != 0) fail("is not gzip");
  }

  std::size_t read(std::span<std::uint8_t> out) {
    const int got = gzread(file_.get(), out.data(), static_cast<unsigned>(out.size()));
    int code = Z_OK;
    const char* message = gzerror(file_.get(), &code);
    if (got < 0 || code < 0) fail(std::string("is damaged or truncated: ") + message);
    return static_cast<std::size_t>(got);
  }

  std::uint32_t read_number() {
    std::uint8_t bytes[4];
    if (read(bytes) != sizeof bytes) fail("ends within its header");
    return boost::endian::load_big_u32(bytes);
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw pith::UsageError("read_idx: " + path_.string() + " " + what);
  }

 private:
  std::filesystem::path path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

std::vector<std::uint32_t> read_extents(GzipFile& file, std::size_t dimensions) {
  std::vector<std::uint32_t> extents(dimensions);
  std::size_t total = 1;
  for (auto& extent : extents) {
    extent = file.read_number();
    if (extent == 0 || extent > kMaxBytes / total) {
      file.fail("has the extent " + std::to_string(extent));
    }
    total *= extent;
  }
  return extents;
}

std::vector<std::uint8_t> read_elements(GzipFile& file, std::size_t count) {
  std::vector<std::uint8_t> bytes(count + 1);  // one more than there may be
  const std::size_t got = file.read(bytes);
  if (got != count) {
    file.fail((got < count ? "ends after " + std::to_string(got) : "goes on after") +
              (got < count ? " of " : " the ") + std::to_string(count) + " elements");
  }
  bytes.resize(count);
  return bytes;
}

}  // namespace

IdxFile read_idx(const std::filesystem::path& path, std::size_t dimensions) {
  GzipFile file(path);
  const std::uint32_t magic = file.read_number();
  if (magic != kMagicOfBytes + dimensions) {
    file.fail("has the magic number " + std::to_string(magic) + ", not " +
              std::to_string(kMagicOfBytes + dimensions));
  }
  IdxFile idx{read_extents(file, dimensions), {}};
  const std::size_t count =
      std::accumulate(idx.extents.begin(), idx.extents.end(), std::size_t{1}, std::multiplies<>{});
  idx.bytes = read_elements(file, count);
  return idx;
}

}  // namespace fashion_mnist
