// SPDX-License-Identifier: Apache-2.0
// Runs feedback rules, compressors and the methods of lib/optim side by side on problems where
// gradients are exact and clients differ, and draws how they converge:
//
//   convergence_lab --clients 20 --data mushrooms.libsvm --json lab.json --svg lab.svg
//
// A new rule or compressor of the library is there by its name; a new problem is a line in
// convergence_lab/problems.cc.
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "convergence_lab/curve.h"
#include "convergence_lab/options.h"
#include "convergence_lab/problems.h"
#include "convergence_lab/report.h"
#include "convergence_lab/smoothness.h"
#include "convergence_lab/step_size.h"
#include "program/launch.h"

namespace convergence_lab {
namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  if (path.empty()) return;
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

Client make_own_client(const Options& options, pith::Communicator& world) {
  Client client;
  program::on_every_rank(world, [&] {
    client = make_client(options.problem, static_cast<std::size_t>(world.rank()),
                         static_cast<std::size_t>(world.size()));
  });
  return client;
}

void run(const Options& options, pith::Communicator& world) {
  const Client client = make_own_client(options, world);
  Report report{.options = options, .clients = world.size(), .dimensions = client.start.size()};
  if (client.curvature) report.smoothness = measure_smoothness(client, world);
  const bool speaks = world.rank() == 0;
  if (speaks) std::cout << title_of(report) << std::endl;
  for (const Method& method : options.methods) {
    const double step =
        step_size(method, report.dimensions, report.smoothness ? &*report.smoothness : nullptr);
    report.curves.push_back(
        run_method(method, step, client, options.duration, options.problem.seed, world));
    if (speaks) std::cout << summary_line(report.curves.back()) << std::endl;
  }
  program::on_every_rank(world, [&] {
    if (!speaks) return;
    write(options.json, json_text(report));
    write(options.svg, svg_text(report));
  });
}

}  // namespace
}  // namespace convergence_lab

int main(int argc, char** argv) {
  return program::run_program(argc, argv, convergence_lab::parse_options, convergence_lab::run);
}
