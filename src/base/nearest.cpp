#include "base/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace steno {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

std::string_view nearest(std::string_view wanted, std::span<const std::string_view> names) {
    constexpr std::size_t kLookedAt = 80;
    constexpr std::size_t kBeginning = 3;
    wanted = wanted.substr(0, kLookedAt);
    std::size_t distance = (wanted.size() + 2) / 3 + 1;
    std::string_view found;
    for (const std::string_view name : names) {
        const bool begun = wanted.size() >= kBeginning && name.starts_with(wanted);
        if (const std::size_t far = begun ? 0 : edit_distance(wanted, name); far < distance) {
            distance = far;
            found = name;
        }
    }
    return found;
}

}  // namespace steno
