#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cli/completeness.hpp"
#include "cli/json_cell.hpp"
#include "cli/table_export.hpp"
#include "cli/terminal.hpp"
#include "io/file_system.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdlib>
#include <iostream>
#include <iterator>
#include <memory>
#include <unistd.h>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

constexpr std::uint64_t kShownRows = 1000;      ///< of a table for people
constexpr std::uint64_t kMostRows = 1'000'000;  ///< that a server gives at once
constexpr std::size_t kMaxQuery = 1 << 20;      ///< of a file; the server takes less

struct SqlFlags {
    RecordFlags record;
    TargetFlags target;
    std::string query, file;
    std::uint64_t max_rows = 0;
    bool tables = false;
};

/// The type under which a column of the answer is exported.
FieldType type_of(std::string_view engine_type) {
    if (engine_type == "BOOLEAN") return FieldType::Boolean;
    if (engine_type.ends_with("INT") || engine_type.ends_with("INTEGER")) return FieldType::Integer;
    if (engine_type.starts_with("DECIMAL(")) {  // with more places than a decimal of ours it is text
        const std::string scale(engine_type.substr(engine_type.find(',') + 1));
        return std::atoi(scale.c_str()) <= Decimal::kPlaces ? FieldType::Decimal : FieldType::Text;
    }
    if (engine_type == "DOUBLE" || engine_type == "FLOAT") return FieldType::Number;
    if (engine_type.starts_with("TIMESTAMP")) return FieldType::Timestamp;
    if (engine_type == "UUID") return FieldType::Uuid;
    if (engine_type == "JSON" || engine_type.ends_with(']') || engine_type.starts_with("STRUCT") ||
        engine_type.starts_with("MAP"))
        return FieldType::Json;
    return FieldType::Text;
}

class SqlRows final : public exports::Rows {
  public:
    Result<void> read(std::string body) {
        body_ = std::move(body);
        dom::element answer;
        dom::array columns;
        if (parser_.parse(body_).get(answer) != simdjson::SUCCESS ||
            answer["columns"].get(columns) != simdjson::SUCCESS ||
            answer["rows"].get(rows_) != simdjson::SUCCESS ||
            answer["truncated"].get(truncated_) != simdjson::SUCCESS ||
            answer["row_count"].get(count_) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no rows");
        for (const dom::element column : columns) {
            std::string_view name;
            std::string_view type;
            if (column["name"].get(name) != simdjson::SUCCESS ||
                column["type"].get(type) != simdjson::SUCCESS)
                return fail(Code::Internal, "the answer has no columns");
            columns_.push_back({std::string(name), type_of(type)});
        }
        at_ = rows_.begin();
        cells_.resize(columns_.size());
        row_.resize(columns_.size());
        return {};
    }

    [[nodiscard]] bool truncated() const { return truncated_; }
    [[nodiscard]] std::uint64_t count() const { return count_; }
    std::span<const exports::Column> columns() const override { return columns_; }
    Result<std::span<const FieldValue>> next() override {
        if (!(at_ != rows_.end())) return std::span<const FieldValue>{};
        dom::array row;
        if ((*at_).get(row) != simdjson::SUCCESS) return fail(Code::Internal, "that is no row");
        ++at_;
        std::size_t i = 0;
        for (const dom::element value : row) {
            if (i == columns_.size()) break;
            STENO_ASSIGN(row_[i], cells_[i].read(columns_[i].type, value));
            ++i;
        }
        return std::span<const FieldValue>(row_);
    }

  private:
    std::string body_;
    dom::parser parser_;
    dom::array rows_;
    dom::array::iterator at_;
    bool truncated_ = false;
    std::uint64_t count_ = 0;
    std::vector<exports::Column> columns_;
    std::vector<JsonCell> cells_;
    std::vector<FieldValue> row_;
};

std::string cell_text(FieldType type, dom::element value) {
    if (value.is_null()) return kUnknown;
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS && type != FieldType::Json) return std::string(text);
    return simdjson::minify(value);
}

void print_table(const std::string& body, const SqlRows& rows) {
    dom::parser parser;
    const dom::element answer = parser.parse(body);
    std::vector<Table::Column> heads;
    for (const exports::Column& column : rows.columns())
        heads.push_back({column.name,
                         column.type == FieldType::Integer || column.type == FieldType::Number ||
                             column.type == FieldType::Decimal,
                         column.type == FieldType::Text || column.type == FieldType::Json});
    Table table(std::move(heads));
    for (const dom::element row : answer["rows"].get_array()) {
        std::vector<std::string> cells;
        for (const dom::element value : row.get_array())
            cells.push_back(cell_text(rows.columns()[cells.size()].type, value));
        table.row(std::move(cells));
    }
    table.print();
    if (rows.truncated())
        fmt::print("\n{} shown; there are more: --max-rows N\n",
                   counted(grouped(static_cast<std::int64_t>(rows.count())), "row"));
}

