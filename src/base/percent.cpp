#include "base/percent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace steno {

std::string percent_text(double share) {
    const double percent = share * 100, size = std::abs(percent);
    constexpr int kMostPlaces = 6;
    const bool small = size > 0 && size < 0.1;
    const int places = small ? std::min(1 - static_cast<int>(std::floor(std::log10(size))), kMostPlaces) : 1;
    return fmt::format("{:.{}f} %", percent, places);
}

}  // namespace steno
