#include "store/duckdb/views.hpp"

#include "base/text.hpp"
#include "record/binary.hpp"
#include "store/duckdb/batch.hpp"
#include "store/duckdb/columns.hpp"
#include "store/duckdb/dialect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace steno::store::duckdb {
namespace {

/// Bytes of texts with which a batch ends.
constexpr std::size_t kEnoughTexts = 8u << 20;

/// What is put together from the remainder, in C++.
enum class Rest : std::uint8_t { None, Metadata, QualityScore };

struct Definition {
    ViewColumn column;
    std::string sql;  ///< over the columns of "calls"; of a text: NULL
    Rest rest = Rest::None;
    std::string moment = {};  ///< of a Timestamp: the column that it is, in nanoseconds
};

struct Table {
    std::string name;
    std::string where;  ///< which calls are in it; empty: all
    std::vector<Definition> columns;
};

Definition text(std::string name, FieldType type, ViewText which) {
    return {{std::move(name), type, which}, "NULL"};
}

Definition moment(std::string name, std::string_view column) {
    const std::string quoted = sql::quoted(column);
    return {{std::move(name), FieldType::Timestamp},
            fmt::format("make_timestamp({} // 1000)", quoted),
            Rest::None,
            quoted};
}

Definition plain(std::string name, FieldType type, std::string sql) {
    return {{std::move(name), type}, std::move(sql)};
}

/// An attribute's text, without the letter that says what it is (sql::encode_attribute).
std::string attribute(std::string_view name) {
    return fmt::format("substr(map_extract_value(\"labels.attributes\", '{}'), 2)", name);
}

constexpr std::string_view kMilliseconds = "CAST(round(\"time.duration_ms\" / 1e6) AS BIGINT)";
constexpr std::string_view kModel = "coalesce(\"model.requested\", \"model.served\")";
constexpr std::string_view kError = "coalesce(\"error.message\", \"error.type\")";
constexpr std::string_view kAttributes =
    "to_json(map_from_entries(list_transform(map_entries(\"labels.attributes\"), lambda e: "
    "struct_pack(k := e.key, v := CASE e.value[1] WHEN 's' THEN to_json(e.value[2:]) "
    "WHEN 'n' THEN TRY_CAST(e.value[2:] AS JSON) ELSE to_json(e.value = 'b1') END))))";

std::string total_tokens() {
    return dialect().sum_of_known("\"usage.input_tokens\"", "\"usage.output_tokens\"");
}

std::string money(std::string_view path) {
    return dialect().value(path, FieldType::Decimal);
}

/// A JSON object of what is there, as text.
std::string object(std::string_view members) {
    return fmt::format("CAST(json_merge_patch('{{}}', json_object({})) AS VARCHAR)", members);
}

std::string metadata() {
    // As text, with all of its places: the two halves of a Decimal (dialect.cpp).
    const std::string cost =
        "CAST(CAST(\"cost.total.high\" AS DECIMAL(19,0)) * 1000000 + "
        "CAST(\"cost.total.low\" AS DECIMAL(18,0)) * 0.000000000001 AS VARCHAR)";
    std::string members = fmt::format("'cost', {}, 'attributes', {}", cost, kAttributes);
    for (const auto& [name, column] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"method", "provider.endpoint.path"},
             {"retryAttempt", "client_retry"},
             {"kind", "kind"},
             {"name", "name"},
             {"status", "status"},
             {"source", "source"},
             {"project", "project"},
             {"environment", "environment"},
             {"provider", "provider.name"},
             {"operation", "trace.operation"},
             {"parent_id", "trace.parent_id"},
             {"finish_reasons", "response.finish_reasons"},
             {"cache_read_tokens", "usage.cache_read_tokens"},
             {"reasoning_tokens", "usage.reasoning_tokens"},
             {"currency", "cost.currency"},
             {"tags", "labels.tags"}}) {
        // The project is never absent, and empty where there is none.
        const std::string value = name == "project" ? "nullif(\"project\", '')" : sql::quoted(column);
        members += fmt::format(", '{}', {}", name, value);
    }
    return object(members);
}

/// When something was last said of it.
constexpr std::string_view kUpdated = "greatest(\"ended_at\", \"feedback.at\")";

