#include "cli/chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <unistd.h>

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

std::string sparkline(std::span<const double> values) {
    static constexpr std::array<std::string_view, 9> kLevels = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    if (!charts()) return {};
    const double most = values.empty() ? 0 : std::ranges::max(values);
    std::string text;
    for (const double value : values) {
        const double level = most > 0 ? std::ceil(std::clamp(value / most, 0.0, 1.0) * 8) : 0;
        text += kLevels[static_cast<std::size_t>(level)];
    }
    return text;
}

}  // namespace steno::cli
