#include "cli/experiment_flags.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/flag_words.hpp"
#include "cli/input_file.hpp"
#include "record/json_number.hpp"
#include "record/json_object.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace steno::cli {

namespace {

constexpr std::uint64_t kMaxFile = 1u << 20;

/// A number as it was written; "20%" is 0.2. Absent: it is none.
std::optional<std::string> number_of(std::string_view text) {
    const bool percent = text.ends_with('%');
    const std::string digits(trim(percent ? text.substr(0, text.size() - 1) : text));
    JsonReader json(digits);
    double value = 0;
    if (!read_number(json, value) || !json.at_end()) return {};
    return percent ? fmt::format("{}", value / 100) : digits;
}

std::string json_text(std::string_view text) {
    std::string json;
    append_json_string(json, text);
    return json;
}

/// InvalidArgument: it is none; `which` is wanted: "above 0".
Result<std::string> number_of(std::string_view flag, std::string_view text, std::string_view which,
                              std::string_view example) {
    if (auto number = number_of(text)) return *std::move(number);
    return fail(Code::InvalidArgument, fmt::format("{}: \"{}\" is no {}", flag, utf8_prefix(text, 80), which),
                std::string(example));
}

/// A number where it is one, else a text: the API says what it takes.
std::string value_of(std::string_view text) {
    return number_of(text).value_or(json_text(text));
}

/// Where the object or list ends with which `text` begins: npos where it is not closed.
std::size_t end_of_json(std::string_view text) {
    std::size_t depth = 0;
    bool in_text = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (in_text) {
            if (c == '\\')
                ++at;
            else
                in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return at + 1;
        }
    }
    return std::string_view::npos;
}

bool is_json(std::string_view value) {
    return value.starts_with('{') || value.starts_with('[');
}

/// "NAME", "KEY=VALUE", …: what stands between commas, but for those within a value that is a JSON object or
/// list.
std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    for (;;) {
        std::size_t from = std::min(text.find_first_of("=,"), text.size());
        if (from < text.size() && text[from] == '=') {
            ++from;
            while (from < text.size() && text[from] == ' ') ++from;
            if (const std::string_view value = text.substr(from); is_json(value))
                from += std::min(end_of_json(value), value.size());
        }
        const std::size_t comma = text.find(',', from);
        if (const std::string_view word = trim(text.substr(0, comma)); !word.empty()) words.push_back(word);
        if (comma == std::string_view::npos) return words;
        text.remove_prefix(comma + 1);
    }
}

/// "NAME,KEY=VALUE,…" as an object with the name under `first`.
Result<JsonMembers> read_words(std::string_view flag, std::string_view text, std::string_view first) {
    JsonMembers members;
    for (const std::string_view word : words_of(text)) {
        if (members.empty()) {
            members.emplace_back(first, json_text(word));
            continue;
        }
        const std::size_t at = word.find('=');
        if (at == std::string_view::npos)
            return fail(Code::InvalidArgument, fmt::format("{}: \"{}\" is no KEY=VALUE", flag, word),
                        flag == "--guard" ? "--guard cost_per_call,worse_by=20%"
                                          : "--variant short,version=1.2,weight=2");
        const std::string_view key = trim(word.substr(0, at)), value = trim(word.substr(at + 1));
        const bool is_text = key == "version" || key == "model" || key == "better";
        if (is_json(value)) {
            JsonReader json(value);
            std::string whole;
            if (!json.raw(whole) || !json.at_end())
                return fail(Code::InvalidArgument,
                            fmt::format("{}: {} is no JSON: {}", flag, key, json.problem()),
                            R"(--variant 'b,parameters={"seed":1,"stop":["END"]}', in single quotes)");
            members.emplace_back(key, std::move(whole));
            continue;
        }
        members.emplace_back(key, is_text ? json_text(value) : value_of(value));
        // Of a guard: by a part of the control's own, not by so much.
        if (flag == "--guard" && key == "worse_by" && value.ends_with('%'))
            members.emplace_back("relative", "true");
    }
    if (members.empty()) return fail(Code::InvalidArgument, fmt::format("{} is empty", flag));
    return members;
}

