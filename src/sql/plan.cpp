#include "sql/plan.hpp"

#include "base/text.hpp"
#include "store/duckdb/columns.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace steno::sql {

namespace {

namespace dom = simdjson::dom;
using store::duckdb::Chunk;
using store::duckdb::Connection;

/// Tables that a query makes itself.
constexpr std::array<std::string_view, 6> kTableFunctions = {"range",     "generate_series", "unnest",
                                                             "json_each", "json_tree",       "repeat_row"};
/// What tells of the process and not of the record.
constexpr std::array<std::string_view, 6> kClosedFunctions = {"current_setting", "getvariable",  "getenv",
                                                              "current_query",   "which_secret", "write_log"};
/// What a constant may be made of: the same for the whole of a query.
constexpr std::array<std::string_view, 22> kConstantFunctions = {"now",
                                                                 "get_current_timestamp",
                                                                 "transaction_timestamp",
                                                                 "current_timestamp",
                                                                 "today",
                                                                 "+",
                                                                 "current_date",
                                                                 "-",
                                                                 "*",
                                                                 "date_trunc",
                                                                 "to_days",
                                                                 "to_hours",
                                                                 "to_minutes",
                                                                 "to_seconds",
                                                                 "to_weeks",
                                                                 "to_months",
                                                                 "to_years",
                                                                 "make_timestamp",
                                                                 "make_date",
                                                                 "date_add",
                                                                 "get_current_date",
                                                                 "current_localtimestamp"};

std::string_view text_of(dom::element element, const char* name) {
    std::string_view text;
    if (element[name].get(text) != simdjson::SUCCESS) return {};
    return text;
}

bool is_null(dom::element element, const char* name) {
    dom::element member;
    return element[name].get(member) != simdjson::SUCCESS || member.is_null();
}

/// Is it there, and not empty?
bool has_members(dom::element element, const char* name) {
    dom::array members;
    return element[name].get(members) == simdjson::SUCCESS && members.size() > 0;
}

/// Calls fn for the element and all in it, from the outside in, until it gives an error.
Result<void> walk(dom::element element, const std::function<Result<void>(dom::element)>& fn) {
    dom::object object;
    dom::array array;
    if (element.get(object) == simdjson::SUCCESS) {
        STENO_TRY(fn(element));
        for (const auto [key, value] : object) STENO_TRY(walk(value, fn));
    } else if (element.get(array) == simdjson::SUCCESS) {
        for (const dom::element member : array) STENO_TRY(walk(member, fn));
    }
    return {};
}

/// The names of a column as the query says them, in lower case: "p"."Model" is "p" and "model".
std::vector<std::string> names_of(dom::element element) {
    dom::array said;
    std::vector<std::string> names;
    if (element["column_names"].get(said) != simdjson::SUCCESS) return names;
    for (const dom::element name : said)
        if (std::string_view text; name.get(text) == simdjson::SUCCESS) names.push_back(lower_case(text));
    return names;
}

std::optional<std::size_t> view_named(std::span<const store::View> views, std::string_view name) {
    const auto found = std::ranges::find(views, lower_case(name), &store::View::name);
    if (found == views.end()) return std::nullopt;
    return static_cast<std::size_t>(found - views.begin());
}

/// Which views a query names, and how often.
struct Named {
    std::vector<std::size_t> views;
    bool shadowed = false;  ///< it gives the name of one to a table of its own
};

/// What the engine itself has by that name would be read where the query's own table does not hold.
Result<void> check_own_name(Connection& engine, const std::string& name) {
    STENO_ASSIGN(auto taken,
                 engine.run({"SELECT 1 FROM duckdb_views() WHERE internal AND view_name = $1 UNION ALL "
                             "SELECT 1 FROM duckdb_tables() WHERE table_name = $1",
                             {name}}));
    const Chunk first = taken.next();
    if ((first && duckdb_data_chunk_get_size(first.get()) > 0) || name.find_first_of("./") != name.npos)
        return fail(Code::InvalidArgument,
                    fmt::format("a table of the query cannot be called {}", utf8_prefix(name, 100)),
                    "give it another name in WITH");
    return {};
}

Result<Named> check(Connection& engine, dom::element statement, std::span<const store::View> views) {
    std::set<std::string> own;
    Named named;
    STENO_TRY(walk(statement, [&](dom::element element) -> Result<void> {
        dom::array entries;
        if (element["cte_map"]["map"].get(entries) != simdjson::SUCCESS) return {};
        for (const dom::element entry : entries) {
            const std::string name = lower_case(text_of(entry, "key"));
            if (own.insert(name).second) STENO_TRY(check_own_name(engine, name));
            named.shadowed = named.shadowed || view_named(views, name).has_value();
        }
        return {};
    }));
    STENO_TRY(walk(statement, [&](dom::element element) -> Result<void> {
        const std::string_view type = text_of(element, "type");
        const std::string_view kind = text_of(element, "class");
        if (type == "BASE_TABLE") {
            const std::string_view name = text_of(element, "table_name");
            const bool plain =
                text_of(element, "schema_name").empty() && text_of(element, "catalog_name").empty();
            if (const auto view = view_named(views, name); plain && view) {
                named.views.push_back(*view);
            } else if (!plain || !own.contains(lower_case(name))) {
                std::string all;
                for (const store::View& known : views) all += (all.empty() ? "" : ", ") + known.name;
                return fail(Code::InvalidArgument,
                            fmt::format("there is no table {}", utf8_prefix(name, 100)),
                            "the tables are: " + all);
            }
        } else if (type == "SHOW_REF") {
            return fail(Code::InvalidArgument, "only SELECT can be asked",
                        "the tables and their columns: steno sql --tables, or GET /api/v1/sql");
        } else if (type == "TABLE_FUNCTION") {
            dom::element function;
            if (element["function"].get(function) != simdjson::SUCCESS) return {};
            const std::string name = lower_case(text_of(function, "function_name"));
            if (std::ranges::find(kTableFunctions, name) == kTableFunctions.end())
                return fail(Code::PermissionDenied,
                            fmt::format("the function {} cannot be used here", utf8_prefix(name, 100)),
                            "SQL sees the record's tables, no files, settings or other databases");
        } else if (kind == "FUNCTION") {
            const std::string name = lower_case(text_of(element, "function_name"));
            if (std::ranges::find(kClosedFunctions, name) != kClosedFunctions.end())
                return fail(Code::PermissionDenied, fmt::format("the function {} cannot be used here", name),
                            "SQL sees the record's tables, no files, settings or other databases");
        } else if (kind == "PARAMETER") {
            return fail(Code::InvalidArgument, "the query has parameters, which are not given",
                        "write the values themselves");
        }
        return {};
    }));
    return named;
}

/// A column of the view that the element is, if it is one that conditions can be made of.
std::optional<std::size_t> plain_column(dom::element element, const store::View& view,
                                        std::string_view alias) {
    if (text_of(element, "class") != "COLUMN_REF") return std::nullopt;
    const std::vector<std::string> names = names_of(element);
    if (names.empty() || names.size() > 2) return std::nullopt;
    if (names.size() == 2 && names.front() != lower_case(alias.empty() ? view.name : alias))
        return std::nullopt;
    const auto found = std::ranges::find_if(view.columns, [&](const store::ViewColumn& column) {
        return lower_case(column.name) == names.back();
    });
    if (found == view.columns.end() || found->text != store::ViewText::None) return std::nullopt;
    return static_cast<std::size_t>(found - view.columns.begin());
}

/// Is it the same whatever the row, and known before the query runs?
bool is_constant(dom::element element) {
    bool constant = true;
    const auto judged = walk(element, [&](dom::element part) -> Result<void> {
        const std::string_view kind = text_of(part, "class");
        if (kind.empty() || kind == "CONSTANT" || kind == "CAST") return {};
        const auto known = [&] {
            return std::ranges::find(kConstantFunctions, lower_case(text_of(part, "function_name"))) !=
                   kConstantFunctions.end();
        };
        constant = constant && kind == "FUNCTION" && known();
        return {};
    });
    return judged && constant;
}

/// The value of a constant expression, if it can be compared with the column's values as they are.
std::optional<store::Value> evaluated(Connection& engine, dom::element expression, FieldType type) {
    // The engine turns a syntax tree into SQL, but of whole statements only: one that selects the expression.
    const std::string tree = fmt::format(
        R"({{"error":false,"statements":[{{"node":{{"type":"SELECT_NODE","modifiers":[],"cte_map":{{"map":[]}},)"
        R"("select_list":[{}],"from_table":{{"type":"EMPTY","alias":"","sample":null,)"
        R"("query_location":18446744073709551615}},"where_clause":null,"group_expressions":[],"group_sets":[],)"
        R"("aggregate_handling":"STANDARD_HANDLING","having":null,"sample":null,"qualify":null}},)"
        R"("named_param_map":[]}}]}})",
        simdjson::minify(expression));
    const auto first_text = [&](const store::sql::Statement& statement) -> std::optional<std::string> {
        auto answer = engine.run(statement);
        if (!answer) return std::nullopt;
        const auto chunk = answer->next();
        if (!chunk) return std::nullopt;
        const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk.get(), 0);
        if (store::duckdb::is_null(vector, 0)) return std::nullopt;
        return std::string(store::duckdb::text_cell(vector, 0));
    };
    auto select = first_text({"SELECT CAST(json_deserialize_sql(CAST($1 AS JSON)) AS VARCHAR)", {tree}});
    if (!select) return std::nullopt;
    const auto own = first_text({fmt::format("SELECT typeof(v) FROM ({}) AS c(v)", *select), {}});
    if (!own) return std::nullopt;
    const auto as = [&](std::string_view target) {
        return first_text({fmt::format("SELECT CAST({} AS VARCHAR) FROM ({}) AS c(v)", target, *select), {}});
    };
    const auto one_of = [&](std::initializer_list<std::string_view> names) {
        return std::ranges::find(names, *own) != names.end();
    };
    std::optional<std::string> text;
    switch (type) {
        case FieldType::Text:
            if (one_of({"VARCHAR"})) text = as("v");
            if (text) return *text;
            break;
        case FieldType::Boolean:
            if (one_of({"BOOLEAN"})) text = as("v");
            if (text) return *text == "true";
            break;
        case FieldType::Uuid:
            if (one_of({"VARCHAR", "UUID"})) text = as("CAST(v AS UUID)");
            if (text)
                if (const auto id = Uuid::parse(*text)) return *id;
            break;
        case FieldType::Integer:
        case FieldType::Timestamp: {
            if (type == FieldType::Integer && one_of({"TINYINT", "SMALLINT", "INTEGER", "BIGINT"}))
                text = as("v");
            if (type == FieldType::Timestamp &&
                one_of({"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "DATE", "VARCHAR"}))
                text = as("epoch_us(CAST(v AS TIMESTAMP))");
            std::int64_t number = 0;
            if (!text) break;
            const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
            if (error == std::errc() && end == text->data() + text->size()) return number;
            break;
        }
        default:
            break;
    }
    return std::nullopt;
}

std::optional<store::Op> op_of(std::string_view comparison, bool turned) {
    using enum store::Op;
    if (comparison == "COMPARE_EQUAL") return Eq;
    if (comparison == "COMPARE_LESSTHAN") return turned ? Gt : Lt;
    if (comparison == "COMPARE_LESSTHANOREQUALTO") return turned ? Ge : Le;
    if (comparison == "COMPARE_GREATERTHAN") return turned ? Lt : Gt;
    if (comparison == "COMPARE_GREATERTHANOREQUALTO") return turned ? Le : Ge;
    return std::nullopt;
}

/// Conditions that the WHERE of a SELECT from the view alone demands of every row.
class Conditions {
  public:
    Conditions(Connection& engine, const store::View& view) : engine_(engine), view_(view) {}

    void of_select(dom::element node) {
        dom::element from;
        dom::element where;
        if (node["from_table"].get(from) != simdjson::SUCCESS || text_of(from, "type") != "BASE_TABLE" ||
            lower_case(text_of(from, "table_name")) != view_.name || !is_null(from, "sample") ||
            !is_null(from, "at_clause") || has_members(from, "column_name_alias") ||
            node["where_clause"].get(where) != simdjson::SUCCESS || where.is_null())
            return;
        alias_ = std::string(text_of(from, "alias"));
        all_of(where);
    }
    std::vector<store::ViewCondition> take() { return std::move(found_); }

  private:
    static constexpr std::size_t kEnough = 16;

    void all_of(dom::element where) {
        const std::string_view kind = text_of(where, "class");
        const std::string_view type = text_of(where, "type");
        dom::array children;
        if (type == "CONJUNCTION_AND" && where["children"].get(children) == simdjson::SUCCESS) {
            for (const dom::element child : children) all_of(child);
        } else if (kind == "COMPARISON") {
            dom::element left;
            dom::element right;
            if (where["left"].get(left) != simdjson::SUCCESS ||
                where["right"].get(right) != simdjson::SUCCESS)
                return;
            if (const auto op = op_of(type, false)) compare(left, *op, right);
            if (const auto op = op_of(type, true)) compare(right, *op, left);
        } else if (kind == "BETWEEN" && type == "COMPARE_BETWEEN") {
            dom::element input;
            dom::element lower;
            dom::element upper;
            if (where["input"].get(input) == simdjson::SUCCESS &&
                where["lower"].get(lower) == simdjson::SUCCESS &&
                where["upper"].get(upper) == simdjson::SUCCESS) {
                compare(input, store::Op::Ge, lower);
                compare(input, store::Op::Le, upper);
            }
        }
    }

    void compare(dom::element column, store::Op op, dom::element value) {
        const auto index = plain_column(column, view_, alias_);
        if (!index || !is_constant(value) || found_.size() == kEnough) return;
        const FieldType type = view_.columns[*index].type;
        const bool ordered = type == FieldType::Integer || type == FieldType::Timestamp;
        if (op != store::Op::Eq && !ordered) return;
        if (auto known = evaluated(engine_, value, type)) found_.push_back({*index, op, *std::move(known)});
    }

    Connection& engine_;
    const store::View& view_;
    std::string alias_;
    std::vector<store::ViewCondition> found_;
};

/// Do the view's texts stand nowhere but, unchanged, among the columns of the outermost SELECT?
bool texts_pass_through(dom::element node, const store::View& view) {
    dom::element from;
    if (text_of(node, "type") != "SELECT_NODE" || node["from_table"].get(from) != simdjson::SUCCESS ||
        text_of(from, "type") != "BASE_TABLE" || lower_case(text_of(from, "table_name")) != view.name ||
        has_members(from, "column_name_alias") || has_members(node, "group_expressions") ||
        has_members(node, "group_sets") || text_of(node, "aggregate_handling") != "STANDARD_HANDLING")
        return false;
    std::set<std::string> texts;
    for (const store::ViewColumn& column : view.columns)
        if (column.text != store::ViewText::None) texts.insert(lower_case(column.name));

    dom::array modifiers;
    if (node["modifiers"].get(modifiers) == simdjson::SUCCESS) {
        for (const dom::element modifier : modifiers) {
            if (text_of(modifier, "type") == "DISTINCT_MODIFIER") return false;
            dom::array orders;
            if (modifier["orders"].get(orders) != simdjson::SUCCESS) continue;
            for (const dom::element order : orders)  // a number, or ALL, may stand for a text
                if (dom::element by;
                    order["expression"].get(by) != simdjson::SUCCESS || text_of(by, "class") != "COLUMN_REF")
                    return false;
        }
    }
    const std::string_view alias = text_of(from, "alias");
    const std::string table = lower_case(alias.empty() ? view.name : alias);
    // A text, and not a part of one: messages or p.messages, not messages.role.
    const auto is_text = [&](dom::element element) {
        const std::vector<std::string> names = names_of(element);
        return text_of(element, "class") == "COLUMN_REF" && !names.empty() && texts.contains(names.back()) &&
               (names.size() == 1 || (names.size() == 2 && names.front() == table && !texts.contains(table)));
    };
    dom::array columns;
    if (node["select_list"].get(columns) != simdjson::SUCCESS) return false;
    std::size_t unchanged = 0;
    std::set<std::string> other_names;  // by these they can be meant, too
    for (const dom::element column : columns) {
        bool is_columns = false;
        (void)column["columns"].get(is_columns);
        if (text_of(column, "class") == "STAR" && !is_columns && !has_members(column, "replace_list") &&
            !has_members(column, "rename_list") && is_null(column, "expr"))
            ++unchanged;
        if (!is_text(column)) continue;
        ++unchanged;
        if (const std::string_view own = text_of(column, "alias"); !own.empty())
            other_names.insert(lower_case(own));
    }
    texts.merge(other_names);
    std::size_t mentioned = 0;
    bool by_number = false;
    const auto counted = walk(node, [&](dom::element element) -> Result<void> {
        const std::string_view kind = text_of(element, "class");
        by_number = by_number || kind == "POSITIONAL_REFERENCE";
        if (kind == "STAR") ++mentioned;
        if (kind != "COLUMN_REF") return {};
        const std::vector<std::string> names = names_of(element);
        const bool names_text =
            std::ranges::any_of(names, [&](const std::string& name) { return texts.contains(name); });
        // The table's name alone stands for all columns at once.
        if (names_text || (!names.empty() && names.back() == table)) ++mentioned;
        return {};
    });
    return counted && !by_number && mentioned == unchanged;
}

}  // namespace

std::unexpected<Error> query_error(std::string_view says) {
    for (const std::string_view ours : {"running a query: ", "preparing a query: "})
        if (says.starts_with(ours)) says.remove_prefix(ours.size());
    const std::string_view first = says.substr(0, std::min(says.find('\n'), says.size()));
    const auto has = [&](std::string_view part) { return says.find(part) != std::string_view::npos; };
    if (has("Out of Memory") || has("bad_alloc") || has("could not allocate") || has("failed to allocate") ||
        has("Failed to allocate"))
        return fail(Code::ResourceExhausted, "the query needs more memory than it may have",
                    "ask for less (a shorter time, fewer columns or groups), or raise the setting "
                    "sql.memory_mb");
    std::string remedy;
    if (const std::size_t at = says.find("Candidate bindings:"); at != std::string_view::npos)
        remedy = "did you mean:" + std::string(says.substr(at + 19, says.find('\n', at) - at - 19));
    return fail(Code::InvalidArgument, std::string(utf8_prefix(first, 500)), std::move(remedy));
}

Result<Plan> plan_of(Connection& engine, const std::string& query, std::span<const store::View> views) {
    auto answer = engine.run({"SELECT CAST(json_serialize_sql(CAST($1 AS VARCHAR)) AS VARCHAR)", {query}});
    if (!answer) return query_error(answer.error().message);
    const auto chunk = answer->next();
    if (!chunk) return fail(Code::Internal, "the engine does not parse");
    const simdjson::padded_string tree(
        store::duckdb::text_cell(duckdb_data_chunk_get_vector(chunk.get(), 0), 0));
    dom::parser parser;
    dom::element root;
    bool failed = true;
    if (parser.parse(tree).get(root) != simdjson::SUCCESS || root["error"].get(failed) != simdjson::SUCCESS)
        return fail(Code::InvalidArgument, "the query is nested too deeply");
    if (failed) {
        if (text_of(root, "error_type") == "not implemented")
            return fail(Code::InvalidArgument, "only SELECT can be asked",
                        "the record cannot be changed by SQL, nor read from elsewhere than its tables");
        const std::string_view position = text_of(root, "position");
        return fail(Code::InvalidArgument,
                    fmt::format("{}{}", text_of(root, "error_message"),
                                position.empty() ? "" : fmt::format(" (at byte {})", position)));
    }
    dom::array statements;
    if (root["statements"].get(statements) != simdjson::SUCCESS || statements.size() == 0)
        return fail(Code::InvalidArgument, "there is no query", "such as SELECT count(*) FROM calls");
    if (statements.size() > 1)
        return fail(Code::InvalidArgument, "there is more than one statement", "ask one at a time");
    dom::element node;
    if (statements.at(0)["node"].get(node) != simdjson::SUCCESS)
        return fail(Code::Internal, "the engine does not parse");
    STENO_ASSIGN(const Named named, check(engine, node, views));
    Plan plan;
    if (named.views.size() != 1 || named.shadowed) return plan;
    const store::View& view = views[named.views.front()];
    plan.texts_by_reference = texts_pass_through(node, view);
    Conditions conditions(engine, view);
    STENO_TRY(walk(node, [&](dom::element element) -> Result<void> {
        if (text_of(element, "type") == "SELECT_NODE") conditions.of_select(element);
        return {};
    }));
    plan.conditions = conditions.take();
    return plan;
}

}  // namespace steno::sql
