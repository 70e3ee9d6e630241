#include "cli/old_names.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace steno::cli {

namespace {

std::optional<std::string_view> variable(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

Result<bool> truth(std::string_view name, std::string_view value) {
    const std::string said = lower_case(value);
    if (said == "true" || said == "1" || said == "on" || said == "yes") return true;
    if (said == "false" || said == "0" || said == "off" || said == "no") return false;
    return fail(Code::InvalidArgument,
                fmt::format("{}: \"{}\" is neither true nor false", name, utf8_prefix(value, 80)));
}

/// Those that are a setting of ours.
struct Renamed {
    std::string_view old;
    std::string_view setting;
    bool is_switch = false;              ///< true and false, which are `on` and `off` of ours
    std::string_view on = {}, off = {};  ///< empty: what is set anyway
};
constexpr std::array kRenamed = {
    Renamed{"PERFORMANCE_TRACKING_ENABLED", "gateway.capture", true, "full", "off"},
    Renamed{"PERFORMANCE_LOG_RETENTION_DAYS", "retention.days"},
    Renamed{"PERFORMANCE_SLOW_CALL_THRESHOLD_MS", "statistics.slow_ms"},
    Renamed{"PERFORMANCE_LOG_LEVEL", "log.level"},
    Renamed{"PERFORMANCE_HIGH_TOKEN_THRESHOLD", "statistics.high_tokens"},
    Renamed{"PERFORMANCE_TRUNCATE_MESSAGES", "daily_files.max_text", true, "", "0"},
    Renamed{"PERFORMANCE_MAX_MESSAGE_LENGTH", "daily_files.max_text"},
};

/// Those that are none, and what holds instead.
struct Without {
    std::string_view old;
    std::string_view instead;
};
constexpr std::array kWithout = {
    Without{"PERFORMANCE_ENABLE_COST_CALCULATION",
            "has no effect: every call whose price is known has its cost (steno prices)"},
    Without{"PERFORMANCE_MASK_SENSITIVE_DATA",
            "has no counterpart yet: NOTHING IS MASKED; gateway.capture = \"off\" records nothing"},
};

struct OldPrice {
    std::string_view model, input, output;  ///< output may be empty: the model has none
};
constexpr std::array kPrices = {
    OldPrice{"gpt-4o", "OPENAI_GPT4O_PRICE_PER_1K_INPUT", "OPENAI_GPT4O_PRICE_PER_1K_OUTPUT"},
    OldPrice{"gpt-4o-mini", "OPENAI_GPT4O_MINI_PRICE_PER_1K_INPUT", "OPENAI_GPT4O_MINI_PRICE_PER_1K_OUTPUT"},
    OldPrice{"text-embedding-3-small", "OPENAI_EMBEDDING_PRICE_PER_1K", ""},
};

/// Per thousand tokens, as it is written; per million, as it is kept.
Result<Decimal> price(std::string_view name, std::string_view value) {
    const auto per_thousand = Decimal::parse(trim(value));
    if (!per_thousand || *per_thousand < Decimal() ||
        *per_thousand > Decimal::from_units(Decimal::kOne * 1000))
        return fail(Code::InvalidArgument,
                    fmt::format("{}: \"{}\" is no price", name, utf8_prefix(value, 80)), "such as 0.005");
    return Decimal::from_units(per_thousand->units() * 1000);
}

Result<void> read_prices(Config& config) {
    for (const OldPrice& old : kPrices) {
        const auto input = variable(old.input);
        const auto output = old.output.empty() ? std::nullopt : variable(old.output);
        if (!input && !output) continue;
        if (!input || (!old.output.empty() && !output))
            return fail(Code::InvalidArgument,
                        fmt::format("{} is set without {}", input ? old.input : old.output,
                                    input ? old.output : old.input),
                        "set both, or neither: then the built-in price holds");
        pricing::Price custom;
        custom.provider = "openai";
        custom.model = old.model;
        custom.source = std::string(old.input);
        STENO_ASSIGN(custom.input, price(old.input, *input));
        if (output) {
            STENO_ASSIGN(custom.output, price(old.output, *output));
        }
        if (!config.prices_file.empty()) {
            config.notes.push_back(
                fmt::format("{} has no effect: prices of your own are those of pricing.file", old.input));
            continue;
        }
        config.notes.push_back(fmt::format(
            "{} sets the price of {} for all times; prices with dates, cache and tiers: pricing.file",
            old.input, old.model));
        config.old_prices.push_back(std::move(custom));
    }
    return {};
}

}  // namespace

Result<void> read_old_names(Config& config) {
    for (const Renamed& renamed : kRenamed) {
        const auto value = variable(renamed.old);
        if (!value) continue;
        std::string text(*value);
        if (renamed.is_switch) {
            STENO_ASSIGN(const bool on, truth(renamed.old, *value));
            text = on ? renamed.on : renamed.off;
            if (text.empty()) {
                config.notes.push_back(fmt::format("{} says what holds anyway: {} (steno config show)",
                                                   renamed.old, renamed.setting));
                continue;
            }
        }
        if (renamed.setting == "log.level") {
            text = lower_case(text);
            if (text == "warn") text = "warning";
        }
        const auto by = config.origin.find(std::string(renamed.setting));
        if (by != config.origin.end()) {
            config.notes.push_back(
                fmt::format("{} has no effect: {} is set by {}", renamed.old, renamed.setting, by->second));
            continue;
        }
        if (auto done = set(config, renamed.setting, text, renamed.old); !done)
            return std::unexpected(std::move(done).error().with_context(renamed.old));
        config.notes.push_back(fmt::format("{} is taken as {} = {}: set that instead (steno config show)",
                                           renamed.old, renamed.setting, text));
    }
    for (const Without& without : kWithout)
        if (variable(without.old)) config.notes.push_back(fmt::format("{} {}", without.old, without.instead));
    return read_prices(config);
}

}  // namespace steno::cli
