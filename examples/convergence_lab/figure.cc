// SPDX-License-Identifier: Apache-2.0
#include "figure.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>
#include <sstream>

namespace convergence_lab {
namespace {

constexpr double kPanelWidth = 360;
constexpr double kPanelHeight = 280;
constexpr double kTop = 44;
constexpr std::size_t kColumns = 3;
constexpr double kLegendLine = 20;
constexpr double kNearest = 1.5;  // pixels between points that are drawn
constexpr const char* kColours[] = {"#3a63c8", "#c2571a", "#0f8a6d", "#7a4fc9",
                                    "#d33f4b", "#b88700", "#c2408f", "#7b8794"};
constexpr const char* kStyle =
    "<style>text{font:12px system-ui,sans-serif;fill:#1c232b}.title{font-size:15px}"
    ".tick{fill:#5b6773}.grid{stroke:#e4e8ec}.frame{fill:none;stroke:#9aa5b1}"
    ".curve{fill:none;stroke-width:1.8;stroke-linejoin:round}</style>";

/// Maps low..high, of what include() was told, to pixels first..last.
class Scale {
 public:
  Scale(Axis of, double from, double to) : first(from), last(to), axis_(of) {}

  const double first;
  const double last;

  bool empty() const { return low_ > high_; }

  void include(double value) {
    low_ = std::min(low_, position(value));
    high_ = std::max(high_, position(value));
  }

  double operator()(double value) const {
    const double width = high_ > low_ ? high_ - low_ : 1;
    return first + (position(value) - low_) / width * (last - first);
  }

  /// Round values, about five; on a logarithmic axis powers of ten, with 2 and 5 times these if
  /// they are few.
  std::vector<double> ticks() const {
    return axis_ == Axis::linear ? linear_ticks() : logarithmic_ticks();
  }

 private:
  double position(double value) const { return axis_ == Axis::linear ? value : std::log10(value); }

  std::vector<double> linear_ticks() const {
    const double rough = std::max(high_ - low_, 1e-12) / 5;
    const double unit = std::pow(10.0, std::floor(std::log10(rough)));
    double step = 10 * unit;
    for (const double factor : {5.0, 2.0, 1.0}) {
      if (factor * unit >= rough) step = factor * unit;
    }
    std::vector<double> values;
    const double end = high_ + 1e-9 * step;
    for (double i = std::ceil(low_ / step - 1e-9); i * step <= end; ++i) {
      values.push_back(i == 0 ? 0 : i * step);  // not -0
    }
    return values;
  }

  std::vector<double> logarithmic_ticks() const {
    const bool few = high_ - low_ < 2.5;
    const double step = std::max(1.0, std::round((high_ - low_) / 5));
    std::vector<double> values;
    for (double power = std::floor(low_); power <= high_ + 1e-9; power += step) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double at = power + std::log10(factor);
        if ((few || factor == 1) && at >= low_ - 1e-9 && at <= high_ + 1e-9) {
          values.push_back(factor * std::pow(10.0, power));
        }
      }
    }
    return values;
  }

  Axis axis_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number(double value) {
  std::ostringstream out;
  out << std::setprecision(4) << value;
  return out.str();
}

void put_text(std::ostream& out, double x, double y, const std::string& content,
              const std::string& attributes) {
  out << "<text x=\"" << x << "\" y=\"" << y << "\" " << attributes << '>' << escaped(content)
      << "</text>\n";
}

bool can_be_drawn(const Panel& panel, const std::pair<double, double>& point) {
  const auto good = [](Axis axis, double value) {
    return std::isfinite(value) && (axis == Axis::linear || value > 0);
  };
  return good(panel.x_axis, point.first) && good(panel.y_axis, point.second);
}

void put_line(std::ostream& out, const Panel& panel, std::size_t index, const Scale& x,
              const Scale& y) {
  out << "<path class=\"curve\" stroke=\"" << kColours[index % std::size(kColours)] << "\" d=\"";
  const char* verb = "M";
  double last_x = 0;
  double last_y = 0;
  for (const auto& point : panel.lines[index]) {
    if (!can_be_drawn(panel, point)) continue;
    const double px = x(point.first);
    const double py = y(point.second);
    if (*verb == 'L' && std::hypot(px - last_x, py - last_y) < kNearest) continue;
    out << verb << px << ',' << py;
    verb = "L";
    last_x = px;
    last_y = py;
  }
  out << "\"/>\n";
}

void put_axes(std::ostream& out, const Panel& panel, const Scale& x, const Scale& y) {
  for (const double tick : x.ticks()) {
    out << "<path class=\"grid\" d=\"M" << x(tick) << ',' << y.first << 'V' << y.last << "\"/>\n";
    put_text(out, x(tick), y.first + 16, number(tick), "class=\"tick\" text-anchor=\"middle\"");
  }
  for (const double tick : y.ticks()) {
    out << "<path class=\"grid\" d=\"M" << x.first << ',' << y(tick) << 'H' << x.last << "\"/>\n";
    put_text(out, x.first - 6, y(tick) + 4, number(tick), "class=\"tick\" text-anchor=\"end\"");
  }
  out << "<path class=\"frame\" d=\"M" << x.first << ',' << y.last << 'V' << y.first << 'H'
      << x.last << "\"/>\n";
  put_text(out, (x.first + x.last) / 2, y.first + 34, panel.x_title, "text-anchor=\"middle\"");
  put_text(out, x.first - 6, y.last - 8, panel.y_title, "");
}

void put_panel(std::ostream& out, const Panel& panel, double left, double top) {
  Scale x(panel.x_axis, left + 58, left + kPanelWidth - 16);
  Scale y(panel.y_axis, top + kPanelHeight - 52, top + 20);
  for (const auto& line : panel.lines) {
    for (const auto& point : line) {
      if (!can_be_drawn(panel, point)) continue;
      x.include(point.first);
      y.include(point.second);
    }
  }
  if (x.empty()) return;  // nothing can be drawn
  put_axes(out, panel, x, y);
  for (std::size_t i = 0; i < panel.lines.size(); ++i) put_line(out, panel, i, x, y);
}

void put_legend(std::ostream& out, const std::vector<std::string>& names, double top) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double y = top + kLegendLine * static_cast<double>(i);
    out << "<path class=\"curve\" stroke=\"" << kColours[i % std::size(kColours)] << "\" d=\"M58,"
        << y << "h28\"/>\n";
    put_text(out, 94, y + 4, names[i], "");
  }
}

}  // namespace

std::string draw(const Figure& figure) {
  const auto rows = static_cast<double>((figure.panels.size() + kColumns - 1) / kColumns);
  const double legend_top = kTop + rows * kPanelHeight + 12;
  const double height = legend_top + kLegendLine * static_cast<double>(figure.names.size());
  std::ostringstream out;
  out << std::fixed << std::setprecision(1);
  out << "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 "
      << kColumns * kPanelWidth << ' ' << height << "\">\n<title>" << escaped(figure.title)
      << "</title>\n"
      << kStyle << "\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  put_text(out, 16, 24, figure.title, "class=\"title\"");
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    put_panel(out, figure.panels[i], kPanelWidth * static_cast<double>(i % kColumns),
              kTop + kPanelHeight * static_cast<double>(i / kColumns));
  }
  put_legend(out, figure.names, legend_top);
  out << "</svg>\n";
  return out.str();
}

}  // namespace convergence_lab
