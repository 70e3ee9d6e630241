#include "cli/composition.hpp"

#include "base/log.hpp"
#include "cli/aws_access.hpp"
#include "cli/up_to_now.hpp"
#include "experiment_watch/watcher.hpp"
#include "experiments/experiments.hpp"
#include "ingest/folder_secret.hpp"
#include "prompts/registry.hpp"
#include "store/duckdb/duckdb_store.hpp"
#include "store/memory/memory_store.hpp"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <sys/resource.h>

namespace steno::cli {

namespace {

/// What could not be read or written of what people have set is tried again so often.
constexpr std::chrono::seconds kControlRetry{2};
/// Prompt types that cost or fail too much are looked for at every so many of these turns.
constexpr int kSwitchingOffTurns = 5;

}  // namespace

Result<std::vector<pricing::Price>> configured_prices(const Config& config) {
    if (config.prices_file.empty()) return config.old_prices;
    auto content = io::read_file(io::posix_file_system(), config.prices_file, 64 << 20);
    if (!content) return std::unexpected(std::move(content).error().with_context("reading pricing.file"));
    auto prices = pricing::prices_from_json(*content);
    if (!prices) return std::unexpected(std::move(prices).error().with_context(config.prices_file));
    // Versions are of those that are set in the folder.
    for (pricing::Price& price : *prices) price.version = 0;
    return std::move(*prices);
}

Result<std::unique_ptr<ingest::DataFolder>> open_data_folder(const Config& config,
                                                             const ingest::Feeder::Options& feeder,
                                                             Composition::Use use) {
    ingest::DataFolderOptions folder;
    folder.path = config.data_dir;
    STENO_ASSIGN(auto prices, configured_prices(config));
    folder.prices = pricing::Catalogue::with(std::move(prices));
    folder.max_sync_delay = std::chrono::milliseconds(config.max_sync_delay_ms);
    folder.segment_bytes = static_cast<std::uint64_t>(config.segment_bytes);
    folder.feed = config.store_feed;
    folder.begin_at_once = use != Composition::Use::Look;
    folder.wait_for_store = use != Composition::Use::Serve;
    if (config.store_engine == "memory") {
        folder.open_store = [](const std::string&) -> Result<std::unique_ptr<store::CallStore>> {
            return store::make_memory_store();
        };
    } else {
        store::DuckdbOptions options;
        options.memory_bytes = static_cast<std::uint64_t>(config.store_memory_mb) << 20;
        options.threads = static_cast<unsigned>(config.store_threads);
        if (use == Composition::Use::Serve) options.worth_compacting = 64ULL << 20;
        folder.open_store = [options](const std::string& path) mutable {
            options.folder = path;
            return store::open_duckdb_store(options);
        };
    }
    folder.feeder = feeder;
    folder.recorder.abandon_after = std::chrono::hours(config.abandon_after_hours);
    folder.recorder.max_waiting_bytes =
        ingest::Recorder::waiting_bytes_for(static_cast<std::uint64_t>(config.body_memory_mb) << 20);
    return ingest::DataFolder::open(io::posix_file_system(), std::move(folder));
}

std::unique_ptr<custody::Custodian> make_custodian(const Config& config, ingest::DataFolder& data,
                                                   custody::Heir* heir) {
    custody::Custodian::Options options;
    options.seal = config.seal;
    options.retention = config.retention;
    options.keep_latest = config.keep_latest;
    options.feeder = &data.feeder();
    options.heir = heir;
    return std::make_unique<custody::Custodian>(io::posix_file_system(), config.data_dir, data.journal(),
                                                data.reader(), data.store(), std::move(options));
}

Result<std::unique_ptr<daily::Keeper>> make_keeper(const Config& config, ingest::DataFolder& data) {
    if (config.daily_dir.empty()) return nullptr;
    daily::Keeper::Rules rules;
    rules.folder = config.daily_dir;
    STENO_ASSIGN(rules.zone, calendar::Zone::find(config.daily_zone));
    rules.options.max_text = static_cast<std::size_t>(config.daily_max_text);
    rules.options.slow = Duration{config.slow_ms * 1'000'000};
    rules.requests = config.daily_requests;
    rules.keep_days = config.daily_keep_days;
    rules.archive = config.daily_archive;
    return std::make_unique<daily::Keeper>(daily::Record{data.store(), data.calls()}, std::move(rules),
                                           [&data] { return up_to_now(data); });
}

static server::SqlAccess sql_access(const Config& config, Composition::Use use) {
    server::SqlAccess access;
    // Who looks into the folder without a server has it all.
    access.open = config.sql == SqlFor::On || use == Composition::Use::Look ||
                  (config.sql == SqlFor::Local && config.listen.is_loopback());
    access.limits.memory_bytes = static_cast<std::uint64_t>(config.sql_memory_mb) << 20;
    access.limits.timeout = std::chrono::milliseconds(config.sql_timeout_ms);
    return access;
}

Result<std::unique_ptr<Composition>> Composition::open(const Config& config, Use use) {
    std::unique_ptr<Composition> parts(new Composition);
    parts->sql_ = sql_access(config, use);
    parts->slow_ = Duration{config.slow_ms * 1'000'000};
    parts->high_tokens_ = config.high_tokens;
    gateway::GatewayOptions options;
    STENO_ASSIGN(options.aws, aws_access(config));
    parts->ledger_ = std::make_unique<budgets::Ledger>();
    ingest::Feeder::Options feeder;
    feeder.follower = parts->ledger_.get();
    feeder.at_rest = [ledger = parts->ledger_.get()](store::CallStore& store, bool history_fed) {
        ledger->rest(store, history_fed);
    };
    parts->rules_ = std::make_unique<prompt_types::Rules>();
    STENO_ASSIGN(parts->data_, open_data_folder(config, feeder, use));
    parts->data_->recorder().set_policy(*parts->rules_);
    parts->open_control();
    STENO_ASSIGN(auto prices, configured_prices(config));
    parts->open_prices(std::move(prices));
    parts->open_budgets();
    parts->open_prompts();
    parts->open_prompt_types(config, use);
    if (parts->control_) parts->read_control();
    parts->custodian_ = make_custodian(config, *parts->data_, parts->prompt_totals_.get());
    if (use == Use::Serve) {
        STENO_ASSIGN(parts->daily_files_, make_keeper(config, *parts->data_));
    }
    parts->call_log_ = std::make_unique<prompt_types::CallLog>(*parts->rules_);
    parts->data_->recorder().add_consumer(*parts->call_log_);
    parts->limits_ = std::make_unique<server::Limits>();
    parts->data_->recorder().add_consumer(*parts->limits_);

    parts->loops_ = std::make_unique<net::Loops>(static_cast<unsigned>(config.loops));
    net::HttpClient::Options client;
    client.ca_file = config.ca_file;
    if (!config.proxy.empty()) client.proxy = net::Proxy::parse(config.proxy, config.no_proxy);
    parts->client_ = std::make_unique<net::HttpClient>(*parts->loops_, std::move(client));

    for (const auto& [name, url] : config.upstreams) options.upstreams.push_back({name, url});
    if (const auto url = bedrock_url(options.aws.region); url && !config.upstreams.contains("bedrock"))
        options.upstreams.push_back({"bedrock", *url});
    options.deadlines.connect = std::chrono::milliseconds(config.connect_timeout_ms);
    options.deadlines.first_byte = std::chrono::milliseconds(config.first_byte_timeout_ms);
    options.deadlines.idle = std::chrono::milliseconds(config.idle_timeout_ms);
    options.max_body_bytes = static_cast<std::uint64_t>(config.max_body_bytes);
    options.body_memory_bytes = static_cast<std::uint64_t>(config.body_memory_mb) << 20;
    options.capture = config.capture;
    options.keep_raw = config.keep_raw;
    STENO_ASSIGN(options.key_secret,
                 ingest::folder_secret(io::posix_file_system(), config.data_dir, "api-keys"));
    options.strict_durability = config.strict_durability;
    options.ask_for_usage = config.ask_for_usage;
    options.estimate_usage = config.estimate_usage;
    options.spending = parts->ledger_.get();
    parts->gateway_ = std::make_unique<gateway::Gateway>(*parts->loops_, *parts->client_,
                                                         &parts->data_->recorder(), std::move(options));
    parts->caller_ = std::make_unique<server::GatewayModelCaller>(*parts->gateway_);
    parts->open_alerting(config);
    parts->loops_->start();
    if (use != Use::Look)
        parts->looking_after_ =
            std::jthread([it = parts.get()](const std::stop_token& stop) { it->look_after_control(stop); });
    return parts;
}

void Composition::open_control() {
    auto database = control::Database::open(control_file());
    if (!database) {
        log::error("budgets are not kept to; alerts, prompts, experiments and own prices cannot be used: {}",
                   database.error().message);
        control_error_ = std::move(database).error();
        return;
    }
    control_ = std::move(*database);
}

std::string Composition::control_file() const {
    return data_->path() + "/control.sqlite";
}

/// Whose part of it cannot be read goes on without: tracking never harms.
void Composition::read_control() {
    const auto tell = [](const Result<void>& opened, std::string_view otherwise) {
        if (!opened) log::error("{}: {}", otherwise, opened.error().message);
    };
    tell(prices_->open(*control_), "calls are priced without prices of your own");
    tell(budgets_->open(*control_), "budgets are not kept to");
    tell(prompts_->open(*control_), "prompts cannot be used");
    tell(experiments_->open(*control_), "no experiment runs");
    (void)prompt_types_->open(*control_);  // says itself what holds instead
    tell(prompt_totals_->open(*control_),
         "totals of prompt types cannot be kept, so nothing is removed from the record");
}

/// A file that was locked for long or that somebody has put back, a disk that was full.
void Composition::look_after_control(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    const Cancellation::Scope scope(stopped_);
    for (int turn = 1;; ++turn) {
        {
            std::unique_lock lock(mutex);
            wake.wait_for(lock, stop, kControlRetry, [] { return false; });
        }
        if (stop.stop_requested()) return;
        if (!control_) {
            auto database = control::Database::open(control_file());
            if (!database) continue;  // which open_control has said
            control_ = std::move(*database);
            read_control();
            log::info(
                "control.sqlite can be used again: budgets, prompts, experiments, own prices and prompt "
                "types are "
                "as they were set; alerts and re-pricing need another start");
        }
        (void)prompt_types_->be_in_force();
        if (turn % kSwitchingOffTurns == 0) switch_off_prompt_types();
        (void)experiments_->be_in_force();
    }
}

void Composition::switch_off_prompt_types() {
    const auto opened = data_->store_opened();
    if (!opened || !*opened) return;
    (void)data_->calls().catch_up();  // what is missing counts at the next look
    if (const auto looked = switching_off_->look(system_clock().now());
        !looked && looked.error().code != Code::Cancelled)
        log::warning("whether prompt types are to be switched off is not known: {}", looked.error().message);
}

/// Budgets for one prompt type, whatever else they name, that are used up.
static std::vector<prompt_types::SwitchingOff::UsedUp> used_up(budgets::States& states) {
    std::vector<prompt_types::SwitchingOff::UsedUp> used_up;
    for (const budgets::State& state : states.states()) {
        const budgets::Budget& budget = state.budget;
        if (budget.scope.prompt_type.empty() || !state.known || !state.used_up()) continue;
        prompt_types::Cause cause;
        cause.key = fmt::format("budget {} {} {} {}", budget.name, budget.limit.to_string(), budget.currency,
                                state.period.begin);
        cause.reason =
            fmt::format("the budget {} is used up: {} of {} {} in the {} that began at {}", budget.name,
                        state.total().to_string(), budget.limit.to_string(), budget.currency,
                        budgets::to_string(budget.per), budget.zone.at(state.period.begin).to_string());
        used_up.push_back({budget.scope.prompt_type, std::move(cause)});
    }
    return used_up;
}

/// Until the settings can be read, those hold that were published last.
void Composition::open_prompt_types(const Config& config, Use use) {
    prompt_types::Types::Options options;
    options.defaults.track_full_data = config.default_track_full_data;
    // Who uses the folder for a moment does not speak for its server.
    options.announces = use == Use::Serve;
    for (const auto& [name, days] : config.retention.class_payload_days)
        options.retention_classes.insert(name);
    prompt_types_ = std::make_unique<prompt_types::Types>(*rules_, io::posix_file_system(), data_->path(),
                                                          std::move(options));
    prompt_totals_ = std::make_unique<prompt_types::Totals>(data_->store(), data_->calls());
    switching_off_ = std::make_unique<prompt_types::SwitchingOff>(
        *prompt_types_, data_->store(), [ledger = ledger_.get()] { return used_up(*ledger); });
    if (control_) return;
    prompt_types_->stay_closed(*control_error_);
    prompt_totals_->stay_closed(*control_error_);
}

/// Calls are priced without those of the folder, where these cannot be read.
void Composition::open_prices(std::vector<pricing::Price> file) {
    prices_ = std::make_unique<repricing::PriceBook>(
        std::move(file), [recorder = &data_->recorder()](std::shared_ptr<const pricing::Catalogue> prices) {
            recorder->set_prices(std::move(prices));
        });
    trail_ = std::make_unique<repricing::Trail>(control_.get());
    repricer_ = std::make_unique<repricing::Repricer>(*data_, *trail_, prices_.get());
    if (!control_) prices_->stay_closed(*control_error_);
}

void Composition::open_budgets() {
    ledger_->set_prices([recorder = &data_->recorder()] { return recorder->prices(); });
    ledger_->on_restless([feeder = &data_->feeder()] { feeder->rest_soon(); });
    data_->recorder().add_consumer(*ledger_);
    budgets_ = std::make_unique<budgets::Budgets>(*ledger_);
    if (!control_) budgets_->stay_closed(*control_error_);
}

void Composition::open_prompts() {
    prompts_ = std::make_unique<prompts::Registry>();
    running_experiments_ =
        std::make_unique<Published<experiments::Table>>(std::make_shared<const experiments::Table>());
    experiments_ = std::make_unique<experiments::Experiments>(*prompts_, *running_experiments_);
    experiment_watcher_ = std::make_unique<experiment_watch::Watcher>(experiment_watch::Watcher::Parts{
        *experiments_, data_->store(), system_clock(), [this] { return up_to_now(*data_); }});
    if (control_) return;
    prompts_->stay_closed(*control_error_);
    experiments_->stay_closed(*control_error_);
}

void Composition::open_alerting(const Config& config) {
    if (!control_) return;  // which open_control has said
    auto alerting = Alerting::open(*control_, *data_, *ledger_, *loops_, *client_, config);
    if (alerting)
        alerting_ = std::move(*alerting);
    else
        log::error("alerts cannot be used: {}", alerting.error().message);
}

void raise_file_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/// Where the store was still being opened, its thread is left behind in the engine (open_stoppably), and the
/// program must end without the destructors of its statics.
static void end_without_statics() {
    const auto end = [](int status, void*) {
        std::fflush(nullptr);
        std::_Exit(status);
    };
    (void)::on_exit(end, nullptr);
}

Composition::~Composition() {
    stopped_.cancel();
    looking_after_ = {};
    // It waits for tasks of the loops; tasks use everything else, so they end next.
    if (alerting_) alerting_->stop();
    experiment_watcher_.reset();
    repricer_.reset();
    if (loops_) loops_->stop();
    alerting_.reset();
    caller_.reset();
    gateway_.reset();
    client_.reset();
    loops_.reset();
    daily_files_.reset();
    custodian_.reset();
    const bool opening = data_ && !data_->store_opened();
    data_.reset();
    if (opening) end_without_statics();
}

server::Services Composition::services(const std::string& listen) {
    return {*data_,
            *custodian_,
            *gateway_,
            *limits_,
            *budgets_,
            *caller_,
            system_clock().now(),
            listen,
            alerting_ ? &alerting_->services() : nullptr,
            sql_,
            slow_,
            high_tokens_,
            daily_files_.get(),
            prices_.get(),
            repricer_.get(),
            prompt_types_.get(),
            prompt_totals_.get(),
            prompts_.get(),
            experiments_.get(),
            experiment_watcher_.get()};
}

}  // namespace steno::cli
