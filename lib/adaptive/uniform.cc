// SPDX-License-Identifier: Apache-2.0
#include <pith/adaptive/level.h>
#include <pith/adaptive/uniform.h>

namespace pith {
namespace {

class Uniform final : public Policy {
 public:
  Uniform(Level level, std::span<const std::string> names)
      : Policy(names), level_(std::move(level)) {}

 private:
  Solution decide(const Measurements& measured) override {
    return evaluate({.layers = measured.layers, .current = measured.current},
                    level_.assignment(measured, names()));
  }

  Level level_;
};

}  // namespace

std::unique_ptr<Policy> make_uniform(Arguments& arguments, std::span<const std::string> names) {
  const auto level = arguments.optional_spec("level");
  return std::make_unique<Uniform>(Level(level.value_or(Spec{"standard", {}})), names);
}

}  // namespace pith
