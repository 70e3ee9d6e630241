#include "base/json_writer.hpp"
#include "budgets/budgets.hpp"
#include "daily/keeper.hpp"
#include "prompt_types/types.hpp"
#include "repricing/price_book.hpp"
#include "server/api.hpp"
#include "server/limits.hpp"
#include "server/openapi.hpp"
#include "server/query_lanes.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <ranges>

/// How the server itself is: for people, for load balancers, for Prometheus.
namespace steno::server {

namespace {

constexpr std::size_t kMaxBudgetSeries = 100;  ///< by name
constexpr std::size_t kMaxLimitSeries = 200;   ///< keys and models, the latest seen
constexpr std::size_t kMaxLabel = 200;
constexpr std::size_t kMaxPlacesShown = 20;  ///< places of the journal that cannot be read

/// Longer than a disk or store takes that works.
constexpr std::chrono::seconds kSlowDisk{3};
constexpr std::chrono::seconds kSlowStore{10};

double seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

/// Why calls would go unrecorded now; "ok" if they would not.
std::string gateway_state(const journal::Stats& journal) {
    if (!journal.healthy) return "the journal cannot be written: " + journal.last_error;
    if (journal.oldest_unsynced > kSlowDisk) {
        return fmt::format("the disk does not answer: records have waited {:.0f} s for their fsync",
                           seconds(journal.oldest_unsynced));
    }
    return "ok";
}
std::string queries_state(const ingest::DataFolder& data, const ingest::FeederStats& feeder) {
    const auto opened = data.store_opened();
    if (!opened) return "the store is still being opened";
    if (!*opened) return "the store cannot be opened: " + opened->error().message;
    if (!feeder.healthy) return "the store cannot be fed: " + feeder.last_error;
    if (feeder.applying > kSlowStore)
        return fmt::format("the store does not answer since {:.0f} s", seconds(feeder.applying));
    return "ok";
}

void metric(std::string& out, std::string_view name, std::string_view kind, std::string_view help,
            auto value) {
    fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, kind,
                   value);
}

/// A label's value in Prometheus' text format.
std::string label(std::string_view text) {
    std::string escaped;
    for (const char c : text.substr(0, kMaxLabel)) {
        if (c == '\\' || c == '"') escaped += '\\';
        if (c == '\n') {
            escaped += "\\n";
        } else {
            escaped += c;
        }
    }
    return escaped;
}

/// What is left of the limits seen last. Bounded, because each key and model is a series.
void limit_metrics(std::string& out, const Limits& limits) {
    const std::vector<LimitState> states = limits.latest(kMaxLimitSeries);
    if (states.empty()) return;
    const std::int64_t now = limits.now();
    std::string remaining, most, exhausted;
    for (const LimitState& state : states) {
        const std::string labels =
            fmt::format("provider=\"{}\",host=\"{}\",key=\"{}\",model=\"{}\"", label(state.provider),
                        label(state.host), label(state.api_key_id), label(state.model));
        for (const auto& [name, window] : state.windows) {
            const auto full_again = full_again_at(name, window);
            if (window.remaining && (!full_again || *full_again > now))
                remaining += fmt::format("steno_rate_limit_remaining{{{},kind=\"{}\"}} {}\n", labels,
                                         label(name), *window.remaining);
            if (window.limit)
                most += fmt::format("steno_rate_limit{{{},kind=\"{}\"}} {}\n", labels, label(name),
                                    *window.limit);
        }
        exhausted +=
            fmt::format("steno_rate_limit_exhausted{{{}}} {}\n", labels, state.exhausted(now) ? 1 : 0);
    }
    const auto family = [&out](std::string_view name, std::string_view help, const std::string& series) {
        if (!series.empty()) out += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{2}", name, help, series);
    };
    family("steno_rate_limit_remaining",
           "What a provider said is left, in its last answer; gone once that limit was reset.", remaining);
    family("steno_rate_limit", "How much a provider allows.", most);
    family("steno_rate_limit_exhausted", "1 while a call made now would be refused.", exhausted);
}

/// Where the budgets stand; the first of them by name, because each is a series.
void budget_metrics(std::string& out, budgets::Ledger& ledger) {
    const std::vector<budgets::State> states = ledger.states();
    if (states.empty()) return;
    const auto family = [&](std::string_view name, std::string_view help, const auto& value) {
        out += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help);
        for (const budgets::State& state : std::views::take(states, kMaxBudgetSeries))
            out += fmt::format("{}{{budget=\"{}\",currency=\"{}\"}} {}\n", name, state.budget.name,
                               state.budget.currency, value(state));
    };
    using budgets::State;
    family("steno_budget_limit", "What may be spent in a period.",
           [](const State& state) { return state.budget.limit.to_short_string(); });
    family("steno_budget_spent", "What calls have cost in the present period.",
           [](const State& state) { return state.total().to_short_string(); });
    family("steno_budget_reserved", "What is set aside for calls under way.",
           [](const State& state) { return state.reserved.to_short_string(); });
    family("steno_budget_unpriced_calls", "Calls of the present period whose cost nobody knows.",
           [](const State& state) { return state.spent.unpriced; });
    family("steno_budget_refused_calls",
           "Calls that the gateway did not let pass in the present period, since the start.",
           [](const State& state) { return state.refused; });
}

