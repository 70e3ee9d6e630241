#include "cli/call_count.hpp"

#include "cli/selection.hpp"

#include <simdjson.h>

namespace steno::cli {

std::uint64_t call_count(Api& api, const std::string& query) {
    const auto body = api.get("/api/v1/aggregate" + with(query, "measures", "calls"));
    simdjson::dom::parser parser;
    simdjson::dom::element answer;
    std::uint64_t calls = 0;
    if (!body || parser.parse(*body).get(answer) != simdjson::SUCCESS ||
        answer.at_pointer("/groups/0/calls").get(calls) != simdjson::SUCCESS)
        return 0;
    return calls;
}

}  // namespace steno::cli
