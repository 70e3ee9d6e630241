#include "cli/config.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "calendar/zone.hpp"
#include "cli/old_names.hpp"
#include "io/file_system.hpp"
#include "net/proxy.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>

extern char** environ;

namespace steno::cli {

namespace {

Result<std::int64_t> whole_number(std::string_view text, std::int64_t min, std::int64_t max) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < min || value > max) {
        return fail(Code::InvalidArgument,
                    fmt::format("\"{}\" is not a whole number from {} to {}", text, min, max));
    }
    return value;
}

Setting number(std::string_view name, std::int64_t Config::* member, std::int64_t min, std::int64_t max,
               std::string_view help) {
    return {name, help,
            [=](Config& config, std::string_view text) -> Result<void> {
                STENO_ASSIGN(config.*member, whole_number(text, min, max));
                return {};
            },
            [=](const Config& config) { return std::to_string(config.*member); }};
}

Setting days(std::string_view name, std::int64_t custody::RetentionRules::* member, std::string_view help) {
    return {name, help,
            [=](Config& config, std::string_view text) -> Result<void> {
                STENO_ASSIGN(config.retention.*member, whole_number(text, 0, 100'000));
                return {};
            },
            [=](const Config& config) { return std::to_string(config.retention.*member); }};
}

Setting text(std::string_view name, std::string Config::* member, std::string_view help) {
    return {name, help,
            [=](Config& config, std::string_view value) -> Result<void> {
                config.*member = value;
                return {};
            },
            [=](const Config& config) { return config.*member; }};
}

template <class T>
struct Named {
    std::string_view name;
    T value;
};

template <class T, std::size_t N>
Setting choice(std::string_view name, T Config::* member, std::array<Named<T>, N> choices,
               std::string_view help) {
    return {name, help,
            [=](Config& config, std::string_view text) -> Result<void> {
                std::string names;
                for (const auto& choice : choices) {
                    if (choice.name == text) {
                        config.*member = choice.value;
                        return {};
                    }
                    names += (names.empty() ? "" : ", ") + std::string(choice.name);
                }
                return fail(Code::InvalidArgument, fmt::format("\"{}\" is not one of: {}", text, names));
            },
            [=](const Config& config) -> std::string {
                for (const auto& choice : choices) {
                    if (choice.value == config.*member) return std::string(choice.name);
                }
                return {};
            }};
}

std::vector<Setting> make_settings() {
    using gateway::Capture;
    using gateway::EstimateUsage;
    using gateway::KeepRaw;
    constexpr std::int64_t kHour = 3'600'000;
    return {
        text("data.dir", &Config::data_dir, "the folder of the record"),
        {"server.listen", "where to listen; any address that is not loopback needs server.api_key_file",
         [](Config& config, std::string_view value) -> Result<void> {
             const auto endpoint = net::Endpoint::parse(value);
             if (!endpoint) return fail(Code::InvalidArgument, fmt::format("\"{}\" is not HOST:PORT", value));
             config.listen = *endpoint;
             return {};
         },
         [](const Config& config) { return config.listen.to_string(); }},
        text("server.socket", &Config::socket,
             "file of a Unix socket to listen on too, which this user alone can reach"),
        text("server.api_key_file", &Config::api_key_file,
             "file with the keys of those who may use the API, one a line"),
        {"server.allowed_hosts", "further host names under which a server on loopback may be reached",
         [](Config& config, std::string_view value) -> Result<void> {
             config.allowed_hosts.clear();
             for (const std::string_view host : split(value, ',')) config.allowed_hosts.emplace_back(host);
             return {};
         },
         [](const Config& config) { return fmt::format("{}", fmt::join(config.allowed_hosts, ",")); }},
        number("server.loops", &Config::loops, 0, 256, "event loops (threads); 0: one a core"),
        number("gateway.max_body_bytes", &Config::max_body_bytes, 1024, 1 << 30,
               "largest request body; larger ones get a 413"),
        number("gateway.body_memory_mb", &Config::body_memory_mb, 1, 1 << 20,
               "memory for the request bodies of all calls at once; further large ones wait, up to 10 min"),
        choice("gateway.capture", &Config::capture,
               std::array{Named<Capture>{"full", Capture::Full}, Named<Capture>{"off", Capture::Off}},
               "full: record every call; off: relay only"),
        choice("gateway.keep_raw", &Config::keep_raw,
               std::array{Named<KeepRaw>{"request", KeepRaw::Request}, Named<KeepRaw>{"all", KeepRaw::All},
                          Named<KeepRaw>{"none", KeepRaw::None}},
               "which exact bytes are kept beside what was understood of them; replay needs the request"),
        choice("gateway.durability", &Config::strict_durability,
               std::array{Named<bool>{"normal", false}, Named<bool>{"strict", true}},
               "strict: an answer's last byte waits, up to 30 s, until its record is fsynced; normal: it "
               "does not wait"),
        choice(
            "gateway.ask_for_usage", &Config::ask_for_usage,
            std::array{Named<bool>{"on", true}, Named<bool>{"off", false}},
            "on: where a client streams without asking for usage, ask the provider, and keep the extra chunk "
            "from the client"),
        choice("gateway.estimate_usage", &Config::estimate_usage,
               std::array{Named<EstimateUsage>{"cut", EstimateUsage::Cut},
                          Named<EstimateUsage>{"all", EstimateUsage::All},
                          Named<EstimateUsage>{"off", EstimateUsage::Off}},
               "whose tokens are counted where no usage was reported: answers that were cut off, all "
               "answers, or none"),
        number("gateway.connect_timeout_ms", &Config::connect_timeout_ms, 1, kHour,
               "time to reach an upstream"),
        number("gateway.first_byte_timeout_ms", &Config::first_byte_timeout_ms, 1, 24 * kHour,
               "time until an upstream begins to answer"),
        number("gateway.idle_timeout_ms", &Config::idle_timeout_ms, 1, 24 * kHour,
               "longest silence inside an answer"),
        text("gateway.ca_file", &Config::ca_file, "PEM file of authorities to trust besides the system's"),
        {"gateway.proxy",
         "HTTP proxy through which https upstreams are reached: http://[NAME:PASSWORD@]HOST:PORT",
         [](Config& config, std::string_view value) -> Result<void> {
             if (!value.empty() && !net::Proxy::parse(value, {}))
                 return fail(Code::InvalidArgument, "that is no URL of an HTTP proxy");
             config.proxy = value;
             return {};
         },
         [](const Config& config) {
             const auto proxy = net::Proxy::parse(config.proxy, {});
             return proxy ? "http://" + proxy->at.to_string() : std::string();
         }},
        text("gateway.no_proxy", &Config::no_proxy,
             "hosts that are reached without gateway.proxy, with all names below them, separated by commas"),
        number("native.abandon_after_hours", &Config::abandon_after_hours, 0, 24 * 365,
               "age of a delivered beginning at which its call counts as interrupted, until its end comes; "
               "0: never"),
        number("journal.max_sync_delay_ms", &Config::max_sync_delay_ms, 0, 10'000,
               "longest time until the fsync of a written record begins"),
        number("journal.segment_bytes", &Config::segment_bytes, 1 << 16, std::int64_t{1} << 40,
               "size at which a journal file is full"),
        choice("journal.seal", &Config::seal, std::array{Named<bool>{"on", true}, Named<bool>{"off", false}},
               "on: journal files that are full are compressed, to a fraction of their size"),
        days("retention.days", &custody::RetentionRules::days,
             "age in days at which calls are removed; 0: never"),
        days("retention.payload_days", &custody::RetentionRules::payload_days,
             "age in days at which prompts and answers are removed, and figures stay; 0: never"),
        {"retention.classes",
         "the same by retention class (x-steno-retention), as CLASS=DAYS,CLASS=DAYS; 0: never",
         [](Config& config, std::string_view value) -> Result<void> {
             STENO_ASSIGN(config.retention.class_payload_days, custody::parse_class_days(value));
             return {};
         },
         [](const Config& config) { return custody::to_text(config.retention.class_payload_days); }},
        choice("prompt_types.default_track_full_data", &Config::default_track_full_data,
               std::array{Named<bool>{"true", true}, Named<bool>{"false", false}},
               "whether prompts and answers are kept of prompt types for which nothing is set"),
        choice("prompt_types.keep_latest", &Config::keep_latest,
               std::array{Named<bool>{"true", true}, Named<bool>{"false", false}},
               "of each prompt type the latest call keeps its prompt and answer, where its settings say that "
               "they are not kept; false: it does not"),
        choice("store.engine", &Config::store_engine,
               std::array{Named<std::string>{"duckdb", "duckdb"}, Named<std::string>{"memory", "memory"}},
               "duckdb, or memory (fed anew from the journal at every start)"),
        choice("store.feed", &Config::store_feed,
               std::array{Named<bool>{"on", true}, Named<bool>{"off", false}},
               "off: journal only; the store catches up when it is on again"),
        number("store.memory_mb", &Config::store_memory_mb, 64, 1 << 20, "memory that queries may use"),
        number("store.threads", &Config::store_threads, 1, 256, "threads of one query"),
        number("statistics.slow_ms", &Config::slow_ms, 0, 1'000'000'000,
               "calls that took so long or longer are slow, unless a question says otherwise"),
        number(
            "statistics.high_tokens", &Config::high_tokens, 0, 1'000'000'000'000,
            "AI calls with so many input tokens or more are large, unless a question says otherwise; 0: none "
            "is"),
        text("daily_files.dir", &Config::daily_dir,
             "the folder in which each day's calls are kept as JSON files when it has ended; empty: nowhere"),
        {"daily_files.time_zone", "whose days these are: a name such as Europe/Berlin, local, or +01:00",
         [](Config& config, std::string_view value) -> Result<void> {
             STENO_ASSIGN(const calendar::Zone zone, calendar::Zone::find(value));
             config.daily_zone = zone.name();
             return {};
         },
         [](const Config& config) { return config.daily_zone; }},
        choice("daily_files.requests", &Config::daily_requests,
               std::array{Named<bool>{"off", false}, Named<bool>{"on", true}},
               "on: with a file of each day's requests, too"),
        number("daily_files.keep_days", &Config::daily_keep_days, 0, 100'000,
               "age in days at which these files go into the archive, or are removed; 0: never"),
        choice("daily_files.archive", &Config::daily_archive,
               std::array{Named<bool>{"on", true}, Named<bool>{"off", false}},
               "on: files of that age go into archive/, compressed; off: they are removed"),
        number("daily_files.max_text", &Config::daily_max_text, 0, 1'000'000'000,
               "characters of a prompt or answer in these files; 0: all of it"),
        choice(
            "sql.access", &Config::sql,
            std::array{Named<SqlFor>{"local", SqlFor::Local}, Named<SqlFor>{"on", SqlFor::On},
                       Named<SqlFor>{"off", SqlFor::Off}},
            "who may ask SQL (steno sql): local: this machine, where the server listens on loopback alone; "
            "on: all who may use the API; off: nobody"),
        number("sql.memory_mb", &Config::sql_memory_mb, 64, 1 << 20,
               "memory of the process that runs a SQL query"),
        number("sql.timeout_ms", &Config::sql_timeout_ms, 1, kHour, "longest time for a SQL query"),
        text("pricing.file", &Config::prices_file,
             "JSON file of prices that go before the built-in ones (steno prices)"),
        text("aws.region", &Config::aws_region,
             "AWS region of Bedrock, where its upstream's host does not tell; empty: AWS_REGION, "
             "AWS_DEFAULT_REGION"),
        text(
            "aws.credentials_file", &Config::aws_credentials_file,
            "shared credentials file of the AWS CLI with which requests to Bedrock are signed, read for each "
            "one; empty: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"),
        text("aws.profile", &Config::aws_profile, "section of aws.credentials_file"),
        choice("console.yesterday", &Config::yesterday,
               std::array{Named<bool>{"off", false}, Named<bool>{"on", true}},
               "on: steno serve prints at its start what yesterday's calls took and cost"),
        choice("log.level", &Config::log_level,
               std::array{
                   Named<log::Level>{"info", log::Level::Info}, Named<log::Level>{"debug", log::Level::Debug},
                   Named<log::Level>{"warning", log::Level::Warning},
                   Named<log::Level>{"error", log::Level::Error}, Named<log::Level>{"off", log::Level::Off}},
               "how much is logged"),
        choice("log.format", &Config::log_json,
               std::array{Named<bool>{"text", false}, Named<bool>{"json", true}},
               "lines for people, or a JSON object a line"),
    };
}

std::string nearest(std::string_view name) {
    std::string_view best;
    std::size_t best_distance = name.size() / 2 + 1;
    for (const Setting& setting : settings()) {
        if (const std::size_t d = edit_distance(name, setting.name); d < best_distance) {
            best = setting.name;
            best_distance = d;
        }
    }
    return best.empty() ? "steno config show lists all settings" : fmt::format("did you mean {}?", best);
}

Result<std::string> plain_text(const toml::node& node) {
    if (const auto value = node.value_exact<std::string>()) return *value;
    if (const auto value = node.value_exact<std::int64_t>()) return std::to_string(*value);
    if (const auto value = node.value_exact<bool>()) return std::string(*value ? "true" : "false");
    if (const toml::array* list = node.as_array()) {
        std::string joined;
        for (const toml::node& item : *list) {
            const auto text = item.value_exact<std::string>();
            if (!text) return fail(Code::InvalidArgument, "a list may hold only texts");
            joined += (joined.empty() ? "" : ",") + *text;
        }
        return joined;
    }
    return fail(Code::InvalidArgument, "this kind of value fits no setting");
}

Result<void> read_toml(Config& config, const std::string& file, const std::string& content) {
    toml::table table;
    try {
        table = toml::parse(content, file);
    } catch (const toml::parse_error& error) {
        return fail(Code::InvalidArgument,
                    fmt::format("{}:{}: {}", file, error.source().begin.line, error.description()),
                    "steno.toml is TOML: [group], name = value, texts in double quotes");
    }
    for (const auto& [group, node] : table) {
        const auto at = [&](const toml::node& n) {
            return fmt::format("{}:{}", file, n.source().begin.line);
        };
        const toml::table* members = node.as_table();
        if (members == nullptr) {
            return fail(Code::InvalidArgument,
                        fmt::format("{}: \"{}\" stands outside of a group", at(node), group.str()),
                        nearest(group.str()));
        }
        for (const auto& [key, value] : *members) {
            auto text = plain_text(value);
            if (!text) return std::unexpected(std::move(text).error().with_context(at(value)));
            auto done = group.str() == "upstreams"
                            ? add_upstream(config, fmt::format("{}={}", key.str(), *text), at(value))
                            : set(config, fmt::format("{}.{}", group.str(), key.str()), *text, at(value));
            if (!done) return std::unexpected(std::move(done).error().with_context(at(value)));
        }
    }
    return {};
}

Result<void> read_environment(Config& config) {
    constexpr std::string_view kUpstream = "STENO_UPSTREAM_";
    for (const Setting& setting : settings()) {
        const std::string variable = setting.variable();
        const char* value = std::getenv(variable.c_str());
        if (value == nullptr) continue;
        auto done = set(config, setting.name, value, variable);
        if (!done) return std::unexpected(std::move(done).error().with_context(variable));
    }
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view line = *entry;
        if (!line.starts_with(kUpstream)) continue;
        const std::size_t equals = line.find('=');
        const std::string name = lower_case(line.substr(kUpstream.size(), equals - kUpstream.size()));
        auto done = add_upstream(config, name + std::string(line.substr(equals)), line.substr(0, equals));
        if (!done) return done;
    }
    return {};
}

}  // namespace

