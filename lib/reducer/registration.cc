// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>
#include <sstream>

#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/reducer/agreement.h>
#include <pith/reducer/registration.h>

namespace pith {
namespace {

// "nothing" stands for a line that one rank has and the other has not.
std::string first_difference(const std::string& left, const std::string& right, std::size_t rank) {
  std::istringstream a(left);
  std::istringstream b(right);
  std::string line_a;
  std::string line_b;
  do {
    if (!std::getline(a, line_a)) line_a = "nothing";
    if (!std::getline(b, line_b)) line_b = "nothing";
  } while (line_a == line_b && (a || b));
  return ": rank 0 \"" + line_a + "\", rank " + std::to_string(rank) + " \"" + line_b + "\"";
}

}  // namespace

std::string registration_text(const std::vector<Tensor>& tensors, const Settings& settings) {
  std::string text = settings.text();
  for (const Tensor& tensor : tensors) {
    text += "tensor " + tensor.name + " " + tensor.shape.text() + " " +
            std::string(name_of(tensor.type)) +
            (tensor.space == Space::device ? " on a device\n" : "\n");
  }
  return text;
}

std::uint64_t compare_texts(Communicator& communicator, const std::string& what,
                            const std::string& text) {
  const std::uint64_t mine = hash(text);
  std::vector<std::uint64_t> all(static_cast<std::size_t>(communicator.size()));
  communicator.all_gather(std::as_bytes(std::span(&mine, 1)),
                          std::as_writable_bytes(std::span(all)));
  const auto other = std::ranges::find_if(all, [&](std::uint64_t h) { return h != all.front(); });
  if (other == all.end()) return mine;
  const auto rank = static_cast<std::size_t>(other - all.begin());
  const auto texts = gather_texts(communicator, text);
  throw UsageError(what + first_difference(texts.front(), texts[rank], rank));
}

}  // namespace pith
