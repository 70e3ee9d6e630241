#include "ingest/damage_notes.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <string_view>

namespace steno::ingest {
namespace {

constexpr std::uint64_t kMaxFileBytes = 4u << 20;
constexpr std::size_t kMaxPlaceBytes = 2000;

}  // namespace

void DamageNotes::read() {
    const auto text = io::read_file(files_, path_, kMaxFileBytes);
    if (!text) return;
    const std::scoped_lock lock(mutex_);
    for (std::string_view left = *text; !left.empty();) {
        const std::size_t end = std::min(left.find('\n'), left.size());
        if (end > 0) places_.emplace(left.substr(0, end));
        left.remove_prefix(std::min(end + 1, left.size()));
    }
}

bool DamageNotes::add(const std::string& place) {
    const std::scoped_lock lock(mutex_);
    std::string line = place.substr(0, kMaxPlaceBytes);
    std::ranges::replace(line, '\n', ' ');
    if (places_.size() >= kMaxPlaces || !places_.insert(std::move(line)).second) return false;
    std::string text;
    for (const std::string& known : places_) text += known + '\n';
    if (auto written = io::replace_file(files_, path_, text); !written)
        log::warning("{} cannot be written: {}", path_, written.error().message);
    return true;
}

std::size_t DamageNotes::count() const {
    const std::scoped_lock lock(mutex_);
    return places_.size();
}

std::vector<std::string> DamageNotes::places(std::size_t most) const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> first;
    for (const std::string& place : places_) {
        if (first.size() == most) break;
        first.push_back(place);
    }
    return first;
}

}  // namespace steno::ingest
