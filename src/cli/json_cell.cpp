#include "cli/json_cell.hpp"

#include <cmath>
#include <optional>
#include <string_view>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

template <class T>
std::optional<T> get(dom::element value) {
    T out{};
    return value.get(out) == simdjson::SUCCESS ? std::optional(out) : std::nullopt;
}

std::optional<Duration> duration(dom::element value) {
    const auto milliseconds = get<double>(value);
    if (!milliseconds || std::abs(*milliseconds) > 9e12) return std::nullopt;
    return Duration{std::llround(*milliseconds * 1e6)};
}

std::optional<AttributeValue> attribute(dom::element value) {
    if (const auto text = get<std::string_view>(value)) return AttributeValue(std::string(*text));
    if (const auto truth = get<bool>(value)) return AttributeValue(*truth);
    if (const auto number = get<double>(value)) return AttributeValue(*number);
    return std::nullopt;
}

/// False: a member is none of those.
template <class T, class Read>
bool read_members(dom::element value, std::map<std::string, T>& out, Read&& read) {
    out.clear();
    const auto members = get<dom::object>(value);
    if (!members) return false;
    for (const auto& [name, member] : *members) {
        auto one = read(member);
        if (!one) return false;
        out.emplace(name, *std::move(one));
    }
    return true;
}

bool read_texts(dom::element value, std::vector<std::string>& out) {
    out.clear();
    const auto members = get<dom::array>(value);
    if (!members) return false;
    for (const dom::element member : *members) {
        const auto text = get<std::string_view>(member);
        if (!text) return false;
        out.emplace_back(*text);
    }
    return true;
}

template <class T>
FieldValue present(const std::optional<T>& value) {
    return value ? FieldValue(*value) : FieldValue();
}

}  // namespace

Result<FieldValue> JsonCell::read(FieldType type, dom::element value) {
    if (value.is_null()) return FieldValue();
    const auto text = get<std::string_view>(value);
    FieldValue cell;
    switch (type) {
        case FieldType::Text:
        case FieldType::Bytes:
        case FieldType::Enum:
            if (text) return FieldValue(*text);
            [[fallthrough]];
        case FieldType::Json:
            text_ = simdjson::minify(value);
            return FieldValue(std::string_view(text_));
        case FieldType::Integer:
            cell = present(get<std::int64_t>(value));
            break;
        case FieldType::Number:
            cell = present(get<double>(value));
            break;
        case FieldType::Boolean:
            cell = present(get<bool>(value));
            break;
        case FieldType::Duration:
            cell = present(duration(value));
            break;
        case FieldType::Decimal:
            if (text) cell = present(Decimal::parse(*text));
            break;
        case FieldType::Timestamp:
            if (text) cell = present(Timestamp::parse(*text));
            break;
        case FieldType::Uuid:
            if (text) cell = present(Uuid::parse(*text));
            break;
        case FieldType::TextList:
            if (read_texts(value, texts_)) cell = &std::as_const(texts_);
            break;
        case FieldType::Attributes:
            if (read_members(value, attributes_, attribute)) cell = &std::as_const(attributes_);
            break;
        case FieldType::Counts:
            if (read_members(value, counts_, get<std::int64_t>)) cell = &std::as_const(counts_);
            break;
        case FieldType::Durations:
            if (read_members(value, durations_, duration)) cell = &std::as_const(durations_);
            break;
    }
    if (std::holds_alternative<std::monostate>(cell))
        return fail(Code::Internal,
                    "the answer holds a value that does not fit its field: " + simdjson::minify(value));
    return cell;
}

}  // namespace steno::cli