Table performance_logs() {
    using enum FieldType;
    Table table{"performance_logs", "", {}};
    table.columns = {
        plain("id", Uuid, "\"id\""),
        moment("timestamp", "started_at"),
        plain("request_id", Text, "\"trace.request_id\""),
        plain("session_id", Text, "\"trace.session_id\""),
        plain("user_phone", Text, "\"who.user_id\""),
        plain("agent", Text,
              "coalesce(\"trace.agent\", CASE \"kind\" WHEN 'agent' THEN \"name\" END, 'Unknown')"),
        plain("function_name", Text,
              "coalesce(\"trace.function\", CASE \"kind\" WHEN 'function' THEN \"name\" END)"),
        plain("call_type", Text, "CASE \"kind\" WHEN 'chat' THEN 'completion' ELSE \"kind\" END"),
        plain("call_sequence", Integer, "\"trace.sequence\""),
        plain("model", Text, std::string(kModel)),
        plain("request_tokens", Integer, "\"usage.input_tokens\""),
        plain("response_tokens", Integer, "\"usage.output_tokens\""),
        plain("total_tokens", Integer, total_tokens()),
        moment("start_time", "started_at"),
        moment("end_time", "ended_at"),
        plain("duration_ms", Integer, std::string(kMilliseconds)),
        text("messages", Json, ViewText::Messages),
        text("response_content", Text, ViewText::Answer),
        text("function_call", Json, ViewText::FunctionCall),
        plain("success", Boolean, "\"status\" = 'success'"),
        plain("error", Text, std::string(kError)),
        {{"metadata", Json}, metadata(), Rest::Metadata},
        moment("created_at", "ended_at"),
        plain("updated_at", Timestamp, fmt::format("make_timestamp({} // 1000)", kUpdated)),
    };
    return table;
}

Table ai_interactions() {
    using enum FieldType;
    std::string kinds;
    for (const Value& kind : ai_calls().values)
        kinds += fmt::format("{}'{}'", kinds.empty() ? "" : ", ", std::get<std::string>(kind));
    Table table{"ai_interactions", fmt::format("\"kind\" IN ({})", kinds), {}};
    const auto number = [](std::string_view name) {
        return fmt::format("TRY_CAST(TRY_CAST({} AS DOUBLE) AS BIGINT)", attribute(name));
    };
    table.columns = {
        plain("id", Uuid, "\"id\""),
        plain("session_id", Text, "\"trace.session_id\""),
        plain("user_id", Text, "\"who.user_id\""),
        plain("prompt_id", Text, "\"prompt.name\""),
        plain("interaction_type", Text, "coalesce(\"prompt.type\", \"kind\")"),
        plain("status", Text, "\"status\""),
        text("rendered_prompt", Text, ViewText::Prompt),
        text("input_variables", Json, ViewText::Variables),
        text("ai_response", Text, ViewText::Answer),
        text("structured_output", Json, ViewText::Structured),
        plain("error_message", Text, std::string(kError)),
        plain("error_details", Json,
              fmt::format("CASE WHEN coalesce(\"error.type\", \"error.message\") IS NOT NULL THEN {} END",
                          object("'type', \"error.type\", 'http_status', \"error.http_status\", "
                                 "'provider_type', \"error.provider_type\", 'provider_code', "
                                 "\"error.provider_code\", 'retryable', \"error.retryable\", 'advice', "
                                 "\"error.advice\""))),
        plain("processing_time_ms", Integer, std::string(kMilliseconds)),
        plain("tokens_used", Integer, total_tokens()),
        plain("estimated_cost", Decimal, money("cost.total")),
        plain("model_used", Text, std::string(kModel)),
        plain("prompt_version", Text, "\"prompt.version\""),
        plain("user_feedback", Text, "coalesce(nullif(\"feedback.verdict\", 'none'), 'no_feedback')"),
        plain("user_feedback_comment", Text, "\"feedback.comment\""),
        moment("feedback_at", "feedback.at"),
        {{"quality_score", Integer}, "NULL", Rest::QualityScore},
        plain("edit_distance", Integer, "\"feedback.edit_distance\""),
        {{"metadata", Json}, metadata(), Rest::Metadata},
        plain("audience_id", Integer, number("audience_id")),
        plain("tone_id", Integer, number("tone_id")),
        plain("category", Text, attribute("category")),
        plain("session_type", Text, attribute("session_type")),
        plain("all_variables_present", Boolean, "\"prompt.all_variables_present\""),
        plain("missing_variables", Json, "CAST(to_json(\"prompt.missing_variables\") AS VARCHAR)"),
        moment("created_at", "started_at"),
        plain("updated_at", Timestamp, fmt::format("make_timestamp({} // 1000)", kUpdated)),
    };
    return table;
}

