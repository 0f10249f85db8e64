// SPDX-License-Identifier: Apache-2.0
#include <pith/adaptive/policy_schedule.h>

namespace pith {
namespace {

class PolicySchedule final : public Policy {
 public:
  PolicySchedule(Schedule schedule, std::vector<std::unique_ptr<Policy>> entries,
                 std::span<const std::string> names)
      : Policy(names), schedule_(std::move(schedule)), entries_(std::move(entries)) {}

  std::vector<StateView<double>> states() override {
    std::vector<StateView<double>> all;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      for (StateView<double>& state : entries_[i]->states()) {
        state.name = std::to_string(i) + "." + state.name;
        all.push_back(std::move(state));
      }
    }
    return all;
  }

 private:
  Solution decide(const Measurements& measurements) override {
    return entries_[entry_at(schedule_, measurements.step)]->choose(measurements);
  }

  Schedule schedule_;
  std::vector<std::unique_ptr<Policy>> entries_;
};

}  // namespace

std::unique_ptr<Policy> make_policy_schedule(Schedule schedule,
                                             std::vector<std::unique_ptr<Policy>> entries,
                                             std::span<const std::string> names) {
  return std::make_unique<PolicySchedule>(std::move(schedule), std::move(entries), names);
}

}  // namespace pith
