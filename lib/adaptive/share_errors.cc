// SPDX-License-Identifier: Apache-2.0
#include <pith/adaptive/error_estimator.h>
#include <pith/compressors/registry.h>

namespace pith {
namespace {

template <Element T>
class ShareErrors final : public ErrorEstimator<T> {
 public:
  struct Share {
    std::size_t place;
    double of_squared_norm;
  };

  explicit ShareErrors(std::vector<Share> shares) : shares_(std::move(shares)) {}

  std::size_t block() const override { return 1; }
  void begin(const Look&, Scratch&) override {}
  void add(std::span<const T>, std::size_t) override {}
  void end(const Seen& seen, std::span<Estimate> all) override {
    for (const Share& share : shares_) {
      all[share.place].squared_error = share.of_squared_norm * seen.squared_norm;
    }
  }

 private:
  std::vector<Share> shares_;
};

// What randomk promises is what it does.
template <Element T>
double share_of(const Pipeline& pipeline, const Shape& shape) {
  if (pipeline.front().name != "randomk") return 0;
  const Guarantee guarantee = make_linear<T>({pipeline.front()}, shape)->guarantee();
  return guarantee.variance ? *guarantee.variance : 1 - *guarantee.contraction;
}

}  // namespace

template <Element T>
void add_share_errors(std::vector<PlacedPipeline>& left, const Shape& shape, Estimators<T>& out) {
  const auto taken = take_pipelines(left, [](const PlacedPipeline& one) {
    const std::string& name = one.pipeline.front().name;
    return (one.pipeline.size() == 1 && (name == "none" || name == "identity")) ||
           name == "randomk";
  });
  std::vector<typename ShareErrors<T>::Share> shares;
  for (const auto& [pipeline, place] : taken)
    shares.push_back({place, share_of<T>(pipeline, shape)});
  if (!shares.empty()) out.push_back(std::make_unique<ShareErrors<T>>(std::move(shares)));
}

template void add_share_errors<float>(std::vector<PlacedPipeline>&, const Shape&,
                                      Estimators<float>&);
template void add_share_errors<double>(std::vector<PlacedPipeline>&, const Shape&,
                                       Estimators<double>&);

}  // namespace pith
