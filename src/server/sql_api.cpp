#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "providers/json_view.hpp"
#include "server/api.hpp"
#include "store/duckdb/batch.hpp"

#include <fmt/format.h>
#include <simdjson.h>

namespace steno::server {

namespace {

namespace dom = simdjson::dom;

constexpr std::uint64_t kMaxQuery = 64u << 10;      ///< bytes
constexpr std::uint64_t kRows = 10'000;             ///< of an answer, unless more are asked for
constexpr std::uint64_t kMaxRows = 1'000'000;       ///< of an answer
constexpr std::uint64_t kMaxAnswer = 128ULL << 20;  ///< bytes
constexpr std::uint64_t kMaxRow = 32ULL << 20;      ///< bytes

struct SqlQuestion {
    std::string query;
    std::uint64_t max_rows = kRows;
};

Result<SqlQuestion> read_question(const std::string& body) {
    dom::parser parser;
    dom::object object;
    if (parser.parse(body).get(object) != simdjson::SUCCESS)
        return fail(Code::InvalidArgument, "the body is no JSON object",
                    R"({"query": "SELECT model, sum(total_tokens) FROM performance_logs GROUP BY model"})");
    SqlQuestion question;
    for (const auto [name, value] : object) {
        if (name == "query") {
            std::string_view text;
            if (value.get(text) != simdjson::SUCCESS)
                return fail(Code::InvalidArgument, "query must be a text");
            question.query = text;
        } else if (name == "max_rows") {
            if (value.get(question.max_rows) != simdjson::SUCCESS || question.max_rows > kMaxRows)
                return fail(Code::InvalidArgument,
                            fmt::format("max_rows must be a number from 0 to {}", kMaxRows));
        } else {
            return fail(Code::InvalidArgument,
                        fmt::format("there is no member \"{}\"", utf8_prefix(name, 80)), "query, max_rows");
        }
    }
    if (trim(question.query).empty())
        return fail(Code::InvalidArgument, "there is no query",
                    R"({"query": "SELECT model, sum(total_tokens) FROM performance_logs GROUP BY model"})");
    if (question.query.size() > kMaxQuery)
        return fail(Code::InvalidArgument, fmt::format("a query may have {} bytes, this one has {}",
                                                       kMaxQuery, question.query.size()));
    if (question.query.find('\0') != std::string::npos)
        return fail(Code::InvalidArgument, "the query has a character with the number 0");
    return question;
}

void write_cell(JsonWriter& json, FieldType type, const FieldValue& cell) {
    if (const auto* text = std::get_if<std::string_view>(&cell)) {
        // What the engine calls JSON is JSON; of what a text became on its way through a query, it need not
        // be.
        if (type == FieldType::Json && providers::is_json(*text)) return json.raw(*text);
        return json.string(*text);
    }
    if (const auto* number = std::get_if<std::int64_t>(&cell)) return json.number(*number);
    if (const auto* number = std::get_if<double>(&cell)) return json.number(*number);
    if (const auto* is = std::get_if<bool>(&cell)) return json.boolean(*is);
    if (const auto* moment = std::get_if<Timestamp>(&cell)) return json.string(moment->to_string());
    if (const auto* id = std::get_if<Uuid>(&cell)) return json.string(id->to_string());
    if (const auto* money = std::get_if<Decimal>(&cell)) return json.string(money->to_string());
    json.null();
}

/// What a column of a view is in the engine.
std::string_view type_of(const store::ViewColumn& column) {
    return store::duckdb::engine_type(column.type);
}

}  // namespace

Result<ApiAnswer> ask_sql(Services& services, const ApiRequest& request) {
    if (!services.sql.open)
        return fail(Code::PermissionDenied, "this server answers no SQL",
                    "it does where it listens on loopback alone; else set sql.access = \"on\" "
                    "(STENO_SQL_ACCESS=on)");
    STENO_ASSIGN(const SqlQuestion question, read_question(request.body));
    services.data.calls().catch_up();

    ApiAnswer answer;
    JsonWriter json(answer.body);
    std::vector<sql::AnswerColumn> columns;
    sql::Reader reader;
    reader.columns = [&](std::span<const sql::AnswerColumn> told) -> Result<void> {
        columns.assign(told.begin(), told.end());
        json.begin_object();
        json.key("columns");
        json.begin_array();
        for (const sql::AnswerColumn& column : columns) {
            json.begin_object();
            json.member("name", column.name);
            json.member("type", column.engine_type);
            json.end_object();
        }
        json.end_array();
        json.key("rows");
        json.begin_array();
        return {};
    };
    reader.row = [&](std::span<const FieldValue> cells) -> Result<bool> {
        if (answer.body.size() > kMaxAnswer) return false;
        const std::size_t before = answer.body.size();
        json.begin_array();
        for (std::size_t i = 0; i < cells.size(); ++i) {
            write_cell(json, columns[i].type, cells[i]);
            if (answer.body.size() - before > kMaxRow)
                return fail(Code::ResourceExhausted,
                            fmt::format("a row of the answer has more than {} MB", kMaxRow >> 20),
                            "select fewer columns, or a part of a text: left(response_content, 1000)");
        }
        json.end_array();
        return true;
    };
    STENO_ASSIGN(const sql::Answer done,
                 sql::run_query(services.data.store(), services.data.calls(), services.sql.limits,
                                question.query, question.max_rows, reader));
    json.end_array();
    json.member("row_count", done.rows);
    json.member("truncated", done.truncated);
    json.end_object();
    return answer;
}

Result<ApiAnswer> list_sql_tables(Services& services, const ApiRequest&) {
    STENO_ASSIGN(store::ViewScanner* const scanner, store::view_scanner_of(services.data.store()));
    STENO_ASSIGN(const auto views, scanner->views());
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("open", services.sql.open);
    json.key("tables");
    json.begin_array();
    for (const store::View& view : views) {
        json.begin_object();
        json.member("name", view.name);
        json.key("columns");
        json.begin_array();
        for (const store::ViewColumn& column : view.columns) {
            json.begin_object();
            json.member("name", column.name);
            json.member("type", type_of(column));
            json.end_object();
        }
        json.end_array();
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return answer;
}

}  // namespace steno::server
