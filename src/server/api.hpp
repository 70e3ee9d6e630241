#pragma once

#include "alerts/rule_book.hpp"
#include "alerts/watcher.hpp"
#include "base/error.hpp"
#include "custody/custodian.hpp"
#include "evaluation/replay.hpp"
#include "ingest/data_folder.hpp"
#include "journal/record.hpp"
#include "net/http.hpp"
#include "notify/courier.hpp"
#include "notify/outbox.hpp"
#include "sources/gateway/gateway.hpp"
#include "sql/runner.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The HTTP API, /api/v1: thin handlers, one file a resource, each a plain function from a request to an
/// answer.
namespace steno::budgets {
class Budgets;
}
namespace steno::daily {
class Keeper;
}
namespace steno::experiments {
class Experiments;
}
namespace steno::experiment_watch {
class Watcher;
}

namespace steno::prompt_types {
class Totals;
class Types;
}  // namespace steno::prompt_types
namespace steno::prompts {
class Registry;
}

namespace steno::repricing {
class PriceBook;
class Repricer;
}  // namespace steno::repricing

namespace steno::server {

class Limits;
struct QueryLanes;

/// Whether and how SQL can be asked.
struct SqlAccess {
    bool open = false;
    sql::Limits limits = {};
};

/// Alerts, and the way to their receivers.
struct AlertServices {
    notify::Outbox& outbox;
    notify::Carrier& carrier;
    notify::Courier& courier;
    alerts::RuleBook& book;
    alerts::Watcher& watcher;
};

/// What handlers work on. All of it outlives the server.
struct Services {
    ingest::DataFolder& data;
    custody::Custodian& custodian;
    gateway::Gateway& gateway;
    Limits& limits;
    budgets::Budgets& budgets;
    evaluation::ModelCaller& caller;
    Timestamp started_at;
    std::string listen;               ///< "127.0.0.1:8787", as it is reached
    AlertServices* alerts = nullptr;  ///< null: the control database cannot be used
    SqlAccess sql = {};
    Duration slow{5'000'000'000};  ///< calls that took so long or longer are slow
    std::int64_t high_tokens = 0;  ///< AI calls with so many tokens or more are large; 0: none is
    const daily::Keeper* daily_files = nullptr;  ///< null: daily files are not asked for
    repricing::PriceBook* prices = nullptr;
    repricing::Repricer* repricer = nullptr;
    prompt_types::Types* prompt_types = nullptr;
    prompt_types::Totals* prompt_totals = nullptr;
    prompts::Registry* prompts = nullptr;
    experiments::Experiments* experiments = nullptr;
    experiment_watch::Watcher* experiment_watcher = nullptr;
    QueryLanes* lanes = nullptr;  ///< of the server that answers; null where there is none
};

struct ApiRequest {
    const net::RequestHead& head;
    std::vector<std::string> captures;                       ///< what stood at {…} in the route
    std::vector<std::pair<std::string, std::string>> query;  ///< decoded
    std::string body;