std::string Setting::variable() const {
    std::string variable = "STENO_";
    for (const char c : name)
        variable += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return variable;
}

std::span<const Setting> settings() {
    static const std::vector<Setting> settings = make_settings();
    return settings;
}

Result<void> set(Config& config, std::string_view name, std::string_view text, std::string_view origin) {
    for (const Setting& setting : settings()) {
        if (setting.name != name) continue;
        auto done = setting.set(config, text);
        if (!done) {
            return fail(Code::InvalidArgument, fmt::format("{}: {}", name, done.error().message),
                        fmt::format("{}: {} (default {})", name, setting.help, setting.get(Config{})));
        }
        config.origin[std::string(name)] = origin;
        return {};
    }
    return fail(Code::InvalidArgument, fmt::format("there is no setting \"{}\"", name), nearest(name));
}

Result<void> add_upstream(Config& config, std::string_view text, std::string_view origin) {
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const auto url =
        equals == std::string_view::npos ? std::nullopt : net::BaseUrl::parse(text.substr(equals + 1));
    const bool plain_name =
        !name.empty() &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string_view::npos;
    if (!plain_name || equals == std::string_view::npos) {
        return fail(Code::InvalidArgument,
                    fmt::format("\"{}\" is no name of an upstream", name.substr(0, 40)),
                    "NAME=URL with a name of a-z, 0-9, - and _, such as openai=https://api.openai.com");
    }
    if (!url) {
        // The URL itself is not repeated: people put keys into URLs.
        return fail(Code::InvalidArgument,
                    fmt::format("what upstream {} leads to is no URL that can be used", name),
                    "http(s)://HOST[:PORT][/PATH], without user name, password, query or fragment");
    }
    for (const std::string_view taken :
         {"api", "healthz", "readyz", "metrics", "assets", "v1", "calls", "requests", "sessions"}) {
        if (name == taken) {
            return fail(
                Code::InvalidArgument,
                fmt::format("an upstream cannot be named \"{}\": that path is the server's own", name));
        }
    }
    config.upstreams[std::string(name)] = *url;
    config.origin["upstreams." + std::string(name)] = origin;
    return {};
}

