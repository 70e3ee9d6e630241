#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "cli/question.hpp"
#include "cli/terminal.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace steno::cli {

/// What `steno stats` asks of the record, in the words of its flags.
struct StatsQuestion {
    std::string by = "provider.name,model.requested";  ///< "none": one line for all
    PeriodFlags when;
    std::string bucket;
    std::string measures = "calls,errors,input_tokens,output_tokens,cost,duration_p50,duration_p95,ttft_p50";
    std::string kinds;  ///< see add_kinds_flag; empty: AI calls, unless kinds are filtered or grouped by
    std::string order;  ///< empty: the most expensive first
    std::vector<std::string> filters;  ///< "FIELD[.OP]=VALUE"
    std::uint32_t limit = 30;          ///< rows
};

/// What GET /api/v1/aggregate answers to it.
Result<std::string> stats_answer(Api& api, const StatsQuestion& question);
/// That answer as `steno stats` prints it; empty where no call fits.
struct StatsTable {
    Table table;
    bool truncated = false;  ///< there are more rows
};
Result<StatsTable> ask_stats(Api& api, const StatsQuestion& question);
/// The kinds that it counts: "ai", "functions", "agents" or "all".
std::string kinds_of(const StatsQuestion& question);

}  // namespace steno::cli