    /// The first value of that name; absent when missing or empty.
    [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
};

struct ApiAnswer {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    /// The answer is true once this record is durable, and must not go out before.
    std::optional<journal::Position> true_once_durable = {};
};

/// Runs beside the loops, those that ask in a lane (query_lanes.hpp): may read the store and the journal.
/// Must not throw.
using Handler = Result<ApiAnswer> (*)(Services&, const ApiRequest&);

struct Route {
    std::string_view method;
    std::string_view pattern;  ///< "/api/v1/calls/{id}"
    Handler handler;
    bool quick = false;  ///< reads only what is in memory: runs on the loop, never behind slow queries
    std::uint64_t max_body = 1u << 20;
    /// In a lane: what reads the record, and may be given up in the line. It changes nothing, or, once its
    /// turn has come, all that it is to change before it reads.
    bool asks = method == "GET";
};

/// Every route of the API but the live stream.
std::span<const Route> routes();

struct Match {
    const Route* route = nullptr;
    std::vector<std::string> captures;
    std::string
        allowed;  ///< without a route: the methods that the path does have, "GET, POST"; empty: no such path
};
Match match(std::string_view method, std::string_view path);

/// FailedPrecondition where alerts cannot be used.
Result<AlertServices*> alerts_of(const Services& services);

/// RFC 9457: what happened and what to do.
ApiAnswer problem(const Error& error);
/// With a member of its own, `json`.
ApiAnswer problem(const Error& error, std::string_view member, std::string_view json);
ApiAnswer problem(int status, std::string_view code, std::string_view detail, std::string_view remedy);

/// What may help when it is tried again: 503, or 507 where the disk is full, with Retry-After.
ApiAnswer try_again(const Error& error);

// One file a resource.
Result<ApiAnswer> list_calls(Services&, const ApiRequest&);
Result<ApiAnswer> deliver_calls(Services&, const ApiRequest&);
Result<ApiAnswer> list_failures(Services&, const ApiRequest&);
Result<ApiAnswer> show_call(Services&, const ApiRequest&);
Result<ApiAnswer> show_raw(Services&, const ApiRequest&);
Result<ApiAnswer> give_feedback(Services&, const ApiRequest&);
Result<ApiAnswer> give_score(Services&, const ApiRequest&);
Result<ApiAnswer> show_request(Services&, const ApiRequest&);
Result<ApiAnswer> trace_request(Services&, const ApiRequest&);
Result<ApiAnswer> show_session(Services&, const ApiRequest&);
Result<ApiAnswer> aggregate(Services&, const ApiRequest&);
Result<ApiAnswer> show_statistics(Services&, const ApiRequest&);
Result<ApiAnswer> list_slow(Services&, const ApiRequest&);
Result<ApiAnswer> compare_periods(Services&, const ApiRequest&);
Result<ApiAnswer> ask_sql(Services&, const ApiRequest&);
Result<ApiAnswer> list_sql_tables(Services&, const ApiRequest&);
Result<ApiAnswer> show_trends(Services&, const ApiRequest&);
Result<ApiAnswer> show_anomalies(Services&, const ApiRequest&);
Result<ApiAnswer> show_forecast(Services&, const ApiRequest&);
Result<ApiAnswer> show_quality(Services&, const ApiRequest&);
Result<ApiAnswer> show_data_quality(Services&, const ApiRequest&);
Result<ApiAnswer> show_suggestions(Services&, const ApiRequest&);
Result<ApiAnswer> show_realtime(Services&, const ApiRequest&);
Result<ApiAnswer> list_limits(Services&, const ApiRequest&);
Result<ApiAnswer> list_budgets(Services&, const ApiRequest&);
Result<ApiAnswer> add_budget(Services&, const ApiRequest&);
Result<ApiAnswer> show_budget(Services&, const ApiRequest&);
Result<ApiAnswer> set_budget(Services&, const ApiRequest&);
Result<ApiAnswer> remove_budget(Services&, const ApiRequest&);
Result<ApiAnswer> list_prompts(Services&, const ApiRequest&);
Result<ApiAnswer> create_prompt(Services&, const ApiRequest&);
Result<ApiAnswer> show_prompt(Services&, const ApiRequest&);
Result<ApiAnswer> change_prompt(Services&, const ApiRequest&);
Result<ApiAnswer> remove_prompt(Services&, const ApiRequest&);
Result<ApiAnswer> list_prompt_versions(Services&, const ApiRequest&);
Result<ApiAnswer> add_prompt_version(Services&, const ApiRequest&);
Result<ApiAnswer> show_prompt_version(Services&, const ApiRequest&);
Result<ApiAnswer> list_prompt_labels(Services&, const ApiRequest&);
Result<ApiAnswer> show_prompt_label(Services&, const ApiRequest&);
Result<ApiAnswer> move_prompt_label(Services&, const ApiRequest&);
Result<ApiAnswer> remove_prompt_label(Services&, const ApiRequest&);
Result<ApiAnswer> roll_back_prompt_label(Services&, const ApiRequest&);
Result<ApiAnswer> compare_prompt_versions(Services&, const ApiRequest&);
Result<ApiAnswer> render_prompt(Services&, const ApiRequest&);
Result<ApiAnswer> render_prompt_draft(Services&, const ApiRequest&);
Result<ApiAnswer> fetch_prompt(Services&, const ApiRequest&);
Result<ApiAnswer> show_prompt_performance(Services&, const ApiRequest&);
Result<ApiAnswer> compare_prompt_performance(Services&, const ApiRequest&);
Result<ApiAnswer> show_prompt_trends(Services&, const ApiRequest&);
Result<ApiAnswer> export_prompts(Services&, const ApiRequest&);
Result<ApiAnswer> import_prompts(Services&, const ApiRequest&);
Result<ApiAnswer> list_experiments(Services&, const ApiRequest&);
Result<ApiAnswer> create_experiment(Services&, const ApiRequest&);
Result<ApiAnswer> show_experiment(Services&, const ApiRequest&);
Result<ApiAnswer> change_experiment(Services&, const ApiRequest&);
Result<ApiAnswer> remove_experiment(Services&, const ApiRequest&);
Result<ApiAnswer> start_experiment(Services&, const ApiRequest&);
Result<ApiAnswer> pause_experiment(Services&, const ApiRequest&);
Result<ApiAnswer> conclude_experiment(Services&, const ApiRequest&);
Result<ApiAnswer> stop_experiment_variant(Services&, const ApiRequest&);
Result<ApiAnswer> list_experiment_changes(Services&, const ApiRequest&);
Result<ApiAnswer> assign_experiment_unit(Services&, const ApiRequest&);
Result<ApiAnswer> show_experiment_result(Services&, const ApiRequest&);
Result<ApiAnswer> evaluate_experiment(Services&, const ApiRequest&);
Result<ApiAnswer> list_prices(Services&, const ApiRequest&);
Result<ApiAnswer> set_prices(Services&, const ApiRequest&);
Result<ApiAnswer> fit_prices(Services&, const ApiRequest&);
Result<ApiAnswer> explain_price(Services&, const ApiRequest&);
Result<ApiAnswer> list_price_versions(Services&, const ApiRequest&);
Result<ApiAnswer> show_price_version(Services&, const ApiRequest&);
Result<ApiAnswer> remove_price(Services&, const ApiRequest&);
Result<ApiAnswer> reprice(Services&, const ApiRequest&);
Result<ApiAnswer> list_repricings(Services&, const ApiRequest&);
Result<ApiAnswer> show_repricing(Services&, const ApiRequest&);
Result<ApiAnswer> cancel_repricing(Services&, const ApiRequest&);
Result<ApiAnswer> undo_repricing(Services&, const ApiRequest&);
Result<ApiAnswer> list_prompt_types(Services&, const ApiRequest&);
Result<ApiAnswer> change_prompt_types(Services&, const ApiRequest&);
Result<ApiAnswer> show_prompt_type(Services&, const ApiRequest&);
Result<ApiAnswer> change_prompt_type(Services&, const ApiRequest&);
Result<ApiAnswer> reset_prompt_type(Services&, const ApiRequest&);
Result<ApiAnswer> list_prompt_type_changes(Services&, const ApiRequest&);
Result<ApiAnswer> replay_call(Services&, const ApiRequest&);
Result<ApiAnswer> list_alerts(Services&, const ApiRequest&);
Result<ApiAnswer> show_alert(Services&, const ApiRequest&);
Result<ApiAnswer> set_alert(Services&, const ApiRequest&);
Result<ApiAnswer> remove_alert(Services&, const ApiRequest&);
Result<ApiAnswer> mute_alert(Services&, const ApiRequest&);
Result<ApiAnswer> unmute_alert(Services&, const ApiRequest&);
Result<ApiAnswer> alert_history(Services&, const ApiRequest&);
Result<ApiAnswer> preview_alert(Services&, const ApiRequest&);
Result<ApiAnswer> add_default_alerts(Services&, const ApiRequest&);
Result<ApiAnswer> list_channels(Services&, const ApiRequest&);
Result<ApiAnswer> set_channel(Services&, const ApiRequest&);
Result<ApiAnswer> remove_channel(Services&, const ApiRequest&);
Result<ApiAnswer> test_channel(Services&, const ApiRequest&);
Result<ApiAnswer> list_deliveries(Services&, const ApiRequest&);
Result<ApiAnswer> show_status(Services&, const ApiRequest&);
Result<ApiAnswer> show_storage(Services&, const ApiRequest&);
Result<ApiAnswer> healthz(Services&, const ApiRequest&);
Result<ApiAnswer> readyz(Services&, const ApiRequest&);
Result<ApiAnswer> metrics(Services&, const ApiRequest&);
Result<ApiAnswer> openapi(Services&, const ApiRequest&);

}  // namespace steno::server