/// The record's own fields, by their own names.
Table calls() {
    Table table{"calls", "", {}};
    for (const std::size_t index : column_fields()) {
        const FieldInfo& field = scalar_fields()[index];
        const std::string column = sql::quoted(field.path);
        switch (field.type) {
            case FieldType::Timestamp:
                table.columns.push_back(moment(field.path, field.path));
                break;
            case FieldType::Duration:
                table.columns.push_back(plain(field.path, FieldType::Number, column + " / 1e6"));
                break;
            case FieldType::Decimal:
                table.columns.push_back(plain(field.path, FieldType::Decimal, money(field.path)));
                break;
            case FieldType::TextList:
                table.columns.push_back(
                    plain(field.path, FieldType::Json, fmt::format("CAST(to_json({}) AS VARCHAR)", column)));
                break;
            case FieldType::Attributes:
                table.columns.push_back(
                    plain(field.path, FieldType::Json, fmt::format("CAST({} AS VARCHAR)", kAttributes)));
                break;
            case FieldType::Enum:
                table.columns.push_back(plain(field.path, FieldType::Text, column));
                break;
            default:
                table.columns.push_back(plain(field.path, field.type, column));
        }
    }
    return table;
}

const std::vector<Table>& tables() {
    static const std::vector<Table> all = {performance_logs(), ai_interactions(), calls()};
    return all;
}

/// Moments are compared as the view shows them, in microseconds, by the column of nanoseconds itself: of that
/// the engine knows the least and greatest of each piece.
std::string moment_condition(const std::string& column, Op op, std::int64_t micros,
                             std::vector<Value>& parameters) {
    const auto bound = [&](std::string_view sign, std::int64_t at) {
        parameters.emplace_back(at);
        return fmt::format("{} {} ${}", column, sign, parameters.size());
    };
    const std::int64_t begin = micros * 1000;
    const std::int64_t end = begin + 1000;
    switch (op) {
        case Op::Lt:
            return bound("<", begin);
        case Op::Le:
            return bound("<", end);
        case Op::Gt:
            return bound(">=", end);
        case Op::Ge:
            return bound(">=", begin);
        default:
            return bound(">=", begin) + " AND " + bound("<", end);
    }
}

constexpr std::int64_t kLatest = 9'000'000'000'000'000;  ///< microseconds; in the year 2255

Result<std::string> condition(const Definition& definition, const ViewCondition& wanted,
                              std::vector<Value>& parameters) {
    const Value& value = wanted.value;
    if (!definition.moment.empty()) {
        const auto* at = std::get_if<std::int64_t>(&value);
        if (at == nullptr) return fail(Code::InvalidArgument, "that is no time");
        if (*at > kLatest || *at < -kLatest) return std::string("true");
        return moment_condition(definition.moment, wanted.op, *at, parameters);
    }
    parameters.push_back(value);
    return fmt::format("{} {} {}", definition.sql, sql::sign_of(wanted.op),
                       dialect().parameter(parameters.size(), definition.column.type));
}

/// The members of a JSON object and one more.
std::string with_member(std::string_view object, std::string_view name, std::string_view value) {
    std::string out(object.substr(0, object.size() - 1));
    if (out.size() > 1) out += ',';
    return fmt::format("{}\"{}\":{}}}", out, name, value);
}

/// Of the score named "quality": where it stands between its bounds, from 0 to 100; without bounds the score
/// itself.
std::optional<std::int64_t> quality_of(const Call& call) {
    const auto found = call.scores.find("quality");
    if (found == call.scores.end() || !found->second.value) return std::nullopt;
    const Score& score = found->second;
    double value = *score.value;
    if (score.min && score.max && *score.max > *score.min)
        value = (value - *score.min) / (*score.max - *score.min) * 100;
    if (!std::isfinite(value) || std::abs(value) > 1e15) return std::nullopt;
    return std::llround(value);
}

}  // namespace

std::span<const View> views() {
    static const std::vector<View> all = [] {
        std::vector<View> out;
        for (const Table& table : tables()) {
            View& view = out.emplace_back(View{table.name, {}});
            for (const Definition& definition : table.columns) view.columns.push_back(definition.column);
        }
        return out;
    }();
    return all;
}

