#include "repricing/counts.hpp"

#include <algorithm>

namespace steno::repricing {

void write_counts(JsonWriter& json, std::string_view key, std::string_view name, Counts counts,
                  std::size_t most) {
    std::ranges::sort(counts, {}, [](const auto& one) { return std::pair(-one.second, one.first); });
    if (counts.size() > most) counts.resize(most);
    json.key(key);
    json.begin_array();
    for (const auto& [text, calls] : counts) {
        json.begin_object();
        json.member(name, text);
        json.member("calls", calls);
        json.end_object();
    }
    json.end_array();
}

}  // namespace steno::repricing
