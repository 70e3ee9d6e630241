#pragma once

#include "base/error.hpp"
#include "base/log.hpp"
#include "custody/retention.hpp"
#include "net/http.hpp"
#include "pricing/catalogue.hpp"
#include "sources/gateway/gateway.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace steno::cli {

/// Who may ask SQL of the server: those on this machine where it listens for them alone, all who may use the
/// API, or nobody.
enum class SqlFor : std::uint8_t { Local, On, Off };

/// Everything that can be set. The defaults are good: no file and no variable is required.
struct Config {
    std::string data_dir = "steno-data";
    net::Endpoint listen{"127.0.0.1", 8787};
    std::string socket;
    std::string api_key_file;
    std::vector<std::string> allowed_hosts;
    std::int64_t loops = 0;
    std::map<std::string, net::BaseUrl> upstreams;
    std::int64_t max_body_bytes = 64 << 20;
    std::int64_t body_memory_mb = 256;
    gateway::Capture capture = gateway::Capture::Full;
    gateway::KeepRaw keep_raw = gateway::KeepRaw::Request;
    bool strict_durability = false;
    bool ask_for_usage = true;
    gateway::EstimateUsage estimate_usage = gateway::EstimateUsage::Cut;
    std::int64_t connect_timeout_ms = 10'000;
    std::int64_t first_byte_timeout_ms = 600'000;
    std::int64_t idle_timeout_ms = 600'000;
    std::string ca_file;
    std::string proxy;  ///< may hold a password
    std::string no_proxy;
    std::int64_t abandon_after_hours = 24;
    std::int64_t max_sync_delay_ms = 10;
    std::int64_t segment_bytes = 64 << 20;
    bool seal = true;
    custody::RetentionRules retention;
    bool default_track_full_data = true;
    bool keep_latest = true;
    std::string store_engine = "duckdb";
    std::int64_t store_memory_mb = 1024;
    std::int64_t store_threads = 2;
    bool store_feed = true;
    SqlFor sql = SqlFor::Local;
    std::int64_t sql_memory_mb = 512;
    std::int64_t sql_timeout_ms = 30'000;
    std::string prices_file;
    bool yesterday = false;
    std::string aws_region;
    std::string aws_credentials_file;
    std::string aws_profile = "default";
    log::Level log_level = log::Level::Info;
    bool log_json = false;

    std::int64_t slow_ms = 5000;
    std::int64_t high_tokens = 0;

    std::string daily_dir;  ///< empty: no daily files
    std::string daily_zone = "UTC";
    bool daily_requests = false;
    std::int64_t daily_keep_days = 30;
    bool daily_archive = true;
    std::int64_t daily_max_text = 1000;
    /// Of variables with old names (old_names.hpp); none where there is a pricing.file.
    std::vector<pricing::Price> old_prices;
    std::vector<std::string> notes;  ///< for the log of a server that starts

    /// Where each setting's value is from: "default", "steno.toml:12", "STENO_GATEWAY_CAPTURE", "--listen".
    std::map<std::string, std::string> origin;
};

/// One setting: `[group] name` in steno.toml, STENO_GROUP_NAME in the environment.
struct Setting {
    std::string_view name;  ///< "gateway.max_body_bytes"
    std::string_view help;
    std::function<Result<void>(Config&, std::string_view text)> set;
    std::function<std::string(const Config&)> get;

    [[nodiscard]] std::string variable() const;  ///< "STENO_GATEWAY_MAX_BODY_BYTES"
};

/// All settings, in the order in which they are shown. Upstreams are a table of their own: `[upstreams] name
/// = "url"`, STENO_UPSTREAM_NAME.
std::span<const Setting> settings();

/// Sets one by name and notes where from. InvalidArgument names it, or the settings with names like it.
Result<void> set(Config& config, std::string_view name, std::string_view text, std::string_view origin);
/// "NAME=URL".
Result<void> add_upstream(Config& config, std::string_view text, std::string_view origin);

/// Defaults, then the file (steno.toml in the working folder when `file` is empty; it may be missing then),
/// then the environment. Errors name file and line, or the variable, and what would be right.
Result<Config> load_config(const std::string& file);

/// The keys of api_key_file, one a line; '#' begins a comment.
Result<std::vector<std::string>> read_api_keys(const std::string& file);

}  // namespace steno::cli
