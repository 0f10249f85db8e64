// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <nccl.h>

namespace pith::test {

enum class Kind { all_reduce, reduce_scatter, all_gather, broadcast, send, recv };

/// Element i of an array, widened.
float number_of(const void* x, ncclDataType_t type, std::size_t i);

/// A sum, perhaps of numbers that are multiplied before.
struct Operator {
  bool multiplies = false;
  float factor = 1;
  ncclDataType_t type = ncclFloat32;

  std::string text() const;
  bool operator==(const Operator&) const = default;
};

/// What one call of a rank asks for.
struct Operation {
  Kind kind;
  const void* from = nullptr;
  void* to = nullptr;
  std::size_t count = 0;
  ncclDataType_t type = ncclFloat32;
  Operator op = {};
  int other = 0;  // root or peer

  std::string text() const;
};

/// Where the ranks' streams meet, to carry out what each of them brings: one call, or a group's. A
/// graph that is launched again meets here again.
class Meeting {
 public:
  explicit Meeting(int ranks);

  void bring(int rank, std::vector<Operation> operations);
  void arrive(int rank);

  /// Whether all have arrived as often as this rank.
  bool is_complete(int rank) const;

  /// The first that comes does all; false if what the ranks ask for does not fit.
  bool carry_out(int rank);

 private:
  bool carry_out_all();
  bool carry_out_alike(std::size_t number);
  bool carry_out_sends();
  bool receive(std::size_t rank, const Operation& wanted, std::vector<std::size_t>& taken);

  std::vector<std::vector<Operation>> brought_;
  std::vector<int> arrived_;
  std::vector<int> left_;
  int done_ = 0;
};

}  // namespace pith::test
