// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include <pith/core/environment.h>
#include <pith/core/error.h>
#include <pith/cuda/stream.h>
#include <pith/nccl/agree.cuh>
#include <pith/nccl/communicator.h>
#include <pith/nccl/handle.cuh>

namespace pith::nccl {
namespace {

constexpr double kTimeoutSeconds = 600;

const Library& library_of(const Options& options) {
  return options.library ? *options.library : real();
}

double timeout_of(const Options& options) {
  if (options.timeout_seconds) return *options.timeout_seconds;
  const auto seconds = environment_integer("PITH_TIMEOUT_SECONDS", 0, 1u << 30);
  return seconds ? static_cast<double>(*seconds) : kTimeoutSeconds;
}

ncclUniqueId to_nccl(const UniqueId& id) {
  static_assert(sizeof(ncclUniqueId) == sizeof(UniqueId));
  ncclUniqueId out;
  std::memcpy(&out, id.data(), sizeof(out));
  return out;
}

ncclDataType_t type_of(ElementType type) {
  if (type == ElementType::float16) return ncclFloat16;
  if (type == ElementType::bfloat16) return ncclBfloat16;
  return ncclFloat32;
}

std::string text(const char* operation, std::size_t count, ElementType type) {
  return std::string(operation) + "(" + std::to_string(count) + " x " + std::string(name_of(type)) +
         ")";
}

std::string text(const char* operation, std::size_t bytes) {
  return std::string(operation) + "(" + std::to_string(bytes) + " bytes)";
}

// As the type of the numbers that it is multiplied with.
union Factor {
  Factor(float factor, ElementType type) : number(factor) {
    if (type == ElementType::float16) half = to_half(factor);
    if (type == ElementType::bfloat16) bfloat16 = to_bfloat16(factor);
  }
  float number;
  Half half;
  BFloat16 bfloat16;
};

}  // namespace

UniqueId make_unique_id(const Options& options) {
  const Library& library = library_of(options);
  ncclUniqueId made;
  const ncclResult_t result = library.get_unique_id(&made);
  if (result != ncclSuccess) {
    throw TransportError(std::string("ncclGetUniqueId: ") + library.get_error_string(result));
  }
  UniqueId id;
  std::memcpy(id.data(), &made, sizeof(made));
  return id;
}

class Communicator::Impl {
 public:
  Impl(const UniqueId& id, int rank, int size, const Options& options)
      : nccl(library_of(options)),
        device(cuda::current_device()),
        handle(nccl, to_nccl(id), rank, size, timeout_of(options)) {}

  // Where calls do not block NCCL launches from its own threads, which have streams of their own.
  ncclComm_t begin(const std::string& operation, DeviceStream stream) {
    const int current = cuda::current_device();
    if (current != device) {
      throw UsageError(operation + ": the communicator is of device " + std::to_string(device) +
                       ", the call of device " + std::to_string(current));
    }
    if (stream == cudaStreamPerThread) {
      throw UsageError(operation + ": NCCL cannot use cudaStreamPerThread; make a stream");
    }
    return handle.begin(operation);
  }

  const Library& nccl;
  const int device;
  Handle handle;
};

Communicator::Communicator(pith::Communicator& ranks, const Options& options)
    : Communicator(agree(ranks, options), ranks.rank(), ranks.size(), options) {}

Communicator::Communicator(const UniqueId& id, int rank, int size, const Options& options)
    : rank_(rank), size_(size), impl_(std::make_unique<Impl>(id, rank, size, options)) {}

Communicator::~Communicator() = default;

void Communicator::check() { impl_->handle.check(); }
void Communicator::wait(DeviceStream stream) { impl_->handle.wait(stream); }
void Communicator::abort() { impl_->handle.abort(); }

void Communicator::do_all_reduce(DeviceSpan<float> x, DeviceStream stream) {
  const auto comm = impl_->begin(text("all_reduce", x.size(), ElementType::float32), stream);
  impl_->handle.settle(
      impl_->nccl.all_reduce(x.data(), x.data(), x.size(), ncclFloat32, ncclSum, comm, stream));
}

void Communicator::do_all_reduce_mean(DeviceSpan<std::byte> x, ElementType type, float divisor,
                                      DeviceStream stream) {
  const Library& nccl = impl_->nccl;
  const std::size_t count = x.size() / size_of(type);
  const auto comm = impl_->begin(text("all_reduce_mean", count, type), stream);
  Factor factor(1.0f / divisor, type);
  ncclRedOp_t mean{};
  impl_->handle.settle(
      nccl.red_op_create_pre_mul_sum(&mean, &factor, type_of(type), ncclScalarHostImmediate, comm));
  impl_->handle.settle(
      nccl.all_reduce(x.data(), x.data(), count, type_of(type), mean, comm, stream));
  impl_->handle.settle(nccl.red_op_destroy(mean, comm));
}

void Communicator::do_reduce_scatter(DeviceSpan<const float> x, DeviceSpan<float> out,
                                     DeviceStream stream) {
  const auto comm = impl_->begin(text("reduce_scatter", x.size(), ElementType::float32), stream);
  impl_->handle.settle(impl_->nccl.reduce_scatter(x.data(), out.data(), out.size(), ncclFloat32,
                                                  ncclSum, comm, stream));
}

void Communicator::do_all_gather(DeviceSpan<const std::byte> mine, DeviceSpan<std::byte> all,
                                 DeviceStream stream) {
  const auto comm = impl_->begin(text("all_gather", mine.size()), stream);
  impl_->handle.settle(
      impl_->nccl.all_gather(mine.data(), all.data(), mine.size(), ncclUint8, comm, stream));
}

// Inside a group no call waits; what the group comes to is told at its end.
void Communicator::do_all_to_all(DeviceSpan<const std::byte> out, DeviceSpan<std::byte> in,
                                 DeviceStream stream) {
  const Library& nccl = impl_->nccl;
  const auto comm = impl_->begin(text("all_to_all", out.size()), stream);
  const std::size_t bytes = out.size() / static_cast<std::size_t>(size_);
  impl_->handle.settle(nccl.group_start());
  for (int peer = 0; peer < size_; ++peer) {
    const std::size_t place = static_cast<std::size_t>(peer) * bytes;
    nccl.send(out.data() + place, bytes, ncclUint8, peer, comm, stream);
    nccl.recv(in.data() + place, bytes, ncclUint8, peer, comm, stream);
  }
  impl_->handle.settle(nccl.group_end());
}

void Communicator::do_broadcast(DeviceSpan<std::byte> x, int root, DeviceStream stream) {
  const auto comm = impl_->begin(text("broadcast", x.size()), stream);
  impl_->handle.settle(
      impl_->nccl.broadcast(x.data(), x.data(), x.size(), ncclUint8, root, comm, stream));
}

}  // namespace pith::nccl
