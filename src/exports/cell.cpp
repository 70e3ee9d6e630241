#include "exports/cell.hpp"

#include "base/json_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <utility>

namespace steno::exports {

namespace {

template <class Number>
void append_number(std::string& out, Number number) {
    char digits[32];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

/// Milliseconds, with the places that it needs.
void append_duration(std::string& out, Duration duration) {
    constexpr std::int64_t kMillisecond = 1'000'000;
    if (duration.nanos < 0) out += '-';
    const auto whole = static_cast<std::uint64_t>(duration.nanos);
    const std::uint64_t nanos = duration.nanos < 0 ? 0 - whole : whole;
    append_number(out, nanos / kMillisecond);
    std::uint64_t rest = nanos % kMillisecond;
    if (rest == 0) return;
    char places[7] = {'.', '0', '0', '0', '0', '0', '0'};
    std::size_t used = 1;
    for (std::size_t i = 6; i > 0; --i, rest /= 10) {
        places[i] = static_cast<char>('0' + rest % 10);
        if (used == 1 && places[i] != '0') used = i + 1;
    }
    out.append(places, used);
}

template <class Map, class Append>
void append_object(std::string& out, const Map& entries, Append&& append) {
    char before = '{';
    for (const auto& [name, value] : entries) {
        out += std::exchange(before, ',');
        append_json_string(out, name);
        out += ':';
        append(value);
    }
    out += before == '{' ? "{}" : "}";
}

struct Writer {
    std::string& out;
    bool quoted;  ///< text, ids, times and money as JSON strings

    void operator()(std::monostate) const {
        if (quoted) out += "null";
    }
    void operator()(std::string_view text) const {
        if (quoted) {
            append_json_string(out, text);
        } else {
            out += text;
        }
    }
    void operator()(std::int64_t number) const { append_number(out, number); }
    void operator()(double number) const {
        if (std::isfinite(number)) {
            append_number(out, number);
        } else if (quoted) {
            out += "null";
        }
    }
    void operator()(bool value) const { out += value ? "true" : "false"; }
    void operator()(Duration duration) const { append_duration(out, duration); }
    void operator()(Decimal money) const { word(money.to_string()); }
    void operator()(const Timestamp& moment) const { word(moment.to_string()); }
    void operator()(const Uuid& id) const { word(id.to_string()); }
    void operator()(const std::vector<std::string>* texts) const {
        char before = '[';
        for (const std::string& text : *texts) {
            out += std::exchange(before, ',');
            append_json_string(out, text);
        }
        out += before == '[' ? "[]" : "]";
    }
    void operator()(const std::map<std::string, AttributeValue>* attributes) const {
        append_object(out, *attributes, [this](const AttributeValue& value) {
            std::visit(
                [this]<class T>(const T& v) {
                    if constexpr (std::same_as<T, std::string>) {
                        append_json_string(out, v);
                    } else {
                        Writer{out, true}(v);
                    }
                },
                value);
        });
    }
    void operator()(const std::map<std::string, std::int64_t>* counts) const {
        append_object(out, *counts, [this](std::int64_t count) { append_number(out, count); });
    }
    void operator()(const std::map<std::string, Duration>* durations) const {
        append_object(out, *durations, [this](Duration duration) { append_duration(out, duration); });
    }

    /// Has nothing in it that JSON would escape.
    void word(std::string_view text) const {
        if (quoted) out += '"';
        out += text;
        if (quoted) out += '"';
    }
};

}  // namespace

void append_json(std::string& out, FieldType type, const FieldValue& cell) {
    const auto* json = std::get_if<std::string_view>(&cell);
    if (type == FieldType::Json && json != nullptr) {
        const std::size_t begin = out.size();
        out += *json;
        // Between its tokens, as strings have none: a row stays a line.
        std::replace_if(
            out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
            [](char c) { return c == '\n' || c == '\r'; }, ' ');
    } else {
        std::visit(Writer{out, true}, cell);
    }
}

void append_text(std::string& out, const FieldValue& cell) {
    std::visit(Writer{out, false}, cell);
}

bool is_running_text(FieldType type) {
    return type == FieldType::Text || type == FieldType::Bytes || type == FieldType::Enum;
}

}  // namespace steno::exports