Result<int> list_tables(Api& api, bool as_json) {
    STENO_ASSIGN(const std::string body, api.get("/api/v1/sql"));
    if (as_json) {
        fmt::print("{}\n", body);
        return 0;
    }
    dom::parser parser;
    dom::element answer;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    Table table({{"table"}, {"column"}, {"type"}});
    for (const dom::element view : answer["tables"].get_array()) {
        std::string name(view["name"].get_string().value());
        for (const dom::element column : view["columns"].get_array())
            table.row({name, std::string(column["name"].get_string().value()),
                       std::string(column["type"].get_string().value())});
    }
    table.print();
    return 0;
}

Result<std::string> query_of(const SqlFlags& flags) {
    if (!flags.query.empty()) {
        if (!flags.file.empty())
            return fail(Code::InvalidArgument, "the query is given twice", "as the argument, or with --file");
        return flags.query;
    }
    if (!flags.file.empty() && flags.file != "-")
        return io::read_file(io::posix_file_system(), flags.file, kMaxQuery);
    if (flags.file.empty() && ::isatty(STDIN_FILENO) != 0)
        return fail(Code::InvalidArgument, "there is no query",
                    "steno sql \"SELECT model, sum(total_tokens) FROM performance_logs GROUP BY model\"\n"
                    "steno sql --tables lists the tables and their columns");
    std::string query(std::istreambuf_iterator<char>(std::cin), {});
    if (query.size() > kMaxQuery) return fail(Code::InvalidArgument, "the query is too long");
    return query;
}

Result<int> ask(const Program& program, const SqlFlags& flags) {
    if (flags.tables) {
        STENO_ASSIGN(const auto tables_api, Api::open(program, flags.record));
        return list_tables(*tables_api, program.json);
    }
    STENO_ASSIGN(const std::string query, query_of(flags));
    const bool exported = flags.target.wanted();
    const exports::Format* format = nullptr;
    if (exported) {
        STENO_ASSIGN(format, format_of(flags.target, "csv"));
    }
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    json.member("query", query);
    json.member("max_rows", flags.max_rows != 0        ? flags.max_rows
                            : exported || program.json ? kMostRows
                                                       : kShownRows);
    json.end_object();
    STENO_ASSIGN(const std::string answer, api->post("/api/v1/sql", body));
    SqlRows rows;
    STENO_TRY(rows.read(answer));
    if (rows.truncated() && exported && flags.max_rows == 0)
        return fail(Code::OutOfRange,
                    fmt::format("the answer has more than the {} rows that are given at once",
                                grouped(static_cast<std::int64_t>(rows.count()))),
                    "ask for a part of it (by timestamp), say --max-rows to cut it off, or use steno calls "
                    "export, which has no bound");
    if (exported) {
        STENO_TRY(export_table(rows, *format, flags.target, "rows", rows.count()));
    } else if (program.json) {
        fmt::print("{}\n", answer);
    } else {
        print_table(answer, rows);
    }
    return completeness.exit_code();
}

}  // namespace

void add_sql(Program& program) {
    CLI::App* command = program.add(
        program.app, "sql", "Ask the record in SQL: one SELECT, read-only",
        "  steno sql \"SELECT model, sum(total_tokens) FROM performance_logs GROUP BY model\"\n"
        "  steno sql \"SELECT * FROM performance_logs WHERE timestamp > NOW() - INTERVAL '7 days'\" "
        "--output week.parquet\n"
        "  steno sql --file question.sql --json\n"
        "  steno sql --tables\n");
    const auto flags = std::make_shared<SqlFlags>();
    add_record_flags(*command, flags->record);
    command->add_option("query", flags->query, "the SELECT; without it, --file or standard input is read");
    command->add_option("--file,-f", flags->file, "a file with the query; - is standard input");
    command->add_flag("--tables", flags->tables, "list the tables, their columns and types");
    command
        ->add_option("--max-rows", flags->max_rows,
                     "at most so many rows (default 1,000 in a table, else all, up to 1,000,000)")
        ->check(CLI::Range(std::uint64_t{1}, kMostRows));
    add_target(*command, flags->target);
    command->callback([flags, &program] { program.run = [flags](Program& p) { return ask(p, *flags); }; });
}

}  // namespace steno::cli