/// What the questions about the record do, by their kind.
void alert_metrics(std::string& out, const AlertServices& alerts) {
    const alerts::WatcherStats watcher = alerts.watcher.stats();
    const notify::CourierStats courier = alerts.courier.stats();
    fmt::format_to(std::back_inserter(out),
                   "# HELP steno_alerts_firing Groups of alert rules that fire.\n"
                   "# TYPE steno_alerts_firing gauge\nsteno_alerts_firing{{level=\"warning\"}} {}\n"
                   "steno_alerts_firing{{level=\"critical\"}} {}\n",
                   watcher.warning, watcher.critical);
    metric(out, "steno_alert_evaluations_total", "counter", "Evaluations of alert rules.",
           watcher.evaluations);
    metric(out, "steno_alert_evaluation_failures_total", "counter",
           "Those that the store or the control database did not let happen.", watcher.failures);
    metric(out, "steno_alert_evaluations_postponed_total", "counter",
           "Rounds that waited because the store did not have the newest calls.", watcher.postponed);
    metric(out, "steno_alert_evaluation_longest_seconds", "gauge", "The longest evaluation since the start.",
           seconds(watcher.longest));
    metric(out, "steno_notifications_waiting", "gauge", "Notifications that are not delivered yet.",
           courier.waiting);
    metric(out, "steno_notifications_delivered_total", "counter", "Notifications delivered.",
           courier.delivered);
    metric(out, "steno_notification_failures_total", "counter",
           "Attempts to deliver a notification that failed; each is tried again.", courier.failed);
    metric(out, "steno_notifications_given_up_total", "counter",
           "Notifications that could not be delivered within a day.", courier.given_up);
}

void write_daily_files(JsonWriter& json, const daily::Keeper& keeper) {
    const daily::KeeperStats stats = keeper.stats();
    json.key("daily_files");
    json.begin_object();
    json.member("dir", keeper.rules().folder);
    json.member("time_zone", keeper.rules().zone.name());
    json.member("healthy", stats.trouble.empty());
    if (!stats.trouble.empty()) json.member("last_error", stats.trouble);
    json.member("written_files", stats.written);
    json.member("rotated_files", stats.rotated);
    json.member("failures", stats.failures);
    if (!stats.last_day.empty()) json.member("last_day", stats.last_day);
    json.end_object();
}

void daily_files_metrics(std::string& out, const daily::Keeper& keeper) {
    const daily::KeeperStats stats = keeper.stats();
    metric(out, "steno_daily_files_written_total", "counter", "Daily files written.", stats.written);
    metric(out, "steno_daily_files_rotated_total", "counter",
           "Daily files that went into the archive, or were removed.", stats.rotated);
    metric(out, "steno_daily_files_failures_total", "counter",
           "Times that daily files could not be written or rotated; each is tried again.", stats.failures);
    metric(out, "steno_daily_files_healthy", "gauge", "1 while all daily files are there that should be.",
           stats.trouble.empty() ? 1 : 0);
}