std::string object_of(const JsonMembers& members) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    for (const auto& [name, value] : members) json.member_raw(name, value);
    json.end_object();
    return out;
}

Result<std::string> list_of(std::string_view flag, const std::vector<std::string>& texts,
                            std::string_view first) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const std::string& text : texts) {
        STENO_ASSIGN(const JsonMembers members, read_words(flag, text, first));
        json.raw(object_of(members));
    }
    json.end_array();
    return out;
}

Result<std::string> weights_of(const std::vector<std::string>& texts) {
    JsonMembers members;
    for (const std::string& text : texts) {
        const std::size_t at = text.find('=');
        if (at == std::string::npos)
            return fail(Code::InvalidArgument, fmt::format("--weight: \"{}\" is no VARIANT=WEIGHT", text),
                        "--weight control=1 --weight short=3");
        STENO_ASSIGN(std::string weight, number_of("--weight", text.substr(at + 1), "number above 0",
                                                   "--weight control=1 --weight short=3"));
        members.emplace_back(text.substr(0, at), std::move(weight));
    }
    return object_of(members);
}

Result<JsonMembers> read_file(const std::string& file) {
    STENO_ASSIGN(const std::string text, read_input(file, kMaxFile));
    JsonReader json(text);
    if (json.peek() != JsonReader::Type::Object || !json.skip() || !json.at_end())
        return fail(Code::InvalidArgument, fmt::format("{} is no JSON object: {}", file, json.problem()));
    return json_members(text);
}

/// What a file says of the name must be what the command says: nobody knows which one was meant.
Result<void> same_name(const ExperimentFlags& flags, const JsonMembers& members) {
    for (const auto& [member, value] : members)
        if (member == "name" && value != json_text(flags.name))
            return fail(Code::InvalidArgument,
                        fmt::format("{} is of an experiment named {}, and \"{}\" is to be made", flags.file,
                                    utf8_prefix(value, 100), flags.name),
                        "give the same name, or leave it out of the file");
    return {};
}

}  // namespace

void add_experiment_change_flags(CLI::App& command, ExperimentFlags& flags) {
    command.add_option("--file", flags.file, "what flags say, as a JSON object (-: standard input)");
    command.add_option("--description", flags.description, "what it is to find out");
    command.add_option("--share", flags.share, "of units that take part: 0.2 or 20% (default all)");
    command
        .add_option(
            "--guard", flags.guards,
            "METRIC,worse_by=AMOUNT: a variant worse than the control by more is stopped; 20%: than a "
            "fifth of the control's; may be repeated")
        ->allow_extra_args(false);
    command.add_option("--rule", flags.rule, "none (default), conclude_winner or bandit");
    command.add_option("--every-minutes", flags.every_minutes,
                       "how often a bandit sets the weights (default 60)");
}

void add_experiment_flags(CLI::App& command, ExperimentFlags& flags) {
    command.add_option("--prompt", flags.prompt, "whoever fetches this prompt gets a variant");
    command.add_option("--label", flags.label, "by this label, or by none (default production)");
    command.add_option("--prompt-type", flags.prompt_type,
                       "calls of this prompt type through the gateway do");
    command
        .add_option("--variant", flags.variants,
                    "NAME[,weight=1][,version=V][,model=M][,temperature=T][,token_limit=N]…: what it does "
                    "otherwise; the first is the control; may be repeated")
        ->allow_extra_args(false);
    command.add_option("--unit", flags.unit, "what keeps its variant: user (default), session or request");
    command.add_option("--metric", flags.metric,
                       "what decides: acceptance_rate, success_rate, cost_per_call, duration, score.NAME, …");
    command.add_option("--better", flags.better, "higher or lower, where the metric does not say so itself");
    command.add_option("--margin", flags.margin, "a difference that would not matter (default 0)");
    add_experiment_change_flags(command, flags);
}

