// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <ostream>

#include "device_rank.h"

// What steps take of the memory of emulated devices once all is built: nothing.
namespace pith::test {
namespace {

struct Room {
  Travel travel;
  double clip = 0;
};

void PrintTo(const Room& room, std::ostream* out) {
  PrintTo(room.travel, out);
  *out << ", clip " << room.clip;
}

class DeviceRoom : public testing::TestWithParam<Room> {
 public:
  /// What a step of all ranks takes.
  template <class Step>
  static std::size_t taken(DeviceRank& one, const Step& step) {
    one.barrier();
    const std::size_t before = emulation::allocations();
    one.barrier();
    step();
    one.barrier();
    const std::size_t after = emulation::allocations();
    one.barrier();
    return after - before;
  }
};

// The first one, one in which a rank skips, one with a NaN, one in which a rank has nothing to
// give, and one like the first.
TEST_P(DeviceRoom, IsAllThereOnceCompressorsAreBuilt) {
  const Room room = GetParam();
  run_ranks(room.travel.way, [&](Communicator& communicator) {
    DeviceRank rank(communicator, room.travel, room.clip);
    rank.reducer().device_states();
    const bool other = rank.rank() == 1;
    for (int step = 0; step < 5; ++step) {
      rank.load(step, step != 2 || !other);
      const std::size_t tensors = step == 3 && other ? 1 : kModel.size();
      std::string problem;
      const auto all = [&] { problem = rank.step(step % 2 == 0, step == 1 && other, tensors); };
      EXPECT_EQ(taken(rank, all), 0u) << "step " << step;
      EXPECT_EQ(problem.empty(), step != 3) << problem;
      EXPECT_EQ(rank.result().committed, step != 2);
      EXPECT_THAT(rank.result().reason, testing::HasSubstr(step == 2 ? ": element " : ""));
    }
  });
}

constexpr Room between(Case one, double clip = 0) { return {{one, Way::devices}, clip}; }
constexpr Room of_nodes(Case one, double clip = 0) { return {{one, Way::node}, clip}; }
constexpr Room by_host(Case one) { return {{one, Way::host}}; }

INSTANTIATE_TEST_SUITE_P(
    All, DeviceRoom,
    testing::Values(
        between({"none", "ef14"}), between({"cast(fp16)", "ef14"}),
        between({"cast(bf16)", "ef21", "gather"}), between({"randomk(density=0.1)", "ef21_sgdm"}),
        between({"randomk(density=0.1)|cast(fp16)", "ef14"}),
        between({"lowrank(rank=2)", "none"}, 3), between({"lowrank(rank=2)", "ef21"}),
        between({"lowrank(rank=9)", "ef14"}), between({"onebit", "ef14", "gather"}),
        between({"onebit", "ef14", "sharded"}), between({"quantize(bits=4)", "econtrol(eta=0.2)"}),
        between({"levels", "ef14"}), between({"topk(density=0.1)", "ef14", "gather"}),
        between({"topk(density=0.1)", "econtrol", "sharded"}),
        between({"topk(density=0.1,values=4bit)", "ef21_sgdm", "sharded"}),
        between({"threshold(value=1)", "ef14", "gather"}), of_nodes({"none", "ef21"}, 3),
        of_nodes({"cast(fp16)", "ef14"}), of_nodes({"onebit", "ef14", "gather"}),
        of_nodes({"onebit", "ef14", "sharded"}), of_nodes({"quantize(bits=4)", "ef21"}),
        of_nodes({"randomk(density=0.1)", "ef14"}), of_nodes({"lowrank(rank=2)", "ef21"}),
        by_host({"onebit", "ef14", "sharded"}), by_host({"quantize(bits=4)", "ef14", "gather"}),
        by_host({"lowrank(rank=2)", "ef14"})));

}  // namespace
}  // namespace pith::test
