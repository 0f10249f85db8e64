// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <any>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <pith/core/hash.h>
#include <pith/reducer/registration.h>
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
  std::vector<std::uint64_t> openings;  // of all ranks

  Tensors<T>& of(ShardedCall call) { return call == ShardedCall::all_gather ? gathered : reduced; }
};

template <Element T>
Kept<T>& kept_with(Communicator& communicator) {
  static const std::string key = "sharded calls " + std::string(name_of(element_type<T>));
  std::any& slot = communicator.attachment(key);
  if (!slot.has_value()) slot = std::make_shared<Kept<T>>();
  return *std::any_cast<std::shared_ptr<Kept<T>>&>(slot);
}

// What a rank does next depends on what it knows of the name, so all must be about to do the same:
// else all are told, before anything that would wait for another operation.
template <Element T>
void open_call(Communicator& communicator, const ShardedRequest& request,
               const std::uint64_t* calls, std::vector<std::uint64_t>& openings) {
  constexpr std::uint64_t kFirst = ~std::uint64_t{0};
  const std::uint64_t fields[] = {hash(request.name), static_cast<std::uint64_t>(request.call),
                                  static_cast<std::uint64_t>(element_type<T>),
                                  calls ? *calls : kFirst};
  const std::uint64_t mine = hash(std::as_bytes(std::span(fields)));
  openings.resize(static_cast<std::size_t>(communicator.size()));
  communicator.all_gather(std::as_bytes(std::span(&mine, 1)),
                          std::as_writable_bytes(std::span(openings)));
  const auto same = [&](std::uint64_t other) { return other == openings.front(); };
  if (std::ranges::all_of(openings, same)) return;
  compare_texts(communicator, "sharded calls: the ranks make different calls",
                std::string(name_of(request.call)) + " \"" + std::string(request.name) + "\" of " +
                    std::string(name_of(element_type<T>)) + ", " +
                    (calls ? "after " + std::to_string(*calls) + " calls" : "its first call") +
                    "\n");
}

template <Element T>
bool call(Communicator& communicator, const ShardedRequest& request, std::span<const T> in,
          std::span<T> out, double learning_rate) {
  Kept<T>& kept = kept_with<T>(communicator);
  Tensors<T>& tensors = kept.of(request.call);
  auto found = tensors.find(request.name);
  const std::uint64_t calls = found == tensors.end() ? 0 : found->second.calls();
  open_call<T>(communicator, request, found == tensors.end() ? nullptr : &calls, kept.openings);
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