void lane_metrics(std::string& out, const QueryLanes& lanes) {
    const std::array<std::pair<std::string_view, LaneStats>, 4> all{{{"search", lanes.searches.stats()},
                                                                     {"sum", lanes.sums.stats()},
                                                                     {"sql", lanes.sql.stats()},
                                                                     {"list", lanes.lists.stats()}}};
    const auto family = [&](std::string_view name, std::string_view kind, std::string_view help,
                            std::uint64_t LaneStats::* value) {
        out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, kind);
        for (const auto& [lane, stats] : all)
            out += fmt::format("{}{{kind=\"{}\"}} {}\n", name, lane, stats.*value);
    };
    family("steno_queries_running", "gauge", "Questions about the record under way.", &LaneStats::running);
    family("steno_queries_waiting", "gauge", "Questions that wait for their turn.", &LaneStats::waiting);
    family("steno_queries_answered_total", "counter", "Questions that were answered.", &LaneStats::answered);
    family("steno_queries_refused_total", "counter", "Questions for which too many waited.",
           &LaneStats::refused);
    family("steno_queries_cancelled_total", "counter", "Questions whose client left before the answer.",
           &LaneStats::cancelled);
}

}  // namespace

Result<ApiAnswer> show_status(Services& services, const ApiRequest&) {
    const journal::Stats journal = services.data.journal().stats();
    const ingest::FeederStats feeder = services.data.feeder().stats();
    const auto opened = services.data.store_opened();
    std::optional<store::StoreStats> store;
    if (opened && *opened) {
        STENO_ASSIGN(store, services.data.store().stats());
    }
    const ingest::RecorderStats recorder = services.data.recorder().stats();
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("version", STENO_VERSION);
    json.member("uptime_s",
                (system_clock().now().unix_nanos - services.started_at.unix_nanos) / 1'000'000'000);
    json.member("listen", services.listen);
    json.member("data_dir", services.data.path());
    json.key("upstreams");
    json.begin_array();
    for (const auto& [name, upstream] : services.gateway.upstreams()) {
        json.begin_object();
        json.member("name", name);
        json.member("url", upstream.url.to_string());
        json.end_object();
    }
    json.end_array();
    json.key("journal");
    json.begin_object();
    json.member("healthy", journal.healthy);
    json.member("durable_position", journal.durable.to_string());
    json.member("records", journal.records);
    json.member("segments", journal.segments);
    json.member("bytes", journal.bytes);
    if (!journal.last_error.empty()) json.member("last_error", journal.last_error);
    json.member("unreadable_places", feeder.damaged);
    json.key("unreadable");
    json.begin_array();
    for (const std::string& place : services.data.damage().places(kMaxPlacesShown)) json.string(place);
    json.end_array();
    json.member("unreadable_payloads", services.data.calls().unreadable_payloads());
    json.end_object();
    const custody::CustodyStats custody = services.custodian.stats();
    json.key("custody");
    json.begin_object();
    json.member("sealed_segments", custody.sealed_segments);
    json.member("sealed_bytes_before", custody.sealed_bytes_before);
    json.member("sealed_bytes_after", custody.sealed_bytes_after);
    json.member("redacted_segments", custody.redacted_segments);
    json.member("removed_segments", custody.removed_segments);
    json.member("failures", custody.failures);
    json.end_object();
    json.key("store");
    json.begin_object();
    json.member("opening", !opened);
    const std::string& why = opened && !*opened ? opened->error().message : feeder.last_error;
    json.member("healthy", why.empty());
    if (!why.empty()) json.member("last_error", why);
    if (store) {
        json.member("rows", store->rows);
        json.member("bytes", store->bytes);
    }
    json.member("fed_records", feeder.fed);
    json.member("behind_records", feeder.behind);
    json.member("history_fed", feeder.history_fed);
    json.member("rebuilt_at_start", services.data.store_rebuilt());
    json.end_object();
    const std::string unkept = services.budgets.trouble();
    const budgets::Ledger::Stats ledger = services.budgets.ledger().stats();
    json.key("budgets");
    json.begin_object();
    json.member("kept_to", ledger.budgets);
    const std::string& trouble = unkept.empty() ? ledger.last_error : unkept;
    json.member("healthy", trouble.empty());
    if (!trouble.empty()) json.member("last_error", trouble);
    json.member("calls_under_way", ledger.reservations);
    json.end_object();
    const auto write_in_force = [&](std::string_view what, const Result<void>& in_force) {
        json.key(what);
        json.begin_object();
        json.member("healthy", in_force.has_value());
        if (!in_force) json.member("last_error", in_force.error().message);
        json.end_object();
    };
    if (services.prices != nullptr) write_in_force("prices", services.prices->be_in_force());
    if (services.prompt_types != nullptr)
        write_in_force("prompt_types", services.prompt_types->be_in_force());
    if (services.daily_files != nullptr) write_daily_files(json, *services.daily_files);
    json.member("calls_running", recorder.running);
    json.member("calls_interrupted_at_start", std::uint64_t{services.data.interrupted()});
    json.member("records_waiting", recorder.waiting_records);
    json.member("records_lost", recorder.lost);
    json.end_object();
    return answer;
}

Result<ApiAnswer> healthz(Services&, const ApiRequest&) {
    ApiAnswer answer;
    answer.body = R"({"status":"ok"})";
    return answer;
}

Result<ApiAnswer> readyz(Services& services, const ApiRequest&) {
    // The gateway relays even when the journal cannot be written, but then "ready" would be a lie: calls
    // would go unrecorded. A store that is behind or down stops queries only.
    const journal::Stats journal = services.data.journal().stats();
    const std::string gateway = gateway_state(journal);
    const std::string queries = queries_state(services.data, services.data.feeder().stats());
    ApiAnswer answer;
    answer.status = gateway == "ok" && queries == "ok" ? 200 : 503;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("gateway", gateway);
    json.member("queries", queries);
    // It works, but somebody should look.
    if (journal.files_lost > 0) {
        json.member("warning", fmt::format("{} files of the journal were removed while they were written to; "
                                           "records may be lost: steno verify",
                                           journal.files_lost));
    }
    // No more than that: this needs no key, and the trouble names a folder.
    if (services.daily_files != nullptr && !services.daily_files->stats().trouble.empty())
        json.member("daily_files", "daily files are not complete: see /api/v1/status");
    if (const gateway::GatewayStats stats = services.gateway.stats(); stats.bodies_waiting > 0) {
        json.member("uploads", fmt::format("{} wait for memory: request bodies hold {} of {} bytes "
                                           "(gateway.body_memory_mb)",
                                           stats.bodies_waiting, stats.body_bytes, stats.body_room));
    }
    json.end_object();
    return answer;
}

Result<ApiAnswer> metrics(Services& services, const ApiRequest&) {
    const gateway::GatewayStats gateway = services.gateway.stats();
    const ingest::RecorderStats recorder = services.data.recorder().stats();
    const journal::Stats journal = services.data.journal().stats();
    const ingest::FeederStats feeder = services.data.feeder().stats();
    ApiAnswer answer;
    answer.content_type = "text/plain; version=0.0.4";
    std::string& out = answer.body;
    metric(out, "steno_gateway_requests_total", "counter", "Requests that named an upstream.",
           gateway.requests);
    metric(out, "steno_gateway_active", "gauge", "Exchanges under way.", gateway.active);
    metric(out, "steno_gateway_upstream_failures_total", "counter",
           "Upstreams that refused, broke off or fell silent.", gateway.upstream_failures);
    metric(out, "steno_gateway_client_cancels_total", "counter",
           "Clients that left before their answer was complete.", gateway.client_cancels);
    metric(out, "steno_gateway_refused_total", "counter", "Requests that the gateway answered itself.",
           gateway.refused);
    metric(out, "steno_gateway_body_bytes", "gauge",
           "Memory that the request bodies of calls under way hold.", gateway.body_bytes);
    metric(out, "steno_gateway_body_room_bytes", "gauge", "Memory that there is for request bodies.",
           gateway.body_room);
    metric(out, "steno_gateway_bodies_waiting", "gauge", "Uploads that wait for such memory.",
           gateway.bodies_waiting);
    metric(out, "steno_gateway_bodies_waited_total", "counter", "Uploads that had to wait for such memory.",
           gateway.bodies_waited);
    metric(out, "steno_gateway_large_works_total", "counter",
           "Steps of recording large calls that were done beside their event loop.", gateway.large_works);
    metric(out, "steno_calls_begun_total", "counter", "Calls that were recorded as begun.", recorder.begun);
    metric(out, "steno_calls_ended_total", "counter", "Calls that were recorded as ended.", recorder.ended);
    metric(out, "steno_records_waiting", "gauge", "Records in memory because the disk refused them.",
           recorder.waiting_records);
    metric(out, "steno_records_lost_total", "counter",
           "Records given up because memory for waiting ones was full.", recorder.lost);
    metric(out, "steno_journal_records_total", "counter", "Records appended to this process's stream.",
           journal.records);
    metric(out, "steno_journal_bytes_total", "counter", "Bytes appended to this process's stream.",
           journal.bytes);
    metric(out, "steno_journal_syncs_total", "counter", "Times the journal was fsynced.", journal.syncs);
    metric(out, "steno_journal_append_failures_total", "counter", "Appends that the disk refused.",
           journal.append_failures);
    metric(out, "steno_journal_sync_failures_total", "counter", "Syncs that failed.", journal.sync_failures);
    metric(out, "steno_journal_oldest_unsynced_seconds", "gauge",
           "How long the oldest record without an fsync has waited for it.",
           seconds(journal.oldest_unsynced));
    metric(out, "steno_journal_longest_sync_seconds", "gauge", "The longest fsync since the start.",
           seconds(journal.longest_sync));
    metric(out, "steno_journal_files_lost_total", "counter",
           "Files of the journal that were removed, moved or replaced while they were written to.",
           journal.files_lost);
    metric(out, "steno_store_applying_seconds", "gauge",
           "How long the store has been at the batch that it was given last.", seconds(feeder.applying));
    metric(out, "steno_journal_healthy", "gauge", "1 when the last write and the last sync succeeded.",
           journal.healthy ? 1 : 0);
    const auto opened = services.data.store_opened();
    metric(out, "steno_store_open", "gauge", "1 once the store is open; calls are recorded before.",
           opened && *opened ? 1 : 0);
    metric(out, "steno_store_fed_total", "counter", "Records fed to the store.", feeder.fed);
    metric(out, "steno_store_behind", "gauge", "Durable records that the store does not have yet.",
           feeder.behind);
    metric(out, "steno_store_failures_total", "counter",
           "Times that feeding the store failed; each is tried again.", feeder.failures);
    metric(out, "steno_journal_damaged_total", "counter", "Places of the journal that could not be read.",
           feeder.damaged);
    const custody::CustodyStats custody = services.custodian.stats();
    metric(out, "steno_sealed_segments_total", "counter", "Journal files that were compressed.",
           custody.sealed_segments);
    metric(out, "steno_sealed_bytes_before_total", "counter", "What they had before.",
           custody.sealed_bytes_before);
    metric(out, "steno_sealed_bytes_after_total", "counter", "What they have now.",
           custody.sealed_bytes_after);
    metric(out, "steno_retention_redacted_segments_total", "counter",
           "Journal files from which retention took prompts and answers.", custody.redacted_segments);
    metric(out, "steno_retention_removed_segments_total", "counter", "Journal files that retention removed.",
           custody.removed_segments);
    metric(out, "steno_custody_failures_total", "counter",
           "Times that sealing or retention failed; each is tried again.", custody.failures);
    metric(out, "steno_payloads_unreadable_total", "counter",
           "Payloads that were asked for and could not be read.",
           services.data.calls().unreadable_payloads());
    if (services.alerts != nullptr) alert_metrics(out, *services.alerts);
    if (services.daily_files != nullptr) daily_files_metrics(out, *services.daily_files);
    if (services.lanes != nullptr) lane_metrics(out, *services.lanes);
    limit_metrics(out, services.limits);
    budget_metrics(out, services.budgets.ledger());
    return answer;
}

Result<ApiAnswer> openapi(Services&, const ApiRequest&) {
    ApiAnswer answer;
    answer.body = openapi_document();
    return answer;
}

}  // namespace steno::server
