#include "cli/prompt_type_settings.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>
#include <system_error>

namespace steno::cli {

namespace {

/// "10%", "0.1".
Result<double> share_of(std::string_view flag, std::string_view text) {
    std::string_view digits = text;
    const bool percent = digits.ends_with('%');
    if (percent) digits = trim(digits.substr(0, digits.size() - 1));
    double number = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) number = -1;
    if (percent) number /= 100;
    if (number >= 0 && number <= 1) return number;
    return fail(Code::InvalidArgument, fmt::format("{}: \"{}\" is no share", flag, text),
                "10% or 0.1: of every ten calls one");
}

}  // namespace

void add_settings_flags(CLI::App& command, PromptTypeSettings& settings) {
    command
        .add_option("--full-data", settings.full_data,
                    "on: prompts and answers are kept; off: of the latest call alone; default: as the "
                    "configuration says")
        ->check(CLI::IsMember({"on", "off", "default"}));
    auto* active = command.add_flag("--active", settings.active, "its calls are kept and listed");
    command
        .add_flag("--inactive", settings.inactive,
                  "of its calls figures alone are kept, and lists leave them out; sums go on")
        ->excludes(active);
    command.add_option("--sample", settings.sample, "the share of calls that keep their texts: 10% or 0.1");
    command.add_option("--text-limit", settings.text_limit,
                       "bytes that are kept of each prompt and answer, or none for all");
    command.add_option("--retention", settings.retention,
                       "the retention class of its calls that name none, or none");
    command
        .add_option(
            "--masking", settings.masking,
            "strict: e-mail addresses, numbers of phones and cards, IBANs and IP addresses are masked in "
            "prompts and answers; credentials are in any case")
        ->check(CLI::IsMember({"credentials", "strict"}));
    command
        .add_option(
            "--log-level", settings.log_level,
            "how much of each call is written to the server's log: off, metrics-only, summary, detailed")
        ->check(CLI::IsMember({"off", "metrics-only", "summary", "detailed"}));
    command
        .add_option("--disable-over-budget", settings.over_budget,
                    "on: it is switched off when a budget for it is used up")
        ->check(CLI::IsMember({"on", "off"}));
    command.add_option("--disable-failure-rate", settings.failure_rate,
                       "it is switched off when more of its calls fail: 50% or 0.5, or none");
    command.add_option("--disable-window", settings.window, "of the calls of so many minutes (default 60)");
    command.add_option("--disable-calls", settings.least_calls, "not before they are so many (default 20)");
    command
        .add_option("--disable-switches", settings.switches,
                    "what goes off then: is_active (default) or track_full_data")
        ->check(CLI::IsMember({"is_active", "track_full_data"}));
    command.add_option("--description", settings.description, "what it is for, or none");
}

Result<std::string> changes(const PromptTypeSettings& settings) {
    std::string body;
    JsonWriter json(body);
    const auto text_or_none = [&](std::string_view member, const std::string& value) {
        if (value.empty()) return;
        json.key(member);
        if (value == "none")
            json.null();
        else
            json.string(value);
    };
    json.begin_object();
    text_or_none("description", settings.description);
    if (!settings.full_data.empty()) {
        json.key("track_full_data");
        if (settings.full_data == "default")
            json.null();
        else
            json.boolean(settings.full_data == "on");
    }
    if (settings.active || settings.inactive) json.member("is_active", settings.active);
    if (!settings.sample.empty()) {
        STENO_ASSIGN(const double share, share_of("--sample", settings.sample));
        json.member("sample_rate", share);
    }
    if (!settings.text_limit.empty()) {
        json.key("text_limit");
        const bool digits = settings.text_limit.find_first_not_of("0123456789") == std::string::npos;
        if (settings.text_limit != "none" && (!digits || settings.text_limit.size() > 10))
            return fail(Code::InvalidArgument,
                        fmt::format("--text-limit: \"{}\" is no number of bytes", settings.text_limit),
                        "--text-limit 2000, or none");
        if (settings.text_limit == "none")
            json.null();
        else
            json.raw(std::to_string(std::stoll(settings.text_limit)));
    }
    text_or_none("retention", settings.retention);
    if (!settings.masking.empty()) json.member("masking", settings.masking);
    if (!settings.log_level.empty()) json.member("log_level", settings.log_level);
    if (!settings.over_budget.empty()) json.member("disable_over_budget", settings.over_budget == "on");
    if (settings.failure_rate == "none") {
        json.key("disable_failure_rate");
        json.null();
    } else if (!settings.failure_rate.empty()) {
        STENO_ASSIGN(const double share, share_of("--disable-failure-rate", settings.failure_rate));
        json.member("disable_failure_rate", share);
    }
    if (settings.window) json.member("disable_window_minutes", *settings.window);
    if (settings.least_calls) json.member("disable_least_calls", *settings.least_calls);
    if (!settings.switches.empty()) json.member("disable_switches", settings.switches);
    json.end_object();
    if (body == "{}")
        return fail(Code::InvalidArgument, "nothing is to be changed",
                    "--full-data off, --inactive, --sample 10%, --text-limit 2000, --retention CLASS, "
                    "--masking strict, --log-level summary, --disable-over-budget on, --description TEXT");
    return body;
}

}  // namespace steno::cli
