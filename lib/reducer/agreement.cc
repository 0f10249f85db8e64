// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <numeric>
#include <span>

#include <pith/core/error.h>
#include <pith/reducer/agreement.h>

namespace pith {
namespace {

struct Vote {
  std::uint64_t says = 0;  // one bit per Fault::Kind; in place: 1 for yes
  std::uint64_t digest = 0;
};
static_assert(sizeof(Vote) == kAgreementBytes);

std::uint64_t bit(Fault::Kind kind) { return 1u << static_cast<unsigned>(kind); }

// What all ranks say, joined; `same` tells whether all have this digest.
struct Votes {
  std::uint64_t any = 0;
  std::uint64_t every = ~std::uint64_t{0};
  bool same = true;
};

Votes vote(Communicator& communicator, const Vote& mine) {
  // A few ranks' votes fit on the stack: an uneventful step must not allocate.
  std::array<Vote, 64> few;
  std::vector<Vote> many;
  const auto ranks = static_cast<std::size_t>(communicator.size());
  if (ranks > few.size()) many.resize(ranks);
  const std::span<Vote> votes = ranks > few.size() ? std::span(many) : std::span(few).first(ranks);
  communicator.all_gather(std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(votes));
  Votes all;
  for (const Vote& other : votes) {
    all.any |= other.says;
    all.every &= other.says;
    all.same = all.same && other.digest == votes.front().digest;
  }
  return all;
}

// One line per rank that has something to say; one for all where all say the same.
std::string joined(const std::vector<std::string>& texts) {
  const bool alike = std::ranges::count(texts, texts.front()) == std::ssize(texts);
  if (alike && texts.size() > 1 && !texts.front().empty()) return "every rank: " + texts.front();
  std::string out;
  for (std::size_t rank = 0; rank < texts.size(); ++rank) {
    if (texts[rank].empty()) continue;
    out += (out.empty() ? "rank " : "\nrank ") + std::to_string(rank) + ": " + texts[rank];
  }
  return out;
}

std::string text_of(const std::vector<Fault>& faults) {
  std::string out;
  for (const Fault& fault : faults) out += (out.empty() ? "" : "; ") + fault.text;
  return out;
}

}  // namespace

std::vector<std::string> gather_texts(Communicator& communicator, const std::string& text) {
  const auto ranks = static_cast<std::size_t>(communicator.size());
  std::vector<std::size_t> sizes(ranks);
  const std::size_t mine = text.size();
  communicator.all_gather(std::as_bytes(std::span(&mine, 1)),
                          std::as_writable_bytes(std::span(sizes)));
  std::string all(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}), ' ');
  communicator.all_gather_v(std::as_bytes(std::span(text)), sizes,
                            std::as_writable_bytes(std::span(all)));
  std::vector<std::string> texts;
  std::size_t start = 0;
  for (const std::size_t size : sizes) {
    texts.push_back(all.substr(start, size));
    start += size;
  }
  return texts;
}

void share_error(Communicator& communicator, const std::string& text) {
  const std::string all = joined(gather_texts(communicator, text));
  if (!all.empty()) throw UsageError(all);
}

Agreement agree(Communicator& communicator, const std::vector<Fault>& faults,
                std::uint64_t digest) {
  Vote mine{.says = 0, .digest = digest};
  for (const Fault& fault : faults) mine.says |= bit(fault.kind);
  const auto [any, every, same] = vote(communicator, mine);
  Agreement agreement;
  const auto is_said = [said = any](Fault::Kind kind) { return (said & bit(kind)) != 0; };
  agreement.usage = is_said(Fault::Kind::usage) || !same;
  agreement.device = is_said(Fault::Kind::device);
  agreement.non_finite = is_said(Fault::Kind::non_finite);
  agreement.wire =
      is_said(Fault::Kind::wire) || (is_said(Fault::Kind::garbled) && !agreement.non_finite);
  if (agreement.all_well()) return agreement;
  agreement.text = joined(gather_texts(communicator, text_of(faults)));
  if (!same) {
    agreement.text += agreement.text.empty() ? "" : "\n";
    agreement.text += "the ranks are not in the same step, or gave it different options";
  }
  return agreement;
}

void Agreement::throw_errors() const {
  if (usage) throw UsageError(text);
  if (device) throw DeviceError(text);
  if (wire) throw WireError(text);
}

bool agree_in_place(Communicator& communicator, bool can, std::uint64_t digest) {
  const Votes votes = vote(communicator, {.says = can ? 1u : 0u, .digest = digest});
  return votes.every == 1 && votes.same;
}

}  // namespace pith
