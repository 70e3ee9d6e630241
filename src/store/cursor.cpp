#include "store/cursor.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "store/values.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>

namespace steno::store {
namespace {

constexpr std::size_t kMaxCursorBytes = 128 * 1024;

std::string order_of(const CallQuery& query) {
    return fmt::format("{}{}", query.descending ? "-" : "", query.order.path());
}

std::optional<Value> value_from(const Field& field, std::string_view text) {
    if (field.type() == FieldType::Timestamp || field.type() == FieldType::Duration) {
        std::int64_t nanos = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), nanos);
        if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
        if (field.type() == FieldType::Duration) return Duration{nanos};
        return Timestamp{nanos, 0};
    }
    auto value = parse_value(field, text);
    return value ? std::optional(std::move(*value)) : std::nullopt;
}

std::unexpected<Error> no_cursor(std::string_view why) {
    return fail(Code::InvalidArgument, fmt::format("cursor: {}", why),
                "give next_cursor of the page before, unchanged, with the same order and filters; or none");
}

}  // namespace

std::string encode_cursor(const CallQuery& query, const Call& last) {
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    json.member("o", order_of(query));
    if (const auto value = value_in(last, query.order)) json.member("v", exact_text(*value));
    json.member("i", last.id.to_string());
    json.member("p", last.project);
    json.end_object();
    std::string out = to_base64(text);
    std::ranges::replace(out, '+', '-');
    std::ranges::replace(out, '/', '_');
    while (out.ends_with('=')) out.pop_back();
    return out;
}

Result<std::optional<Cursor>> decode_cursor(const CallQuery& query) {
    if (query.cursor.empty()) return std::optional<Cursor>{};
    if (query.cursor.size() > kMaxCursorBytes) return no_cursor("too long");
    std::string base64 = query.cursor;
    std::ranges::replace(base64, '-', '+');
    std::ranges::replace(base64, '_', '/');
    base64.append((4 - base64.size() % 4) % 4, '=');
    const auto text = from_base64(base64);
    if (!text) return no_cursor("not one of ours");

    simdjson::dom::parser parser;
    simdjson::dom::object object;
    std::string_view order;
    std::string_view id_text;
    std::string_view project;
    if (parser.parse(*text).get_object().get(object) != simdjson::SUCCESS ||
        object["o"].get_string().get(order) != simdjson::SUCCESS ||
        object["i"].get_string().get(id_text) != simdjson::SUCCESS ||
        object["p"].get_string().get(project) != simdjson::SUCCESS)
        return no_cursor("not one of ours");
    if (order != order_of(query)) return no_cursor("it belongs to a query with another order");
    const auto id = Uuid::parse(id_text);
    if (!id) return no_cursor("not one of ours");
    Cursor cursor{.value = {}, .id = *id, .project = std::string(project)};
    if (std::string_view value; object["v"].get_string().get(value) == simdjson::SUCCESS) {
        cursor.value = value_from(query.order, value);
        if (!cursor.value) return no_cursor("not one of ours");
    }
    return cursor;
}

}  // namespace steno::store
