// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <map>
#include <span>

#include <pith/core/error.h>
#include <pith/reducer/nodes.h>

namespace pith {
namespace {

// What a rank tells the others of its node.
struct Place {
  std::uint64_t first;  // the lowest rank in it
  std::uint64_t local;  // this rank's number in it
};

// 0 if the text is no number.
std::size_t ranks_in_a_row(const std::string& text) {
  std::size_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? number : 0;
}

std::unique_ptr<Communicator> split(Communicator& world, const ReducerOptions& options) {
  if (options.node == "shared") return world.split_node();
  if (options.node == "given") return world.split(options.node_color, 0);
  const auto rank = static_cast<std::size_t>(world.rank());
  return world.split(static_cast<int>(rank / ranks_in_a_row(options.node)), 0);
}

bool is_cut_by_rows(const Shape& shape, std::size_t owners) {
  return shape.is_matrix() && shape.rows() >= owners;
}

// Matrices stay matrices, for compressors that take nothing else.
Shape shape_of_part(const Shape& shape, std::size_t owners, Range part) {
  if (!shape.is_matrix()) return Shape::flat(part.size());
  if (!is_cut_by_rows(shape, owners)) return {1, part.size()};
  std::vector<std::size_t> extents{shape.columns() == 0 ? 0 : part.size() / shape.columns(),
                                   shape.columns()};
  return Shape(std::move(extents));
}

std::string text_of(Range range) {
  return "[" + std::to_string(range.begin) + ":" + std::to_string(range.end) + ")";
}

}  // namespace

void check_node(const ReducerOptions& options) {
  const bool word = options.node == "none" || options.node == "shared" || options.node == "given";
  if (!word && ranks_in_a_row(options.node) == 0) {
    throw UsageError("node=" + options.node +
                     ": must be none, shared, given or a number of ranks from 1 on");
  }
  if (options.node_color < 0) {
    throw UsageError("node_color must not be negative, as " + std::to_string(options.node_color));
  }
}

Nodes::Nodes(Communicator& world, const ReducerOptions& options)
    : node_(split(world, options)), ranks_(static_cast<std::size_t>(world.size())) {
  meet(world);
}

void Nodes::meet(Communicator& world) {
  Place mine{static_cast<std::uint64_t>(world.rank()), static_cast<std::uint64_t>(node_->rank())};
  node_->broadcast(std::as_writable_bytes(std::span(&mine.first, 1)), 0);
  std::vector<Place> all(ranks_);
  world.all_gather(std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(all)));
  std::map<std::uint64_t, std::size_t> sizes;  // by the node's first rank
  for (const Place& place : all) ++sizes[place.first];
  count_ = sizes.size();
  owners_ = ranks_;
  for (const auto& [first, size] : sizes) {
    owners_ = std::min(owners_, size);
    largest_ = std::max(largest_, size);
  }
  // A peer's rank is the number of its node.
  const auto node = std::distance(sizes.begin(), sizes.find(mine.first));
  peers_ = world.split(static_cast<int>(mine.local), static_cast<int>(node));
  count_wire_bytes(world);
}

std::string Nodes::text() const {
  const auto plural = [](std::size_t n, const std::string& what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
  };
  const std::string least = owners_ == largest_ ? "" : std::to_string(owners_) + " to ";
  return plural(count_, "node") + " of " + least + plural(largest_, "rank");
}

std::uint64_t Nodes::count_wire_bytes(Communicator& world) {
  const std::uint64_t within = node_->wire_bytes() - node_counted_;
  const std::uint64_t between = peers_->wire_bytes() - peers_counted_;
  node_counted_ += within;
  peers_counted_ += between;
  world.count_wire_bytes(within + between);
  return within;
}

Range part_of(const Shape& shape, std::size_t owners, std::size_t owner) {
  const std::size_t n = shape.elements();
  if (owner >= owners) return {n, n};
  const bool by_rows = is_cut_by_rows(shape, owners);
  const std::size_t pieces = by_rows ? shape.rows() : n;
  const std::size_t size = by_rows ? shape.columns() : 1;
  return {block_start(pieces, owners, owner) * size, block_start(pieces, owners, owner + 1) * size};
}

Parts::Parts(const std::vector<Tensor>& whole, const std::vector<UnitPlan>& whole_units,
             std::size_t owners, std::size_t owner)
    : units(whole_units) {
  for (const Tensor& tensor : whole) {
    const Range part = part_of(tensor.shape, owners, owner);
    tensors.push_back({tensor.name, shape_of_part(tensor.shape, owners, part), tensor.type,
                       part.size(), part.begin, tensor.space});
  }
  for (UnitPlan& unit : units) {
    const Tensor& first = tensors[unit.tensors.front()];
    const std::size_t elements = unit.elements;
    unit.elements = 0;
    for (const std::size_t t : unit.tensors) unit.elements += tensors[t].elements;
    const bool alone = unit.tensors.size() == 1;
    unit.shape = alone ? first.shape : Shape::flat(unit.elements);
    // The name keys random numbers, so parts have their own; what is whole has those of the whole.
    if (unit.elements == elements) continue;
    unit.name += alone ? text_of({first.first, first.first + first.elements})
                       : " part " + std::to_string(owner);
  }
}

}  // namespace pith
