// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include <cmath>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "figure.h"

namespace convergence_lab {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Curve& curve) {
  Json points = Json::array();
  for (const Point& point : curve.points) {
    Json entry{{"round", point.round},
               {"message_bytes", point.message_bytes},
               {"wire_bytes", point.wire_bytes},
               {"gradient_norm", point.gradient_norm}};
    if (point.objective) entry["objective"] = *point.objective;
    points.push_back(std::move(entry));
  }
  return {{"method", curve.method.text},
          {"step", curve.step},
          {"stopped", curve.stopped},
          {"points", std::move(points)}};
}

double round_of(const Point& point) { return static_cast<double>(point.round); }
double message_kilobytes(const Point& point) { return point.message_bytes / 1000; }
double wire_kilobytes(const Point& point) { return point.wire_bytes / 1000; }
double gradient_norm_of(const Point& point) { return point.gradient_norm; }
double objective_of(const Point& point) { return *point.objective; }

struct Quantity {
  const char* title;
  double (*of)(const Point&);
};

Panel panel(const Report& report, const Quantity& x, const Quantity& y, Axis x_axis, Axis y_axis) {
  Panel made{x.title, y.title, x_axis, y_axis, {}};
  for (const Curve& curve : report.curves) {
    made.lines.emplace_back();
    for (const Point& point : curve.points) {
      made.lines.back().emplace_back(x.of(point), y.of(point));
    }
  }
  return made;
}

// Whether every objective, if there are any, has a logarithm.
bool is_positive(const Report& report) {
  for (const Curve& curve : report.curves) {
    for (const Point& point : curve.points) {
      if (point.objective.value_or(1) <= 0) return false;
    }
  }
  return true;
}

}  // namespace

std::string title_of(const Report& report) {
  const auto& problem = report.options.problem;
  std::ostringstream title;
  title << problem.problem;
  if (!problem.data.empty()) {
    title << " on " << problem.data.filename().string()
          << (problem.split == Split::sorted ? " (sorted)" : " (shuffled)");
  }
  title << ", " << report.dimensions << " dimensions, " << report.clients << " clients";
  return title.str();
}

std::string summary_line(const Curve& curve) {
  const Point& last = curve.points.back();
  std::ostringstream line;
  line << curve.method.text << ": step " << std::setprecision(4) << curve.step << ", ";
  if (!curve.stopped.empty()) {
    line << curve.stopped;
    return line.str();
  }
  line << "round " << last.round << ", gradient norm " << last.gradient_norm;
  if (last.objective) line << ", objective " << std::setprecision(8) << *last.objective;
  line << std::setprecision(4) << ", " << last.message_bytes / 1000 << " kB of messages, "
       << last.wire_bytes / 1000 << " kB on the wire";
  return line.str();
}

std::string json_text(const Report& report) {
  const auto& problem = report.options.problem;
  Json json{{"problem", problem.problem},
            {"data", problem.data.filename().string()},
            {"split", problem.split == Split::sorted ? "sorted" : "shuffled"},
            {"seed", problem.seed},
            {"clients", report.clients},
            {"dimensions", report.dimensions}};
  if (report.smoothness) {
    json["smoothness"] = {{"of_mean", report.smoothness->of_mean},
                          {"arithmetic_mean", report.smoothness->arithmetic_mean},
                          {"quadratic_mean", report.smoothness->quadratic_mean}};
  }
  json["curves"] = Json::array();
  for (const Curve& curve : report.curves) json["curves"].push_back(to_json(curve));
  return json.dump(1) + '\n';
}

std::string svg_text(const Report& report) {
  Figure figure{title_of(report), {}, {}};
  for (const Curve& curve : report.curves) figure.names.push_back(curve.method.text);
  const Quantity gradient{"norm of the gradient", gradient_norm_of};
  const Quantity objective{"objective", objective_of};
  const std::pair<Quantity, Axis> against[] = {
      {{"round", round_of}, Axis::linear},
      {{"kB of a client's own messages", message_kilobytes}, Axis::logarithmic},
      {{"kB that a client sent in all", wire_kilobytes}, Axis::logarithmic}};
  const bool has_objective = report.curves.front().points.front().objective.has_value();
  const Axis of_objective = is_positive(report) ? Axis::logarithmic : Axis::linear;
  for (const auto& [x, axis] : against) {
    figure.panels.push_back(panel(report, x, gradient, axis, Axis::logarithmic));
  }
  for (const auto& [x, axis] : against) {
    if (has_objective) figure.panels.push_back(panel(report, x, objective, axis, of_objective));
  }
  return draw(figure);
}

}  // namespace convergence_lab
