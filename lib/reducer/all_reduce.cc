// SPDX-License-Identifier: Apache-2.0
#include <any>
#include <memory>
#include <string>

#include <pith/core/error.h>
#include <pith/core/vector.h>
#include <pith/reducer/all_reduce.h>
#include <pith/reducer/reducer.h>

namespace pith {
namespace {

/// A reducer of one tensor, and what it was made for.
struct NamedBuffer {
  NamedBuffer(Communicator& communicator, std::string_view text, std::string_view rule)
      : compressor(text), feedback(rule), reducer(communicator, options()) {}

  // The model as one unit: whatever its size and dimensions are.
  ReducerOptions options() const {
    return {.compressor = compressor, .feedback = feedback, .unit = CompressedUnit::model};
  }

  std::string compressor;
  std::string feedback;
  Reducer reducer;
};

template <Element T>
std::shared_ptr<NamedBuffer> make_buffer(Communicator& communicator, std::string_view name,
                                         std::size_t elements, std::string_view compressor,
                                         std::string_view feedback) {
  auto buffer = std::make_shared<NamedBuffer>(communicator, compressor, feedback);
  buffer->reducer.add(name, Shape::flat(elements), element_type<T>);
  return buffer;
}

template <Element T>
Reducer& reducer_for(Communicator& communicator, std::string_view name, std::size_t elements,
                     std::string_view compressor, std::string_view feedback) {
  const std::string key =
      "all_reduce " + std::string(name_of(element_type<T>)) + " " + std::string(name);
  std::any& slot = communicator.attachment(key);
  if (!slot.has_value()) {
    slot = make_buffer<T>(communicator, name, elements, compressor, feedback);
  }
  NamedBuffer& buffer = *std::any_cast<std::shared_ptr<NamedBuffer>&>(slot);
  if (buffer.compressor != compressor || buffer.feedback != feedback) {
    buffer.reducer.fail("all_reduce: \"" + std::string(name) + "\" was first used with " +
                        buffer.compressor + " and " + buffer.feedback + ", not " +
                        std::string(compressor) + " and " + std::string(feedback));
  }
  return buffer.reducer;
}

template <Element T>
bool mean(Communicator& communicator, std::string_view name, std::span<T> x,
          std::string_view compressor, std::string_view feedback) {
  Reducer& reducer = reducer_for<T>(communicator, name, x.size(), compressor, feedback);
  reducer.push(name, x);
  return reducer.wait().committed;
}

template <Element T>
bool sum(Communicator& communicator, std::string_view name, std::span<T> x,
         std::string_view compressor, std::string_view feedback) {
  const bool committed = mean(communicator, name, x, compressor, feedback);
  if (committed) scale(static_cast<T>(communicator.size()), x);
  return committed;
}

}  // namespace

#define PITH_ALL_REDUCE(T)                                                                \
  bool all_reduce_mean(Communicator& communicator, std::string_view name, std::span<T> x, \
                       std::string_view compressor, std::string_view feedback) {          \
    return mean(communicator, name, x, compressor, feedback);                             \
  }                                                                                       \
  bool all_reduce_sum(Communicator& communicator, std::string_view name, std::span<T> x,  \
                      std::string_view compressor, std::string_view feedback) {           \
    return sum(communicator, name, x, compressor, feedback);                              \
  }
PITH_ALL_REDUCE(float)
PITH_ALL_REDUCE(double)
#undef PITH_ALL_REDUCE

}  // namespace pith
