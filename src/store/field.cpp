#include "store/field.hpp"

#include "base/json_writer.hpp"
#include "base/nearest.hpp"
#include "base/text.hpp"
#include "store/subtree.hpp"
#include "store/total_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace steno::store {
namespace {

constexpr std::string_view kAttributes = "labels.attributes.";
constexpr std::string_view kScores = "scores.";
constexpr std::size_t kMaxKey = 1024;

bool has_column(const FieldInfo& field) {
    switch (field.type) {
        case FieldType::Bytes:
        case FieldType::Counts:
        case FieldType::Durations:
        case FieldType::Json:
            return false;
        default:
            return field.place == Place::Header || field.path.starts_with("preview.");
    }
}

std::string_view last_name(std::string_view path) {
    return path.substr(path.rfind('.') + 1);
}

/// How far what was written is from a name that it may have been meant for: whole, or any of the name's
/// words.
std::size_t distance(std::string_view wanted, std::string_view path) {
    std::size_t nearest = edit_distance(wanted, path);
    for (const std::string_view segment : split(path, '.')) {
        nearest = std::min(nearest, edit_distance(last_name(wanted), segment));
        for (const std::string_view word : split(segment, '_'))
            nearest = std::min(nearest, edit_distance(last_name(wanted), word));
    }
    return nearest;
}

/// The fields with names like it, and those that are filtered and grouped by most.
std::string near_it(std::string_view wanted) {
    wanted = wanted.substr(0, 80);
    const std::size_t at_most = (last_name(wanted).size() + 1) / 3;
    std::vector<std::pair<std::size_t, std::string_view>> candidates;
    for (const std::size_t index : column_fields()) {
        const std::string_view path = scalar_fields()[index].path;
        if (const std::size_t far = distance(wanted, path); far <= at_most)
            candidates.emplace_back(far, path);
    }
    std::ranges::sort(candidates);
    std::string out;
    for (std::size_t i = 0; i < std::min<std::size_t>(3, candidates.size()); ++i)
        fmt::format_to(std::back_inserter(out), "{}{}", i == 0 ? "near it: " : ", ", candidates[i].second);
    return out + (out.empty() ? "" : "; ") +
           "often used: status, kind, provider.name, model.requested, error.type, project, environment, "
           "trace.session_id, trace.agent, who.user_id, labels.tags, time.duration_ms, cost.total; "
           "docs/record.md has them all";
}

std::unexpected<Error> unfit(const Field& field, std::string_view text, std::string_view takes) {
    return fail(Code::InvalidArgument,
                fmt::format("{} takes {}; \"{}\" is none", field.path(), takes, utf8_prefix(text, 80)));
}

template <class T>
bool parse_number(std::string_view text, T& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

bool parse_finite(std::string_view text, double& value) {
    if (!parse_number(text, value) || !std::isfinite(value)) return false;
    value += 0.0;  // one zero, not two
    return true;
}

/// Milliseconds to nanoseconds, exactly.
bool parse_milliseconds(std::string_view text, Duration& value) {
    constexpr __int128 kUnitsPerNano = Decimal::kOne / 1'000'000;
    const auto milliseconds = Decimal::parse(text);
    if (!milliseconds || milliseconds->units() % kUnitsPerNano != 0) return false;
    const __int128 nanos = milliseconds->units() / kUnitsPerNano;
    if (nanos > std::numeric_limits<std::int64_t>::max() || nanos < std::numeric_limits<std::int64_t>::min())
        return false;
    value.nanos = static_cast<std::int64_t>(nanos);
    return true;
}

Value parse_attribute(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
        return std::string(text.substr(1, text.size() - 2));
    if (text == "true") return true;
    if (text == "false") return false;
    if (double number = 0; parse_finite(text, number)) return number;
    return std::string(text);
}

}  // namespace

const FieldInfo& Field::info() const {
    static const FieldInfo names{"scores", FieldType::TextList, Place::Header, {}};
    static const FieldInfo value{"scores", FieldType::Number, Place::Header, {}};
    static const FieldInfo tokens{std::string(kTotalTokensPath), FieldType::Integer, Place::Header, {}};
    static const FieldInfo agents{std::string(kSubtrees[0].path), FieldType::TextList, Place::Header, {}};
    static const FieldInfo functions{std::string(kSubtrees[1].path), FieldType::TextList, Place::Header, {}};
    if (index == kTotalTokens) return tokens;
    if (const SubtreeField* const subtree = subtree_of(index))
        return subtree == &kSubtrees[0] ? agents : functions;
    if (index != kScores) return scalar_fields()[index];
    return key.empty() ? names : value;
}

std::string Field::path() const {
    return key.empty() ? info().path : fmt::format("{}.{}", info().path, key);
}

bool Field::is_scalar() const {
    return type() != FieldType::TextList && type() != FieldType::Attributes;
}

Result<Field> make_field(std::string_view path) {
    if (path.starts_with(kAttributes) && path.size() > kAttributes.size()) {
        const std::string_view key = path.substr(kAttributes.size());
        if (key.size() > kMaxKey || !is_valid_utf8(key))
            return fail(Code::InvalidArgument, "an attribute's name is UTF-8 of at most 1024 bytes");
        return Field{*find_field("labels.attributes"), std::string(key)};
    }
    if (path == "scores") return Field{Field::kScores, {}};
    if (path.starts_with(kScores) && path.size() > kScores.size()) {
        const std::string_view key = path.substr(kScores.size());
        if (key.size() > kMaxKey || !is_valid_utf8(key))
            return fail(Code::InvalidArgument, "a score's name is UTF-8 of at most 1024 bytes");
        return Field{Field::kScores, std::string(key)};
    }
    if (path == kTotalTokensPath) return Field{kTotalTokens, {}};
    for (const SubtreeField& subtree : kSubtrees)
        if (path == subtree.path) return Field{subtree.index, {}};
    const auto index = find_field(path);
    if (index && has_column(scalar_fields()[*index])) {
        if (scalar_fields()[*index].type == FieldType::Attributes)
            return fail(Code::InvalidArgument, "labels.attributes needs the attribute's name behind it",
                        "write labels.attributes.<name>");
        return Field{*index, {}};
    }
    if (index)
        return fail(Code::InvalidArgument,
                    fmt::format("{} is kept, but cannot be filtered or grouped by", path), near_it(path));
    return fail(Code::InvalidArgument, fmt::format("there is no field \"{}\"", utf8_prefix(path, 80)),
                near_it(path) + "; attributes are labels.attributes.<name>, scores scores.<name>");
}

std::span<const std::size_t> column_fields() {
    static const std::vector<std::size_t> indices = [] {
        std::vector<std::size_t> out;
        for (std::size_t i = 0; i < scalar_fields().size(); ++i)
            if (has_column(scalar_fields()[i])) out.push_back(i);
        return out;
    }();
    return indices;
}

Result<Value> parse_value(const Field& field, std::string_view text) {
    if (!is_valid_utf8(text))
        return fail(Code::InvalidArgument, fmt::format("{} takes UTF-8 text", field.path()));
    switch (field.type()) {
        case FieldType::Text:
        case FieldType::TextList:
            return std::string(text);
        case FieldType::Attributes:
            return parse_attribute(text);
        case FieldType::Enum:
            if (std::ranges::find(field.info().names, text) == field.info().names.end())
                return unfit(field, text, fmt::format("one of {}", fmt::join(field.info().names, ", ")));
            return std::string(text);
        case FieldType::Integer:
            if (std::int64_t value = 0; parse_number(text, value)) return value;
            return unfit(field, text, "a whole number");
        case FieldType::Number:
            if (double value = 0; parse_finite(text, value)) return value;
            return unfit(field, text, "a number");
        case FieldType::Boolean:
            if (text == "true") return true;
            if (text == "false") return false;
            return unfit(field, text, "true or false");
        case FieldType::Decimal:
            if (const auto value = Decimal::parse(text)) return *value;
            return unfit(field, text, "a decimal number with at most twelve places");
        case FieldType::Duration:
            if (Duration value; parse_milliseconds(text, value)) return value;
            return unfit(field, text, "milliseconds with at most six places");
        case FieldType::Timestamp:
            if (const auto value = Timestamp::parse(text)) return *value;
            return unfit(field, text, "a time like 2026-11-20T10:00:00Z");
        case FieldType::Uuid:
            if (const auto value = Uuid::parse(text)) return *value;
            return unfit(field, text, "a UUID");
        default:
            return fail(Code::Internal, fmt::format("{} has no column", field.path()));
    }
}

void append_json(std::string& out, const Value& value) {
    JsonWriter json(out);
    std::visit(
        [&]<class T>(const T& v) {
            if constexpr (std::same_as<T, std::string>) {
                json.string(v);
            } else if constexpr (std::same_as<T, bool>) {
                json.boolean(v);
            } else if constexpr (std::same_as<T, double> || std::same_as<T, std::int64_t>) {
                json.number(v);
            } else if constexpr (std::same_as<T, Duration>) {
                json.raw(
                    Decimal::from_units(__int128{v.nanos} * (Decimal::kOne / 1'000'000)).to_short_string());
            } else {
                json.string(v.to_string());
            }
        },
        value);
}

}  // namespace steno::store
