#include "sql/question.hpp"

#include "base/json_writer.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace steno::sql {

namespace {

namespace dom = simdjson::dom;

/// The types that travel; by their places.
constexpr std::array kTypes = {FieldType::Text,   FieldType::Json,    FieldType::Integer,
                               FieldType::Number, FieldType::Boolean, FieldType::Timestamp,
                               FieldType::Uuid,   FieldType::Decimal};

std::int64_t number_of(FieldType type) {
    return std::ranges::find(kTypes, type) - kTypes.begin();
}

std::unexpected<Error> broken() {
    return fail(Code::Internal, "the process that ran the query said what cannot be understood");
}

Result<FieldType> type_of(dom::element value) {
    std::uint64_t number = 0;
    if (value.get(number) != simdjson::SUCCESS || number >= kTypes.size()) return broken();
    return kTypes[number];
}

Result<dom::element> parse(dom::parser& parser, std::string_view body) {
    dom::element root;
    if (parser.parse(simdjson::padded_string(body)).get(root) != simdjson::SUCCESS) return broken();
    return root;
}

template <class T>
Result<T> member(dom::element object, const char* name) {
    T value{};
    if (object[name].get(value) != simdjson::SUCCESS) return broken();
    return value;
}

/// Of a condition: text that the type reads.
std::string text_of(const store::Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    if (const auto* is = std::get_if<bool>(&value)) return *is ? "true" : "false";
    if (const auto* id = std::get_if<Uuid>(&value)) return id->to_string();
    return {};
}

Result<store::Value> value_of(FieldType type, std::string_view text) {
    switch (type) {
        case FieldType::Text:
            return std::string(text);
        case FieldType::Boolean:
            return text == "true";
        case FieldType::Integer:
        case FieldType::Timestamp: {
            std::int64_t number = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
            if (error != std::errc() || end != text.data() + text.size()) break;
            return number;
        }
        case FieldType::Uuid:
            if (const auto id = Uuid::parse(text)) return *id;
            break;
        default:
            break;
    }
    return fail(Code::InvalidArgument, "that is no value of the column");
}

}  // namespace

std::string encode(const Question& question) {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    json.member("query", question.query);
    json.member("max_rows", question.max_rows);
    json.member("memory_bytes", question.memory_bytes);
    json.key("views");
    json.begin_array();
    for (const store::View& view : question.views) {
        json.begin_object();
        json.member("name", view.name);
        json.key("columns");
        json.begin_array();
        for (const store::ViewColumn& column : view.columns) {
            json.begin_object();
            json.member("name", column.name);
            json.member("type", number_of(column.type));
            json.member("text", static_cast<int>(column.text));
            json.end_object();
        }
        json.end_array();
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return body;
}

Result<Question> decode_question(std::string_view body) {
    dom::parser parser;
    STENO_ASSIGN(const dom::element root, parse(parser, body));
    Question question;
    STENO_ASSIGN(question.query, member<std::string_view>(root, "query"));
    STENO_ASSIGN(question.max_rows, member<std::uint64_t>(root, "max_rows"));
    STENO_ASSIGN(question.memory_bytes, member<std::uint64_t>(root, "memory_bytes"));
    STENO_ASSIGN(const dom::array views, member<dom::array>(root, "views"));
    for (const dom::element view : views) {
        store::View& to = question.views.emplace_back();
        STENO_ASSIGN(to.name, member<std::string_view>(view, "name"));
        STENO_ASSIGN(const dom::array columns, member<dom::array>(view, "columns"));
        for (const dom::element column : columns) {
            store::ViewColumn& at = to.columns.emplace_back();
            STENO_ASSIGN(at.name, member<std::string_view>(column, "name"));
            STENO_ASSIGN(const dom::element type, member<dom::element>(column, "type"));
            STENO_ASSIGN(at.type, type_of(type));
            STENO_ASSIGN(const std::int64_t text, member<std::int64_t>(column, "text"));
            at.text = static_cast<store::ViewText>(text);
        }
    }
    return question;
}

std::string encode(const ScanWanted& scan) {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    json.member("view", std::uint64_t{scan.view});
    json.member("by_reference", scan.by_reference);
    json.key("columns");
    json.begin_array();
    for (const std::size_t column : scan.columns) json.number(std::uint64_t{column});
    json.end_array();
    json.key("conditions");
    json.begin_array();
    for (const store::ViewCondition& condition : scan.conditions) {
        json.begin_object();
        json.member("column", std::uint64_t{condition.column});
        json.member("op", store::to_string(condition.op));
        json.member("value", text_of(condition.value));
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return body;
}

Result<ScanWanted> decode_scan(std::string_view body, std::span<const store::View> views) {
    dom::parser parser;
    STENO_ASSIGN(const dom::element root, parse(parser, body));
    ScanWanted scan;
    STENO_ASSIGN(scan.view, member<std::uint64_t>(root, "view"));
    if (scan.view >= views.size()) return broken();
    const auto& known = views[scan.view].columns;
    STENO_ASSIGN(scan.by_reference, member<bool>(root, "by_reference"));
    STENO_ASSIGN(const dom::array columns, member<dom::array>(root, "columns"));
    for (const dom::element column : columns) {
        std::uint64_t index = 0;
        if (column.get(index) != simdjson::SUCCESS || index >= known.size() ||
            scan.columns.size() > known.size())
            return broken();
        scan.columns.push_back(index);
    }
    STENO_ASSIGN(const dom::array conditions, member<dom::array>(root, "conditions"));
    for (const dom::element condition : conditions) {
        store::ViewCondition wanted;
        STENO_ASSIGN(wanted.column, member<std::uint64_t>(condition, "column"));
        if (wanted.column >= known.size()) return broken();
        STENO_ASSIGN(const std::string_view op, member<std::string_view>(condition, "op"));
        STENO_ASSIGN(const std::string_view text, member<std::string_view>(condition, "value"));
        wanted.op = store::parse_op(op).value_or(store::Op::Eq);
        STENO_ASSIGN(wanted.value, value_of(known[wanted.column].type, text));
        scan.conditions.push_back(std::move(wanted));
    }
    return scan;
}

std::string encode(std::span<const AnswerColumn> columns) {
    std::string body;
    JsonWriter json(body);
    json.begin_array();
    for (const AnswerColumn& column : columns) {
        json.begin_object();
        json.member("name", column.name);
        json.member("type", number_of(column.type));
        json.member("engine_type", column.engine_type);
        json.end_object();
    }
    json.end_array();
    return body;
}

Result<std::vector<AnswerColumn>> decode_columns(std::string_view body) {
    dom::parser parser;
    STENO_ASSIGN(const dom::element root, parse(parser, body));
    dom::array columns;
    if (root.get(columns) != simdjson::SUCCESS) return broken();
    std::vector<AnswerColumn> out;
    for (const dom::element column : columns) {
        AnswerColumn& to = out.emplace_back();
        STENO_ASSIGN(to.name, member<std::string_view>(column, "name"));
        STENO_ASSIGN(to.engine_type, member<std::string_view>(column, "engine_type"));
        STENO_ASSIGN(const dom::element type, member<dom::element>(column, "type"));
        STENO_ASSIGN(to.type, type_of(type));
    }
    return out;
}

}  // namespace steno::sql
