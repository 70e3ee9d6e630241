#include "prompt_types/rules.hpp"

#include <cmath>
#include <cstring>
#include <utility>

namespace steno::prompt_types {

namespace {

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): each bit of what goes in changes half of what comes
/// out. Ids made in one moment differ in few bits.
std::uint64_t mixed(std::uint64_t value) noexcept {
    value ^= value >> 30;
    value *= 0xbf58476d1ce4e5b9ULL;
    value ^= value >> 27;
    value *= 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

constexpr int kBits = 53;

}  // namespace

std::uint64_t sampling_number(const Uuid& id) noexcept {
    // Byte by byte: the same on machines of any order of bytes.
    const auto half = [&](std::size_t from) {
        std::uint64_t value = 0;
        for (std::size_t i = from; i < from + 8; ++i) value = value << 8 | id.bytes[i];
        return value;
    };
    return mixed(mixed(half(0)) + half(8)) >> (64 - kBits);
}

Table::Table(const Defaults& defaults, const TypeSettings& types) {
    otherwise_.tracks = defaults.track_full_data;
    for (const auto& [type, settings] : types) add(type, settings);
}

void Table::add(const std::string& type, const Settings& settings) {
    Rule rule;
    rule.is_active = settings.is_active;
    rule.tracks = settings.track_full_data.value_or(otherwise_.tracks);
    rule.kept = static_cast<std::uint64_t>(std::llround(std::ldexp(settings.sample_rate, kBits)));
    rule.texts = {.limit = static_cast<std::size_t>(settings.text_limit),
                  .masks_personal_data = settings.masking == Masking::Strict};
    rule.log_level = settings.log_level;
    rule.retention = settings.retention;
    rules_.insert_or_assign(type, std::move(rule));
}

void Rules::admit(Call& call) const noexcept {
    if (call.prompt.type.empty()) return;
    const std::shared_ptr<const Table> table = table_.now();
    const Table::Rule& rule = table->of(call.prompt.type);
    Privacy& privacy = call.privacy;
    if (!rule.is_active && !privacy.listed) privacy.listed = false;
    try {
        if (privacy.retention.empty()) privacy.retention = rule.retention;
        if (privacy.full_data) return;  // the caller's own word
        const char* by = nullptr;
        if (!rule.is_active)
            by = "is_active";
        else if (!rule.tracks)
            by = "track_full_data";
        else if (sampling_number(call.id) >= rule.kept)
            by = "sample_rate";
        if (by == nullptr) return;
        privacy.full_data = false;
        privacy.withheld_by = by;
        call.preview = {};
    } catch (...) {  // out of memory: whoever records finds that out by himself
    }
}

ingest::TextRule Rules::texts(const Call& call) const noexcept {
    return call.prompt.type.empty() ? ingest::TextRule{} : table_.now()->of(call.prompt.type).texts;
}

LogLevel Rules::log_level(const Call& call) const noexcept {
    return call.prompt.type.empty() ? LogLevel::Off : table_.now()->of(call.prompt.type).log_level;
}

}  // namespace steno::prompt_types
