// SPDX-License-Identifier: Apache-2.0
#include <pith/collectives/receive.h>
#include <pith/compressors/registry.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/cost_model.h>

namespace pith {
namespace {

// Averaged where it is, from its second such step on.
bool is_plain(const Choice& choice, const UnitPlan& unit) {
  return choice.kind == CompressorKind::none &&
         keeps_nothing_sent(feedback_rule(unit.treatment.feedback.name));
}

}  // namespace

struct CostModel::Sums {
  double elements = 0;
  double bytes = 0;             // of messages, or of the units where they are raw
  double encode = 0;            // seconds
  double decode = 0;            // of one message
  double decode_all = 0;        // of all ranks' messages
  std::vector<double> factors;  // elements, round by round
  bool sixteen_bit = false;     // they travel in
};

CostModel::CostModel(Communicator& communicator, std::size_t largest_bytes)
    : ranks_(communicator.size()),
      times_(communicator, largest_bytes),
      codecs_(static_cast<std::size_t>(communicator.size()), largest_bytes / sizeof(float)) {}

// A size record and a message of that many bytes from every rank.
double CostModel::gather(double bytes) const {
  return times_.all_gather.at(kSizeRecordBytes) + times_.all_gather.at(bytes);
}

double CostModel::scatter(double bytes) const {
  return times_.all_to_all.at(kSizeRecordBytes * ranks_) + times_.all_to_all.at(bytes);
}

double CostModel::average(double elements, double bytes, bool sixteen_bit) const {
  if (!sixteen_bit) return times_.all_reduce.at(bytes);
  return times_.all_to_all.at(2 * elements) + times_.all_gather.at(2 * elements / ranks_);
}

double CostModel::link_seconds(const Choice& choice, const Sums& sums) const {
  switch (choice.exchange) {
    case Exchange::gather:
      return gather(sums.bytes);
    case Exchange::sharded:
    case Exchange::sparse:
      return scatter(sums.bytes) + gather(sums.bytes / ranks_) +
             (choice.exchange == Exchange::sparse ? gather(32 * ranks_) : 0);
    case Exchange::raw:
    case Exchange::linear:
      break;
  }
  double seconds = 0;
  for (const double elements : sums.factors) {
    const double bytes = sums.elements > 0 ? elements / sums.elements * sums.bytes : 0;
    seconds += average(elements, bytes, sums.sixteen_bit);
  }
  return seconds;
}

double CostModel::seconds(const Choice& choice, const std::vector<UnitPlan>& plan,
                          const std::vector<std::size_t>& units) {
  Sums sums;
  for (const std::size_t u : units) {
    const UnitPlan& unit = plan[u];
    const auto n = static_cast<double>(unit.elements);
    const auto bytes = n * static_cast<double>(size_of(unit.type));
    sums.elements += n;
    if (is_plain(choice, unit)) {
      sums.factors = {sums.elements};
      sums.bytes += bytes;
      continue;
    }
    const CodecTimes& codec = codecs_.of(choice, unit.treatment.feedback, unit.type);
    sums.encode += codec.encode.at(n);
    sums.decode += codec.decode.at(n);
    sums.decode_all += codec.decode_all.at(n);
    if (choice.kind == CompressorKind::linear) {
      const auto linear = make_linear<float>(choice.pipeline, unit.shape);
      sums.sixteen_bit = linear->factor_type() != ElementType::float32;
      sums.factors.resize(static_cast<std::size_t>(linear->rounds()));
      for (int r = 0; r < linear->rounds(); ++r) {
        sums.factors[static_cast<std::size_t>(r)] +=
            static_cast<double>(linear->factor_elements(r));
      }
      sums.bytes += bytes;
    } else if (choice.kind == CompressorKind::none) {
      sums.factors = {sums.elements};
      sums.bytes += bytes;
    } else {
      sums.bytes += codec.bytes.at(n);
    }
  }
  const double link = ranks_ > 1 ? link_seconds(choice, sums) : 0;
  if (choice.exchange == Exchange::sharded) {
    // Each rank sums, and encodes once more, a p-th; then all decode everyone's p-th.
    return link + sums.encode * (1 + 1 / ranks_) + sums.decode_all / ranks_ + sums.decode;
  }
  return link + sums.encode + (choice.exchange == Exchange::gather ? sums.decode_all : sums.decode);
}

}  // namespace pith
