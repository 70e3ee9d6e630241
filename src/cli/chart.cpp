#include "cli/chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace steno::cli {

bool charts() {
    static const bool can = isatty(STDOUT_FILENO) != 0;
    return can;
}

std::string bar(double share, std::size_t width) {
    static constexpr std::array<std::string_view, 8> kParts = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (!charts()) return {};
    const double wanted = std::clamp(share, 0.0, 1.0) * static_cast<double>(width) * 8;
    const auto eighths = static_cast<std::size_t>(std::lround(wanted));
    std::string text;
    for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
    text += kParts[eighths % 8];
    text.append(width - (eighths + 7) / 8, ' ');
    return text;
}

std::string interval_bar(double low, double value, double high, double least, double most,
                         std::size_t width) {
    if (!charts() || width == 0 || !(most > least)) return {};
    const auto place = [&](double at) {
        const double part = std::clamp((at - least) / (most - least), 0.0, 1.0);
        return static_cast<std::size_t>(std::lround(part * static_cast<double>(width - 1)));
    };
    const std::size_t from = place(low), to = place(high);
    std::vector<std::string_view> columns(width, " ");
    for (std::size_t i = from; i <= to; ++i) columns[i] = "─";
    columns[from] = "├";
    columns[to] = "┤";
    if (const std::size_t zero = place(0); columns[zero] == " " || columns[zero] == "─")
        columns[zero] = columns[zero] == " " ? "┊" : "┼";
    columns[place(value)] = "●";
    std::string text;
    for (const std::string_view column : columns) text += column;
    return text;
}

std::string sparkline(std::span<const std::optional<double>> values, std::size_t width) {
    static constexpr std::array<std::string_view, 8> kHeights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    if (!charts() || values.empty()) return {};
    const std::size_t columns = std::min(width, values.size());
    std::vector<std::optional<double>> shown(columns);
    for (std::size_t i = 0; i < columns; ++i) {
        const std::size_t from = i * values.size() / columns, to = (i + 1) * values.size() / columns;
        double sum = 0, known = 0;
        for (std::size_t k = from; k < to; ++k)
            if (values[k]) sum += *values[k], known += 1;
        if (known > 0) shown[i] = sum / known;
    }
    double most = 0;
    for (const auto& value : shown) most = std::max(most, value.value_or(0));
    std::string text;
    for (const auto& value : shown) {
        const double height = value && most > 0 ? std::clamp(*value / most, 0.0, 1.0) * 7 : 0;
        text += value ? kHeights[static_cast<std::size_t>(std::lround(height))] : " ";
    }
    return text;
}

std::string sparkline(std::span<const double> counts) {
    std::vector<std::optional<double>> values;
    for (const double count : counts) values.push_back(count > 0 ? std::optional(count) : std::nullopt);
    return sparkline(values, values.size());
}

}  // namespace steno::cli
