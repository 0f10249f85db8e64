// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/message.h>
#include <pith/feedback/feedback.h>

namespace pith {

/// What a rule composes, and what it learns of it.
template <Element T>
class Composition final : public Source<T> {
 public:
  Composition(Feedback<T>& rule, std::size_t n) : rule_(rule), n_(n) {}

  std::size_t size() const override { return n_; }
  void peek(Range range, std::span<T> out) const override { rule_.peek(range, out); }
  std::span<const T> take(Range range) override { return rule_.compose(range); }
  void settle() override { rule_.settle(); }
  std::span<const T> taken() override { return rule_.composed(); }
  void sent(Range range, const Decoded<T>& decoded) override { rule_.commit(range, decoded); }

 private:
  Feedback<T>& rule_;
  std::size_t n_;
};

}  // namespace pith
