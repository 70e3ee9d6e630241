#pragma once

#include "store/query.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

/// What stands in a store's answer.
namespace steno::analysis {

/// A whole number or any other; absent: nothing, or something else.
inline std::optional<double> number_in(const store::Cell& cell) {
    const auto* value = std::get_if<store::Value>(&cell);
    if (value == nullptr) return std::nullopt;
    if (const auto* whole = std::get_if<std::int64_t>(value)) return static_cast<double>(*whole);
    const auto* number = std::get_if<double>(value);
    return number == nullptr ? std::nullopt : std::optional(*number);
}

/// The same of a duration, in milliseconds.
inline std::optional<double> milliseconds_in(const store::Cell& cell) {
    const auto* value = std::get_if<store::Value>(&cell);
    const auto* time = value == nullptr ? nullptr : std::get_if<Duration>(value);
    return time == nullptr ? std::nullopt : std::optional(static_cast<double>(time->nanos) / 1e6);
}

/// A number of calls; 0 where there is none.
inline std::int64_t count_in(const store::Cell& cell) {
    const auto* value = std::get_if<store::Value>(&cell);
    const auto* count = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
    return count == nullptr ? 0 : *count;
}

/// A moment of a measure.
inline std::optional<Timestamp> moment_in(const store::Cell& cell) {
    const auto* value = std::get_if<store::Value>(&cell);
    const auto* moment = value == nullptr ? nullptr : std::get_if<Timestamp>(value);
    return moment == nullptr ? std::nullopt : std::optional(*moment);
}

/// A key that is a text; "" where the calls do not say it.
inline std::string text_of(const std::optional<store::Value>& value) {
    const auto* text = value ? std::get_if<std::string>(&*value) : nullptr;
    return text == nullptr ? std::string() : *text;
}

}  // namespace steno::analysis