Result<Config> load_config(const std::string& file) {
    Config config;
    const std::string path = file.empty() ? "steno.toml" : file;
    auto content = io::read_file(io::posix_file_system(), path, 1 << 20);
    if (content) {
        STENO_TRY(read_toml(config, path, *content));
    } else if (!file.empty() || content.error().code != Code::NotFound) {
        return std::unexpected(std::move(content).error().with_context("reading " + path));
    }
    STENO_TRY(read_environment(config));
    STENO_TRY(read_old_names(config));
    return config;
}

Result<std::vector<std::string>> read_api_keys(const std::string& file) {
    std::vector<std::string> keys;
    if (file.empty()) return keys;
    auto content = io::read_file(io::posix_file_system(), file, 1 << 20);
    if (!content) return std::unexpected(std::move(content).error().with_context("reading the API keys"));
    for (const std::string_view line : split(*content, '\n')) {
        const std::string_view key = trim(line.substr(0, line.find_first_of("#\r")));
        if (key.empty()) continue;
        if (key.size() < 16) {
            return fail(Code::InvalidArgument, file + ": a key is shorter than 16 characters",
                        "make one with: openssl rand -hex 24");
        }
        keys.emplace_back(key);
    }
    if (keys.empty()) return fail(Code::InvalidArgument, file + " holds no key", "one key a line");
    return keys;
}

}  // namespace steno::cli
