// SPDX-License-Identifier: Apache-2.0
#include "sharded_arm.h"

#include <pith/core/error.h>

namespace pith::bench {

template <Element T>
ShardedArm<T>::ShardedArm(Communicator& communicator, const ArmCase& what)
    : part_(communicator.split(0, communicator.rank())),
      what_(what),
      result_(received(what.collective, communicator, what.shape.elements()).size()) {
  call(std::vector<T>(given_here().size()));
  ++steps_;
}

template <Element T>
bool ShardedArm<T>::call(std::span<const T> mine) {
  const auto& [compressor, feedback, exchange] = what_.what;
  if (what_.collective == Collective::all_gather) {
    return all_gather(*part_, kTensorName, mine, std::span<T>(result_), compressor, feedback);
  }
  return reduce_scatter_mean(*part_, kTensorName, mine, std::span<T>(result_), compressor,
                             feedback);
}

template <Element T>
Sample ShardedArm<T>::run(std::span<T> x) {
  bool committed = false;
  const Sample sample = timed(*part_, [&] { committed = call(slice(x, given_here())); });
  if (!committed) throw Error(std::string(name_of(what_.collective)) + ": a step was skipped");
  ++steps_;
  return sample;
}

template <Element T>
std::vector<StateView<T>> ShardedArm<T>::states() {
  return what_.collective == Collective::all_gather ? all_gather_states<T>(*part_, kTensorName)
                                                    : reduce_scatter_states<T>(*part_, kTensorName);
}

template class ShardedArm<float>;
template class ShardedArm<double>;

}  // namespace pith::bench
