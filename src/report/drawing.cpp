#include "report/drawing.hpp"

#include <algorithm>

namespace steno::report {

Drawing draw(const Columns& chart, double width, double height) {
    constexpr double kLeft = 64, kBottom = 18, kTop = 8;  // room for the names of heights and columns
    Drawing drawing{width, height, {}, {}};
    double most = 0;
    for (const auto& column : chart.columns)
        most = std::max({most, column.value.value_or(0), column.beyond.value_or(0)});
    for (const auto& [at, name] : chart.scale) most = std::max(most, at);
    const double plot = height - kBottom - kTop;
    const auto y = [&](double value) { return kTop + plot * (1 - (most > 0 ? value / most : 0)); };
    for (const auto& [at, name] : chart.scale) {
        drawing.boxes.push_back({kLeft, y(at), width - kLeft, 0.6, Drawing::Ink::Grid});
        drawing.labels.push_back({kLeft - 6, y(at) + 3, Drawing::Label::Anchor::Right, name});
    }
    if (chart.columns.empty()) return drawing;
    const double step = (width - kLeft) / static_cast<double>(chart.columns.size());
    const double broad = std::min(step * 0.78, 36.0);
    // A name each where there is room for them, else every second, third, …
    std::size_t longest = 1;
    for (const auto& column : chart.columns) longest = std::max(longest, column.label.size());
    const auto every = static_cast<std::size_t>(static_cast<double>(longest) * 6.2 / step) + 1;
    for (std::size_t i = 0; i < chart.columns.size(); ++i) {
        const auto& column = chart.columns[i];
        const double x = kLeft + step * (static_cast<double>(i) + 0.5);
        const auto box = [&](double from, double to, Drawing::Ink ink) {
            if (to > from) drawing.boxes.push_back({x - broad / 2, y(to), broad, y(from) - y(to), ink});
        };
        const double value = column.value.value_or(0);
        box(0, value,
            column.expected ? Drawing::Ink::Expected
            : column.marked ? Drawing::Ink::Marked
                            : Drawing::Ink::Value);
        box(value, column.beyond.value_or(0), Drawing::Ink::Expected);
        if (i % every == 0)
            drawing.labels.push_back({x, height - 5, Drawing::Label::Anchor::Middle, column.label});
    }
    return drawing;
}

}  // namespace steno::report