Result<std::string> experiment_json(const ExperimentFlags& flags, bool with_name) {
    JsonMembers members;
    if (!flags.file.empty()) {
        STENO_ASSIGN(members, read_file(flags.file));
    }
    const auto put = [&](std::string_view name, std::string value) {
        const auto there = std::ranges::find(members, name, &JsonMembers::value_type::first);
        if (there == members.end())
            members.emplace_back(name, std::move(value));
        else
            there->second = std::move(value);
    };
    const auto text = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) put(name, json_text(value));
    };
    const auto number = [&](std::string_view name, std::string_view flag, std::string_view value,
                            std::string_view which, std::string_view example) -> Result<void> {
        if (value.empty()) return {};
        STENO_ASSIGN(std::string number, number_of(flag, value, which, example));
        put(name, std::move(number));
        return {};
    };
    if (with_name) {
        STENO_TRY(same_name(flags, members));
        put("name", json_text(flags.name));
    }
    text("description", flags.description);
    text("prompt", flags.prompt);
    text("label", flags.label);
    text("prompt_type", flags.prompt_type);
    text("unit", flags.unit);
    STENO_TRY(number("share", "--share", flags.share, "number above 0 and up to 1", "--share 0.2, or 20%"));
    text("metric", flags.metric);
    text("better", flags.better);
    STENO_TRY(number("margin", "--margin", flags.margin, "number from 0 on", "--margin 0.01, or 1%"));
    text("rule", flags.rule);
    STENO_TRY(number("every_minutes", "--every-minutes", flags.every_minutes,
                     "whole number of minutes, 10 to 10080", "--every-minutes 60"));
    if (!flags.variants.empty()) {
        STENO_ASSIGN(std::string variants, list_of("--variant", flags.variants, "name"));
        put("variants", std::move(variants));
    }
    if (!flags.guards.empty()) {
        STENO_ASSIGN(std::string guards, list_of("--guard", flags.guards, "metric"));
        put("guards", std::move(guards));
    }
    if (!flags.weights.empty()) {
        STENO_ASSIGN(std::string weights, weights_of(flags.weights));
        put("weights", std::move(weights));
    }
    if (members.empty())
        return fail(Code::InvalidArgument, "nothing is to be changed",
                    "--weight short=3, --share 50%, --guard …, --rule …, --description TEXT, --file FILE");
    return object_of(members);
}

Error in_flags(Error error, const ExperimentFlags& flags) {
    const std::array<std::pair<FlagWord, bool>, 14> all{{
        {{"description", "--description"}, !flags.description.empty()},
        {{"prompt", "--prompt"}, !flags.prompt.empty()},
        {{"label", "--label"}, !flags.label.empty()},
        {{"prompt_type", "--prompt-type"}, !flags.prompt_type.empty()},
        {{"unit", "--unit"}, !flags.unit.empty()},
        {{"share", "--share"}, !flags.share.empty()},
        {{"variants", "--variant"}, !flags.variants.empty()},
        {{"metric", "--metric"}, !flags.metric.empty()},
        {{"better", "--better"}, !flags.better.empty()},
        {{"margin", "--margin"}, !flags.margin.empty()},
        {{"guards", "--guard"}, !flags.guards.empty()},
        {{"rule", "--rule"}, !flags.rule.empty()},
        {{"every_minutes", "--every-minutes"}, !flags.every_minutes.empty()},
        {{"weights", "--weight"}, !flags.weights.empty()},
    }};
    std::vector<FlagWord> words;
    for (const auto& [word, is_said] : all)
        if (is_said || flags.file.empty()) words.push_back(word);
    return in_flags(std::move(error), words);
}

}  // namespace steno::cli
