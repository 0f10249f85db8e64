// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/optim/zero_one_adam.h>

#include "optim/model.h"

namespace pith::test {
namespace {

using Vector = std::vector<double>;
using Kind = ZeroOneAdam<double>::Kind;

// kappa = 2: two updates at each interval, at the steps that it divides.
TEST(ZeroOneAdam, E1IntervalsOfTheVarianceDouble) {
  run_local(2, [](Communicator& communicator) {
    Model<double> model({5});
    ZeroOneAdam<double> adam(communicator, {.var_update_scaler = 2});
    model.join(adam);
    std::vector<std::uint64_t> updates;
    auto variance = state(adam, "w0/variance", 5);
    for (std::uint64_t t = 1; t <= 24; ++t) {
      model.draw(t, communicator.rank());
      const Kind kind = adam.next();
      ASSERT_TRUE(adam.step().committed);
      const auto now = state(adam, "w0/variance", 5);
      ASSERT_EQ(now != variance, kind == Kind::full) << t;
      if (kind == Kind::full) updates.push_back(t);
      variance = now;
    }
    EXPECT_EQ(updates, (std::vector<std::uint64_t>{1, 2, 4, 6, 8, 12, 16, 24}));
  });
}

// Six steps after the freeze at interval 1, six at 2 and so on, up to 4; steps in between send
// nothing at all.
TEST(ZeroOneAdam, IntervalsOfSynchronisationDoubleUpToTheClipper) {
  run_local(3, [](Communicator& communicator) {
    Model<double> model({5});
    ZeroOneAdam<double> adam(
        communicator, {.var_freeze_step = 2, .local_step_scaler = 6, .local_step_clipper = 4});
    model.join(adam);
    std::vector<std::uint64_t> meetings;
    for (std::uint64_t t = 1; t <= 28; ++t) {
      model.draw(t, communicator.rank());
      const Kind kind = adam.next();
      const auto before = communicator.wire_bytes();
      ASSERT_TRUE(adam.step().committed);
      EXPECT_EQ(communicator.wire_bytes() == before, kind == Kind::local) << t;
      if (t > 2 && kind == Kind::compressed) meetings.push_back(t);
    }
    EXPECT_EQ(meetings, (std::vector<std::uint64_t>{3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28}));
  });
}

ZeroOneAdamOptions short_run(double weight_decay = 0) {
  return {.adam = {.lr = 0.01, .weight_decay = weight_decay, .compressor = "identity"},
          .var_freeze_step = 12,
          .var_update_scaler = 2,
          .local_step_scaler = 7,
          .local_step_clipper = 4};
}

/// Where `steps` steps lead with gradients that are the same on all ranks, or each rank's own.
Vector trained(int ranks, const ZeroOneAdamOptions& options, std::uint64_t steps) {
  Vector result;
  run_local(ranks, [&](Communicator& communicator) {
    Model<double> model({11});
    ZeroOneAdam<double> adam(communicator, options);
    model.join(adam);
    for (std::uint64_t t = 1; t <= steps; ++t) {
      model.draw(t, 0);
      ASSERT_TRUE(adam.step().committed);
    }
    EXPECT_EQ(state(adam, "w0/moved", 11), Vector(11));
    EXPECT_EQ(scalar(adam, "rates"), 0);
    if (communicator.rank() == 0) result = model.parameters[0];
  });
  return result;
}

TEST(ZeroOneAdam, E2IdenticalRanksThatMeetWithoutLossAreWhereOneIs) {
  const Vector one = trained(1, short_run(0.1), 40);
  for (const int ranks : {2, 3, 4}) expect_near(trained(ranks, short_run(0.1), 40), one, 1e-12);
}

/// The description, one number at a time, for ranks that stand side by side in one process.
struct PlainRank {
  Vector w;
  Vector m = Vector(w.size());
  Vector v = Vector(w.size());
  Vector u = Vector(w.size());

