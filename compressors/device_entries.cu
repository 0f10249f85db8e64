// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/device_entries.h>
#include <pith/compressors/device_source.cuh>

namespace pith {
namespace {

template <Composing kComposing>
__global__ void take_off_entries(Composer<kComposing> x, DeviceSent sent) {
  const std::size_t first = *sent.begin;
  const std::size_t count = *sent.end - first;
  for (auto i = cuda::global_thread(); i < count; i += cuda::grid_threads()) {
    // A sum of what arrives begins with 0, which makes -0 a 0.
    x.take_off(sent.indices[first + i], 0.0f + sent.values.data()[i]);
  }
}

}  // namespace

DeviceEntries take_entries(std::size_t room, cuda::DeviceScratch& scratch) {
  return {scratch.take<std::uint32_t>(room), scratch.take<float>(room),
          scratch.take<std::uint32_t>(1).data()};
}

void take_off(const DeviceSource& x, const DeviceSent& sent, DeviceStream stream) {
  if (x.composing == Composing::gradient || sent.values.empty()) return;
  with_composer(x, [&]<Composing kComposing>(const Composer<kComposing>& composer) {
    cuda::launch(take_off_entries<kComposing>, cuda::blocks_for(sent.values.size(), cuda::kBlock),
                 cuda::kBlock, stream, composer, sent);
  });
}

}  // namespace pith
