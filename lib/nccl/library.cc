// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>

#include <pith/core/error.h>
#include <pith/nccl/library.cuh>

namespace pith::nccl {
namespace {

constexpr int kOldest = NCCL_VERSION(2, 14, 0);

std::string last_error() {
  const char* const text = dlerror();
  return text ? text : "no reason is known";
}

// The file with its functions; stays open.
class File {
 public:
  explicit File(const std::string& name)
      : name_(name), file_(dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (!file_) throw UsageError("NCCL: " + name + " cannot be loaded: " + last_error());
  }

  template <class Function>
  void find(const char* function, Function& place) const {
    place = reinterpret_cast<Function>(dlsym(file_, function));
    if (!place) throw UsageError("NCCL: " + name_ + " has no " + function);
  }

 private:
  std::string name_;
  void* file_;
};

void check_version(const Library& library, const std::string& name) {
  int version = 0;
  library.get_version(&version);
  if (version >= kOldest) return;
  throw UsageError("NCCL: " + name + " has version " + std::to_string(version) + ", " +
                   std::to_string(kOldest) + " or newer is needed");
}

}  // namespace

Library load(const std::string& name) {
  const File file(name);
  Library library{};
  file.find("ncclGetVersion", library.get_version);
  file.find("ncclGetErrorString", library.get_error_string);
  file.find("ncclGetUniqueId", library.get_unique_id);
  file.find("ncclCommInitRankConfig", library.comm_init_rank_config);
  file.find("ncclCommGetAsyncError", library.comm_get_async_error);
  file.find("ncclCommFinalize", library.comm_finalize);
  file.find("ncclCommDestroy", library.comm_destroy);
  file.find("ncclCommAbort", library.comm_abort);
  file.find("ncclAllReduce", library.all_reduce);
  file.find("ncclReduceScatter", library.reduce_scatter);
  file.find("ncclAllGather", library.all_gather);
  file.find("ncclBroadcast", library.broadcast);
  file.find("ncclSend", library.send);
  file.find("ncclRecv", library.recv);
  file.find("ncclGroupStart", library.group_start);
  file.find("ncclGroupEnd", library.group_end);
  file.find("ncclRedOpCreatePreMulSum", library.red_op_create_pre_mul_sum);
  file.find("ncclRedOpDestroy", library.red_op_destroy);
  check_version(library, name);
  return library;
}

const Library& real() {
  static const Library library = load("libnccl.so.2");
  return library;
}

}  // namespace pith::nccl