Result<ViewStatement> select_view(const ViewQuery& query) {
    const auto misfit = [] { return fail(Code::InvalidArgument, "there is no such view or column"); };
    if (query.view >= tables().size()) return misfit();
    const Table& table = tables()[query.view];
    ViewStatement out;
    std::vector<std::string> columns;
    for (const std::size_t index : query.columns) {
        if (index >= table.columns.size()) return misfit();
        const Definition& definition = table.columns[index];
        columns.push_back(definition.sql);
        out.positions = out.positions || definition.column.text != ViewText::None;
        out.remainder = out.remainder || definition.rest != Rest::None;
    }
    std::vector<std::string> where;
    if (!table.where.empty()) where.push_back(table.where);
    for (const ViewCondition& wanted : query.conditions) {
        if (wanted.column >= table.columns.size() ||
            table.columns[wanted.column].column.text != ViewText::None ||
            table.columns[wanted.column].rest != Rest::None)
            return misfit();
        STENO_ASSIGN(std::string one,
                     condition(table.columns[wanted.column], wanted, out.statement.parameters));
        where.push_back(std::move(one));
    }
    if (out.remainder) columns.insert(columns.begin(), "\"remainder\"");
    if (out.positions) columns.insert(columns.begin(), std::string(PositionsReader::column_list()));
    if (columns.empty()) columns.emplace_back("true");
    out.statement.text = fmt::format("SELECT {} FROM calls{}{}", fmt::join(columns, ", "),
                                     where.empty() ? "" : " WHERE ", fmt::join(where, " AND "));
    return out;
}

Result<ViewBatch> batch_of(duckdb_data_chunk chunk, std::size_t first, const ViewStatement& statement,
                           const ViewQuery& query) {
    const std::size_t size = duckdb_data_chunk_get_size(chunk);
    const std::vector<Definition>& definitions = tables()[query.view].columns;
    std::size_t columns_before = 0;

    std::vector<ViewText> wanted;
    for (const std::size_t index : query.columns)
        if (definitions[index].column.text != ViewText::None)
            wanted.push_back(definitions[index].column.text);
    std::optional<PositionsReader> positions;
    if (statement.positions) {
        positions.emplace(chunk);
        columns_before += PositionsReader::kColumns;
    }
    duckdb_vector remainders = nullptr;
    if (statement.remainder) remainders = duckdb_data_chunk_get_vector(chunk, columns_before++);

    std::vector<std::vector<std::optional<std::string>>> texts(wanted.size());
    std::vector<std::string> metadata;
    std::vector<std::optional<std::int64_t>> quality;
    std::size_t rows = 0;
    for (std::size_t bytes = 0; first + rows < size && bytes < kEnoughTexts; ++rows) {
        if (positions) {
            const CallPositions at = positions->row(first + rows);
            Row row;
            row.call.id = at.id;
            row.call.project = at.project;
            row.closed_at = at.closed_at;
            row.opened_at = at.opened_at;
            STENO_ASSIGN(auto of_call, query.texts(row, wanted));
            std::size_t of_row = 0;
            for (std::size_t i = 0; i < wanted.size(); ++i) {
                if (of_call[i]) of_row += of_call[i]->size();
                texts[i].push_back(std::move(of_call[i]));
            }
            if (of_row > kMostTexts)
                return fail(Code::ResourceExhausted,
                            fmt::format("the texts of call {} have {} MB, more than a query can compute with",
                                        at.id.to_string(), of_row >> 20),
                            "leave it out by its id, or select the texts without computing with them");
            bytes += of_row;
        }
        if (remainders != nullptr) {
            Call call;
            if (!is_null(remainders, first + rows))
                STENO_TRY(decode(text_cell(remainders, first + rows), call));
            quality.push_back(quality_of(call));
            bytes += call.labels.metadata.text.size();
            metadata.push_back(std::move(call.labels.metadata.text));
        }
    }

    BatchWriter writer(rows, first);
    std::size_t next_text = 0;
    for (std::size_t i = 0; i < query.columns.size(); ++i) {
        const Definition& definition = definitions[query.columns[i]];
        const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, columns_before + i);
        if (definition.column.text != ViewText::None) {
            writer.add(texts[next_text++]);
        } else if (definition.rest == Rest::QualityScore) {
            writer.add(quality);
        } else if (definition.rest == Rest::Metadata) {
            std::vector<std::optional<std::string>> objects(rows);
            for (std::size_t row = 0; row < rows; ++row) {
                objects[row] = text_cell(vector, first + row);
                if (!metadata[row].empty())
                    objects[row] = with_member(*objects[row], "metadata", metadata[row]);
            }
            writer.add(objects);
        } else {
            writer.add(definition.column.type, vector);
        }
    }
    return ViewBatch{writer.take(), rows};
}

}  // namespace steno::store::duckdb
