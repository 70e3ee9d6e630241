#pragma once

#include <simdjson.h>

#include <string>
#include <vector>

namespace steno::cli {

/// What a report is made of: answers of the API.
struct ReportAnswers {
    /// What is told of each currency apart.
    struct Currency {
        std::string name;                             ///< empty: no call has a price
        simdjson::dom::element cost;                  ///< /api/v1/trends of the cost, by day
        simdjson::dom::element forecast;              ///< /api/v1/forecast
        std::vector<simdjson::dom::element> dearest;  ///< calls
    };

    simdjson::dom::element statistics;      ///< /api/v1/statistics of the period
    simdjson::dom::element models;          ///< /api/v1/compare with the period before, by provider and model
    simdjson::dom::element providers;       ///< by provider.name
    simdjson::dom::element agents;          ///< by trace.agent
    simdjson::dom::element projects;        ///< by project
    simdjson::dom::element users;           ///< by who.user_id
    simdjson::dom::element errors;          ///< by error.type
    simdjson::dom::element cost;            ///< /api/v1/trends of the cost, by day
    simdjson::dom::element calls;           ///< of the calls
    simdjson::dom::element cache;           ///< of cache_share
    simdjson::dom::element quality;         ///< /api/v1/quality by prompt.type
    simdjson::dom::element quality_before;  ///< the same of the period before
    simdjson::dom::element missing;         ///< /api/v1/data-quality
    simdjson::dom::element forecast;        ///< /api/v1/forecast
    simdjson::dom::element slow;            ///< /api/v1/slow, of AI calls
    simdjson::dom::element suggestions;     ///< /api/v1/suggestions
    simdjson::dom::element budgets;         ///< /api/v1/budgets, whatever the filters
    std::vector<Currency> currencies;       ///< one, or each of several
    std::string prices;                     ///< price_origins
    std::vector<std::string> filters;       ///< as they were given
};

}  // namespace steno::cli
