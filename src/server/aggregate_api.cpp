#include "analysis/currencies.hpp"
#include "analysis/figures.hpp"
#include "base/json_writer.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"

#include <vector>

namespace steno::server {

namespace {

void write_value(JsonWriter& json, const store::Value& value) {
    std::string text;
    store::append_json(text, value);
    json.raw(text);
}

/// `amounts`: of a cost that is in several currencies.
void write_cell(JsonWriter& json, const store::Cell& cell, const analysis::Amounts& amounts) {
    if (const auto* value = std::get_if<store::Value>(&cell)) return write_value(json, *value);
    if (const auto* cost = std::get_if<store::CostSum>(&cell)) return analysis::write(json, *cost, amounts);
    json.null();
}

}  // namespace

Result<ApiAnswer> aggregate(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const store::AggregateQuery query, aggregate_parameters(request));
    STENO_TRY(no_text(query.selection));
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    services.data.calls().catch_up();
    STENO_ASSIGN(const auto calls, services.data.store().snapshot());
    STENO_ASSIGN(const store::AggregateTable table, calls->aggregate(query));
    STENO_ASSIGN(const std::vector<analysis::Amounts> amounts,
                 analysis::amounts_by_currency(*calls, query, table));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_period(json, query.selection, zone);
    json.key("groups");
    json.begin_array();
    for (std::size_t row = 0; row < table.groups.size(); ++row) {
        const auto& group = table.groups[row];
        json.begin_object();
        json.key("key");
        json.begin_object();
        for (std::size_t i = 0; i < query.group_by.size(); ++i) {
            json.key(query.group_by[i].path());
            if (group.key[i]) {
                write_value(json, *group.key[i]);
            } else {
                json.null();
            }
        }
        json.end_object();
        if (group.bucket) json.member("bucket", group.bucket->to_string());
        for (std::size_t i = 0; i < query.measures.size(); ++i) {
            json.key(query.measures[i].name);
            write_cell(json, group.cells[i], amounts[row]);
        }
        json.end_object();
    }
    json.end_array();
    json.member("truncated", table.truncated);
    json.end_object();
    return answer;
}

}  // namespace steno::server