  double direction(std::size_t i) const { return m[i] / (std::sqrt(v[i]) + 1e-8) + 0.1 * w[i]; }
};

void move_together(std::vector<PlainRank>& ranks, const std::vector<Vector>& g, bool full) {
  for (PlainRank& rank : ranks) {
    for (std::size_t i = 0; i < rank.w.size(); ++i) {
      double mean = 0;
      for (const Vector& one : g) mean += one[i] / static_cast<double>(g.size());
      rank.m[i] = 0.9 * rank.m[i] + 0.1 * mean;
      if (full) rank.v[i] = 0.999 * rank.v[i] + 0.001 * mean * mean;
      rank.w[i] -= 0.01 * rank.direction(i);
    }
  }
}

void move_apart(std::vector<PlainRank>& ranks, const std::vector<Vector>& g) {
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    PlainRank& rank = ranks[r];
    for (std::size_t i = 0; i < rank.w.size(); ++i) {
      rank.m[i] = 0.9 * rank.m[i] + 0.1 * g[r][i];
      const double step = 0.01 * rank.direction(i);
      rank.w[i] -= step;
      rank.u[i] -= step;
    }
  }
}

void meet(std::vector<PlainRank>& ranks, double rates) {
  for (std::size_t i = 0; i < ranks[0].w.size(); ++i) {
    double mean = 0;
    for (const PlainRank& rank : ranks) {
      mean += rank.u[i] * (std::sqrt(rank.v[i]) + 1e-8) / static_cast<double>(ranks.size());
    }
    for (PlainRank& rank : ranks) {
      rank.w[i] += mean / (std::sqrt(rank.v[i]) + 1e-8) - rank.u[i];
      rank.m[i] = -mean / rates;
      rank.u[i] = 0;
    }
  }
}

TEST(ZeroOneAdam, WithoutLossIsWhatItsDescriptionSays) {
  constexpr std::size_t kRanks = 3;
  run_local(kRanks, [](Communicator& communicator) {
    Model<double> model({11});
    ZeroOneAdam<double> adam(communicator, short_run(0.1));
    model.join(adam);
    std::vector<PlainRank> plain(kRanks, {.w = model.parameters[0]});
    double rates = 0;
    for (std::uint64_t t = 1; t <= 40; ++t) {
      std::vector<Vector> g;
      for (std::size_t r = 0; r < kRanks; ++r) {
        g.push_back(gradient<double>(11, 100 * t, static_cast<int>(r)));
      }
      const Kind kind = adam.next();
      if (t <= 12) {
        move_together(plain, g, kind == Kind::full);
      } else {
        move_apart(plain, g);
        rates += 0.01;
        if (kind == Kind::compressed) meet(plain, std::exchange(rates, 0));
      }
      model.draw(t, communicator.rank());
      ASSERT_TRUE(adam.step().committed);
      expect_near(model.parameters[0], plain[static_cast<std::size_t>(communicator.rank())].w,
                  1e-12);
    }
  });
}

// Where all were in step is kept apart, since w - u is not it to the last bit.
TEST(ZeroOneAdam, ReplicasAreEqualToTheBitWheneverTheyMeet) {
  run_local(4, [](Communicator& communicator) {
    Model<float> model({33, 1, 7});
    ZeroOneAdam<float> adam(communicator, {.adam = {.weight_decay = 0.01},
                                           .var_freeze_step = 20,
                                           .var_update_scaler = 2,
                                           .local_step_scaler = 16});
    model.join(adam);
    for (std::uint64_t t = 1; t <= 160; ++t) {
      model.draw(t, communicator.rank());
      const auto kind = adam.next();
      ASSERT_TRUE(adam.step().committed);
      const auto same =
          same_on_all_ranks(communicator, std::span<const float>(model.parameters[0]));
      ASSERT_EQ(same, kind != ZeroOneAdam<float>::Kind::local) << t;
    }
  });
}

TEST(ZeroOneAdam, ForgetsTheResidualsOfGradientsWhenItSendsDisplacements) {
  run_local(2, [](Communicator& communicator) {
    Model<double> model({9});
    ZeroOneAdam<double> adam(communicator, {.var_freeze_step = 3, .var_update_scaler = 1});
    model.join(adam);
    for (std::uint64_t t = 1; t <= 3; ++t) {
      EXPECT_EQ(state(adam, "w0/residual", 9), Vector(9));
      model.draw(t, communicator.rank());
      ASSERT_TRUE(adam.step().committed);  // full, full, compressed
    }
    EXPECT_EQ(state(adam, "w0/residual", 9), Vector(9));
    EXPECT_EQ(state(adam, "w0/owner_residual", 9), Vector(9));
    ASSERT_TRUE(adam.step().committed);
    EXPECT_NE(state(adam, "w0/residual", 9), Vector(9));
  });
}

const ZeroOneAdamOptions kSoonApart{.adam = {.lr = 0.01, .weight_decay = 0.1},
                                    .var_freeze_step = 6,
                                    .var_update_scaler = 1,
                                    .local_step_scaler = 5};

// Weight decay is all that happens to them, and to all ranks alike.
TEST(ZeroOneAdam, MaskedElementsOnlyDecay) {
  run_local(3, [](Communicator& communicator) {
    Model<double> model({10});
    ZeroOneAdam<double> adam(communicator, kSoonApart);
    model.join(adam);
    double expected = model.parameters[0][4];
    for (std::uint64_t t = 1; t <= 40; ++t) {
      model.draw(t, communicator.rank());
      model.gradients[0][4] = 0;
      ASSERT_TRUE(adam.step().committed);
      expected *= 1 - 0.01 * 0.1;
      ASSERT_NEAR(model.parameters[0][4], expected, 1e-12) << t;
      ASSERT_EQ(state(adam, "w0/momentum", 10)[4], 0);
    }
  });
}

// A rank that leaves a local step out must not leave out what all others do in it.
TEST(ZeroOneAdam, MaskedElementsDecayOnARankWhoseGradientIsANan) {
  run_local(3, [](Communicator& communicator) {
    Model<double> model({10});
    ZeroOneAdam<double> adam(communicator, kSoonApart);
    model.join(adam);
    int left_out = 0;
    for (std::uint64_t t = 1; t <= 60; ++t) {
      model.draw(t, communicator.rank());
      model.gradients[0][4] = 0;
      // In a local step, of which the interval is 2 and more by now.
      const bool bad = t > 20 && t % 7 == 3 && communicator.rank() == 1;
      if (bad) model.gradients[0][7] = std::numeric_limits<double>::quiet_NaN();
      const std::uint64_t before = communicator.wire_bytes();
      const bool committed = adam.step().committed;
      if (bad && communicator.wire_bytes() == before) left_out += committed ? 0 : 1;
    }
    EXPECT_EQ(left_out > 0, communicator.rank() == 1);
    const auto anchor = state(adam, "w0/anchor", 10);
    std::vector<double> all(30);
    communicator.all_gather(std::as_bytes(std::span(anchor)),
                            std::as_writable_bytes(std::span(all)));
    for (std::size_t r = 1; r < 3; ++r) {
      EXPECT_EQ(std::vector<double>(all.begin() + 10 * static_cast<std::ptrdiff_t>(r),
                                    all.begin() + 10 * static_cast<std::ptrdiff_t>(r + 1)),
                std::vector<double>(all.begin(), all.begin() + 10));
    }
  });
}

}  // namespace
}  // namespace pith::test
