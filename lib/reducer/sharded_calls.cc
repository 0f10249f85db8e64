// SPDX-License-Identifier: Apache-2.0
#include <any>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <pith/reducer/sharded_calls.h>
#include <pith/reducer/sharded_tensor.h>

namespace pith {
namespace {

/// By name; a look-up allocates nothing.
template <Element T>
using Tensors = std::map<std::string, ShardedTensor<T>, std::less<>>;

/// What a communicator keeps for the calls of an element type.
template <Element T>
struct Kept {
  Tensors<T> reduced;
  Tensors<T> gathered;

  Tensors<T>& of(ShardedCall call) { return call == ShardedCall::all_gather ? gathered : reduced; }
};

template <Element T>
Kept<T>& kept_with(Communicator& communicator) {
  static const std::string key = "sharded calls " + std::string(name_of(element_type<T>));
  std::any& slot = communicator.attachment(key);
  if (!slot.has_value()) slot = std::make_shared<Kept<T>>();
  return *std::any_cast<std::shared_ptr<Kept<T>>&>(slot);
}

template <Element T>
bool call(Communicator& communicator, const ShardedRequest& request, std::span<const T> in,
          std::span<T> out, double learning_rate) {
  Tensors<T>& tensors = kept_with<T>(communicator).of(request.call);
  auto found = tensors.find(request.name);
  if (found == tensors.end()) {
    found = tensors.try_emplace(std::string(request.name), communicator, request).first;
  }
  return found->second.exchange(request, in, out, learning_rate);
}

template <Element T>
std::vector<StateView<T>> states(Communicator& communicator, ShardedCall call,
                                 std::string_view name) {
  Tensors<T>& tensors = kept_with<T>(communicator).of(call);
  const auto found = tensors.find(name);
  if (found == tensors.end()) return {};
  return found->second.states();
}

}  // namespace

template <Element T>
std::vector<StateView<T>> reduce_scatter_states(Communicator& communicator, std::string_view name) {
  return states<T>(communicator, ShardedCall::reduce_scatter_mean, name);
}

template <Element T>
std::vector<StateView<T>> all_gather_states(Communicator& communicator, std::string_view name) {
  return states<T>(communicator, ShardedCall::all_gather, name);
}

#define PITH_SHARDED(T)                                                                          \
  bool reduce_scatter_mean(Communicator& communicator, std::string_view name,                    \
                           std::span<const T> x, std::span<T> mine, std::string_view compressor, \
                           std::string_view feedback, double learning_rate) {                    \
    const ShardedRequest request{                                                                \
        ShardedCall::reduce_scatter_mean, name, x.size(), mine.size(), compressor, feedback};    \
    return call(communicator, request, x, mine, learning_rate);                                  \
  }                                                                                              \
  bool all_gather(Communicator& communicator, std::string_view name, std::span<const T> mine,    \
                  std::span<T> all, std::string_view compressor, std::string_view feedback) {    \
    const ShardedRequest request{                                                                \
        ShardedCall::all_gather, name, all.size(), mine.size(), compressor, feedback};           \
    return call(communicator, request, mine, all, 0);                                            \
  }                                                                                              \
  template std::vector<StateView<T>> reduce_scatter_states(Communicator&, std::string_view);     \
  template std::vector<StateView<T>> all_gather_states(Communicator&, std::string_view);
PITH_SHARDED(float)
PITH_SHARDED(double)
#undef PITH_SHARDED

}  // namespace pith
