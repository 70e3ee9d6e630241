#include "base/json_writer.hpp"
#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "cli/answer.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/json_cell.hpp"
#include "cli/question.hpp"
#include "cli/repricing.hpp"
#include "cli/table_export.hpp"
#include "cli/terminal.hpp"
#include "net/http.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

/// The most that a server lists: those that calls carry, and those for which something is set.
constexpr std::int64_t kMostListed = 110'000;

struct PromptTypesFlags {
    RecordFlags record;
    std::string type;
    std::vector<std::string> types;
    // Which ones.
    std::string search, full_data_is, created_from, created_to, tz, order, currency;
    bool only_active = false, only_inactive = false, all = false;
    // What is set.
    std::string description, full_data, sample, text_limit, retention, masking, log_level;
    std::string over_budget, failure_rate, switches;
    std::optional<std::int64_t> window, least_calls;
    bool active = false, inactive = false, reset = false;
    std::string by, reason;
    std::int64_t limit = 0;  ///< 0: as is usual there
    TargetFlags target;
};

std::string path_of(const std::string& type) {
    return "/api/v1/prompt-types/" + net::percent_encode(type);
}

/// With who changes it, and why.
std::string target_of(std::string_view path, const PromptTypesFlags& flags) {
    Question question(path);
    question.add("by", author_name(flags.by));
    question.add("reason", flags.reason);
    return question.target();
}

/// What is kept of its prompts and answers, in a word or two.
std::string kept(dom::element type) {
    if (text_at(type, "/settings/is_active") == "false") return "figures";
    if (text_at(type, "/tracks_full_data") != "true") return "the latest";
    const double rate = number_at(type, "/settings/sample_rate", 1);
    std::string words = rate < 1 ? fmt::format("{:.6g} %", rate * 100) : "all";
    if (has(type, "/settings/text_limit"))
        words += fmt::format(", cut to {} bytes",
                             grouped(static_cast<std::int64_t>(number_at(type, "/settings/text_limit"))));
    return words;
}

/// "$4.20", or each currency's sum.
std::string costs(dom::element type, const char* member) {
    dom::array all;
    std::string text;
    if (type.at_pointer("/totals/cost").get(all) != simdjson::SUCCESS) return text;
    for (const dom::element one : all)
        text += (text.empty() ? "" : " and ") + money(text_at(one, member), text_at(one, "/currency"));
    return text.empty() ? kUnknown : text;
}

std::string clock_or_unknown(dom::element value, const char* pointer) {
    return has(value, pointer) ? clock_text(text_at(value, pointer)).substr(0, 16) : kUnknown;
}

Question list_question(const PromptTypesFlags& flags) {
    Question question("/api/v1/prompt-types");
    question.add("search", flags.search);
    if (!flags.full_data_is.empty())
        question.add("track_full_data", flags.full_data_is == "on" ? "true" : "false");
    if (flags.only_active || flags.only_inactive)
        question.add("is_active", flags.only_active ? "true" : "false");
    question.add("created_from", flags.created_from);
    question.add("created_to", flags.created_to);
    question.add("tz", flags.tz);
    question.add("order", flags.order);
    question.add("currency", flags.currency);
    if (flags.limit > 0) question.add("limit", std::to_string(flags.limit));
    return question;
}

Result<void> print_list(Api& api, dom::element answer) {
    dom::array types;
    if (answer["prompt_types"].get(types) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no prompt types");
    if (types.size() == 0) {
        fmt::print(
            "no prompt types in {}; calls name theirs by prompt_type (SDKs) or the header "
            "x-steno-prompt-type\n",
            api.where());
        return {};
    }
    Table table({{"prompt type", false, true},
                 {"texts kept", false, true},
                 {"AI calls", true},
                 {"failed", true},
                 Table::Column::amount("cost"),
                 Table::Column::amount("a call").if_room(2),
                 Table::Column{"last call"}.if_room(1),
                 Table::Column{"description", false, true}.if_room(3)});
    for (const dom::element type : types) {
        const bool active = text_at(type, "/settings/is_active") == "true";
        table.row({text_at(type, "/type"), kept(type),
                   grouped(static_cast<std::int64_t>(number_at(type, "/totals/calls"))),
                   grouped(static_cast<std::int64_t>(number_at(type, "/totals/failures"))),
                   costs(type, "/total"), costs(type, "/average"),
                   clock_or_unknown(type, "/totals/last_called_at"), text_at(type, "/settings/description")},
                  {active ? Colour::Bold : Colour::Dim});
    }
    table.print();
    const auto count = static_cast<std::size_t>(number_at(answer, "/count"));
    if (count > types.size())
        fmt::print("… and {} more (--limit)\n", grouped(static_cast<std::int64_t>(count - types.size())));
    return {};
}

Result<int> list(const Program& program, const PromptTypesFlags& flags) {
    return show_answer(program, flags.record, list_question(flags), print_list);
}

/// What switches it off by itself; empty: nothing.
std::string when_it_goes_off(dom::element type) {
    std::string when;
    if (text_at(type, "/settings/disable_over_budget") == "true") when = "when its budget is used up";
    if (has(type, "/settings/disable_failure_rate"))
        when +=
            fmt::format("{}when more than {:.6g} % of {} calls or more within {} minutes fail",
                        when.empty() ? "" : ", or ", number_at(type, "/settings/disable_failure_rate") * 100,
                        grouped(static_cast<std::int64_t>(number_at(type, "/settings/disable_least_calls"))),
                        number_at(type, "/settings/disable_window_minutes"));
    return when;
}

void print_settings(dom::element type) {
    const std::string description = printable(text_at(type, "/settings/description"));
    fmt::print("{}{}\n", paint(printable(text_at(type, "/type")), Colour::Bold),
               description.empty() ? "" : "  " + description);
    fmt::print("texts kept   {}{}\n", kept(type),
               has(type, "/settings/track_full_data") ? "" : ", by default");
    if (text_at(type, "/settings/is_active") == "false")
        fmt::print("not active   its calls are left out of lists; sums have them\n");
    if (has(type, "/settings/retention"))
        fmt::print("retention    {}\n", printable(text_at(type, "/settings/retention")));
    if (text_at(type, "/settings/masking") == "strict")
        fmt::print("masked       e-mail addresses, numbers of phones and cards, IBANs, IP addresses\n");
    if (text_at(type, "/settings/log_level") != "off")
        fmt::print("logged       {}\n", text_at(type, "/settings/log_level"));
    if (const std::string when = when_it_goes_off(type); !when.empty())
        fmt::print("goes off     {}: {}\n", text_at(type, "/settings/disable_switches"), when);
    if (number_at(type, "/revision") > 0)
        fmt::print("set          {}{}\n", clock_or_unknown(type, "/changed_at"),
                   has(type, "/changed_by") ? " by " + printable(text_at(type, "/changed_by")) : "");
}

void print_warnings(dom::element answer) {
    dom::array warnings;
    if (answer["warnings"].get(warnings) != simdjson::SUCCESS) return;
    for (const dom::element warning : warnings)
        fmt::print(stderr, "warning: {}\n", printable(std::string(warning.get_string().value_unsafe())));
}

void print_totals(dom::element type) {
    const auto count = [&](const char* pointer) {
        return grouped(static_cast<std::int64_t>(number_at(type, pointer)));
    };
    fmt::print(
        "AI calls     {}, {} failed{}\n", count("/totals/calls"), count("/totals/failures"),
        number_at(type, "/totals/removed_calls") > 0
            ? fmt::format("; {} of them are not on the record any more", count("/totals/removed_calls"))
            : "");
    fmt::print("cost         {}{}\n", costs(type, "/total"),
               number_at(type, "/totals/unpriced_calls") > 0
                   ? fmt::format(", without {} that have no price", count("/totals/unpriced_calls"))
                   : "");
    fmt::print("a call       {}\n", costs(type, "/average"));
    fmt::print("first, last  {}, {}\n", clock_or_unknown(type, "/totals/first_called_at"),
               clock_or_unknown(type, "/totals/last_called_at"));
    dom::array budgets;
    std::string names;
    if (type["budgets"].get(budgets) == simdjson::SUCCESS) {
        for (const dom::element name : budgets)
            names += (names.empty() ? "" : ", ") + std::string(name.get_string().value_unsafe());
    }
    if (!names.empty()) fmt::print("budgets      {}\n", printable(names));
}

Result<int> show(const Program& program, const PromptTypesFlags& flags) {
    return show_answer(
        program, flags.record, Question(path_of(flags.type)), [&](Api&, dom::element type) -> Result<void> {
            print_settings(type);
            print_totals(type);
            dom::element latest;
            if (type["latest"].get(latest) == simdjson::SUCCESS && !latest.is_null()) {
                fmt::print("\n{}\n", paint("the latest call", Colour::Bold));
                print_call(latest);
            }
            fmt::print("\nby day: steno stats -f prompt.type={} --bucket day\n", shell_word(flags.type));
            return {};
        });
}

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

/// What the flags set. InvalidArgument: nothing.
Result<std::string> changes(const PromptTypesFlags& flags) {
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
    text_or_none("description", flags.description);
    if (!flags.full_data.empty()) {
        json.key("track_full_data");
        if (flags.full_data == "default")
            json.null();
        else
            json.boolean(flags.full_data == "on");
    }
    if (flags.active || flags.inactive) json.member("is_active", flags.active);
    if (!flags.sample.empty()) {
        STENO_ASSIGN(const double share, share_of("--sample", flags.sample));
        json.member("sample_rate", share);
    }
    if (!flags.text_limit.empty()) {
        json.key("text_limit");
        const bool digits = flags.text_limit.find_first_not_of("0123456789") == std::string::npos;
        if (flags.text_limit != "none" && (!digits || flags.text_limit.size() > 10))
            return fail(Code::InvalidArgument,
                        fmt::format("--text-limit: \"{}\" is no number of bytes", flags.text_limit),
                        "--text-limit 2000, or none");
        if (flags.text_limit == "none")
            json.null();
        else
            json.raw(std::to_string(std::stoll(flags.text_limit)));
    }
    text_or_none("retention", flags.retention);
    if (!flags.masking.empty()) json.member("masking", flags.masking);
    if (!flags.log_level.empty()) json.member("log_level", flags.log_level);
    if (!flags.over_budget.empty()) json.member("disable_over_budget", flags.over_budget == "on");
    if (flags.failure_rate == "none") {
        json.key("disable_failure_rate");
        json.null();
    } else if (!flags.failure_rate.empty()) {
        STENO_ASSIGN(const double share, share_of("--disable-failure-rate", flags.failure_rate));
        json.member("disable_failure_rate", share);
    }
    if (flags.window) json.member("disable_window_minutes", *flags.window);
    if (flags.least_calls) json.member("disable_least_calls", *flags.least_calls);
    if (!flags.switches.empty()) json.member("disable_switches", flags.switches);
    json.end_object();
    if (body == "{}")
        return fail(Code::InvalidArgument, "nothing is to be changed",
                    "--full-data off, --inactive, --sample 10%, --text-limit 2000, --retention CLASS, "
                    "--masking strict, --log-level summary, --disable-over-budget on, --description TEXT");
    return body;
}

Result<int> set(const Program& program, const PromptTypesFlags& flags) {
    if (flags.reset) {
        if (changes(flags))
            return fail(Code::InvalidArgument, "--reset takes all settings back, and sets none",
                        "steno prompt-types set " + shell_word(flags.type) + " --reset");
        STENO_ASSIGN(const auto api, Api::open(program, flags.record));
        STENO_TRY(api->remove(target_of(path_of(flags.type), flags)));
        if (!program.json) fmt::print("{} follows the defaults again\n", printable(flags.type));
        return 0;
    }
    STENO_ASSIGN(const std::string body, changes(flags));
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string answer, api->patch(target_of(path_of(flags.type), flags), body));
    if (program.json) {
        fmt::print("{}\n", answer);
        return 0;
    }
    dom::parser parser;
    dom::element type;
    if (parser.parse(answer).get(type) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    print_settings(type);
    print_warnings(type);
    return 0;
}

Result<int> bulk(const Program& program, const PromptTypesFlags& flags) {
    if (int{!flags.types.empty()} + int{!flags.search.empty()} + int{flags.all} != 1)
        return fail(Code::InvalidArgument, "which prompt types?",
                    "names, or --search TEXT, or --all: steno prompt-types bulk a b --full-data off");
    STENO_ASSIGN(const std::string set, changes(flags));
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    if (!flags.types.empty()) {
        json.key("types");
        json.begin_array();
        for (const std::string& type : flags.types) json.string(type);
        json.end_array();
    }
    if (!flags.search.empty()) json.member("search", flags.search);
    if (flags.all) json.member("all", true);
    json.member_raw("set", set);
    json.end_object();
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string answer, api->patch(target_of("/api/v1/prompt-types", flags), body));
    if (program.json) {
        fmt::print("{}\n", answer);
        return 0;
    }
    dom::parser parser;
    dom::element whole;
    dom::array types;
    if (parser.parse(answer).get(whole) != simdjson::SUCCESS ||
        whole["prompt_types"].get(types) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no prompt types");
    if (types.size() == 0) {
        fmt::print("no prompt type fits\n");
        return 0;
    }
    Table table({{"prompt type", false, true}, {"texts kept", false, true}});
    for (const dom::element type : types) table.row({text_at(type, "/type"), kept(type)});
    table.print();
    print_warnings(whole);
    return 0;
}

Result<int> history(const Program& program, const PromptTypesFlags& flags) {
    Question question("/api/v1/prompt-type-changes");
    question.add("type", flags.type);
    question.add("limit", std::to_string(flags.limit > 0 ? flags.limit : 1000));
    return show_answer(program, flags.record, question, [](Api&, dom::element answer) -> Result<void> {
        dom::array changes;
        if (answer["changes"].get(changes) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no changes");
        if (changes.size() == 0) {
            fmt::print("nothing was changed\n");
            return {};
        }
        Table table({{"when"},
                     {"prompt type", false, true},
                     {"what", false, true},
                     {"by", false, true},
                     Table::Column{"why", false, true}.if_room()});
        for (const dom::element change : changes) {
            std::string what;
            dom::object after;
            if (change["after"].get(after) != simdjson::SUCCESS) {
                what = "follows the defaults again";
            } else {
                for (const auto [member, value] : after) {
                    const std::string now = simdjson::minify(value);
                    dom::element before;
                    const std::string was = change["before"][member].get(before) == simdjson::SUCCESS
                                                ? simdjson::minify(before)
                                                : std::string("null");
                    if (was == now) continue;
                    what += fmt::format("{}{}: {} → {}", what.empty() ? "" : ", ", member, was, now);
                }
            }
            table.row({clock_or_unknown(change, "/at"), text_at(change, "/type"), what,
                       has(change, "/by") ? text_at(change, "/by") : kUnknown,
                       has(change, "/reason") ? text_at(change, "/reason") : ""});
        }
        table.print();
        return {};
    });
}

/// Where a column of the export stands in the answer.
struct Place {
    const char* name;
    FieldType type;
    const char* pointer;
    bool of_one_currency = false;
};

constexpr std::array kPlaces = {
    Place{"type", FieldType::Text, "/type"},
    Place{"description", FieldType::Text, "/settings/description"},
    Place{"track_full_data", FieldType::Boolean, "/settings/track_full_data"},
    Place{"tracks_full_data", FieldType::Boolean, "/tracks_full_data"},
    Place{"is_active", FieldType::Boolean, "/settings/is_active"},
    Place{"sample_rate", FieldType::Number, "/settings/sample_rate"},
    Place{"text_limit", FieldType::Integer, "/settings/text_limit"},
    Place{"retention", FieldType::Text, "/settings/retention"},
    Place{"masking", FieldType::Text, "/settings/masking"},
    Place{"log_level", FieldType::Text, "/settings/log_level"},
    Place{"disable_over_budget", FieldType::Boolean, "/settings/disable_over_budget"},
    Place{"disable_failure_rate", FieldType::Number, "/settings/disable_failure_rate"},
    Place{"disable_window_minutes", FieldType::Integer, "/settings/disable_window_minutes"},
    Place{"disable_least_calls", FieldType::Integer, "/settings/disable_least_calls"},
    Place{"disable_switches", FieldType::Text, "/settings/disable_switches"},
    Place{"calls", FieldType::Integer, "/totals/calls"},
    Place{"failures", FieldType::Integer, "/totals/failures"},
    Place{"failure_rate", FieldType::Number, "/totals/failure_rate"},
    Place{"cost", FieldType::Decimal, "/totals/cost/0/total", true},
    Place{"currency", FieldType::Text, "/totals/cost/0/currency", true},
    Place{"average_cost", FieldType::Decimal, "/totals/cost/0/average", true},
    Place{"costs", FieldType::Json, "/totals/cost"},
    Place{"unpriced_calls", FieldType::Integer, "/totals/unpriced_calls"},
    Place{"removed_calls", FieldType::Integer, "/totals/removed_calls"},
    Place{"first_called_at", FieldType::Timestamp, "/totals/first_called_at"},
    Place{"last_called_at", FieldType::Timestamp, "/totals/last_called_at"},
    Place{"created_at", FieldType::Timestamp, "/created_at"},
    Place{"changed_at", FieldType::Timestamp, "/changed_at"},
    Place{"changed_by", FieldType::Text, "/changed_by"},
};

/// The list as a table of one row a type. Money of several currencies is in `costs` alone.
class TypeRows final : public exports::Rows {
  public:
    static Result<std::unique_ptr<TypeRows>> of(std::string body) {
        auto rows = std::unique_ptr<TypeRows>(new TypeRows);
        rows->body_ = std::move(body);
        dom::element whole;
        dom::array types;
        if (rows->parser_.parse(rows->body_).get(whole) != simdjson::SUCCESS ||
            whole["prompt_types"].get(types) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no prompt types");
        rows->types_.assign(types.begin(), types.end());
        rows->in_all_ = static_cast<std::size_t>(number_at(whole, "/count"));
        return rows;
    }

    [[nodiscard]] std::size_t count() const { return types_.size(); }
    [[nodiscard]] std::size_t left_out() const { return in_all_ - std::min(in_all_, types_.size()); }
    [[nodiscard]] std::span<const exports::Column> columns() const override { return columns_; }

    Result<std::span<const FieldValue>> next() override {
        if (at_ == types_.size()) return std::span<const FieldValue>();
        const dom::element type = types_[at_++];
        cells_.clear();
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            dom::element value;
            const bool one_currency = has(type, "/totals/cost/0") && !has(type, "/totals/cost/1");
            const bool there = (one_currency || !kPlaces[i].of_one_currency) &&
                               type.at_pointer(kPlaces[i].pointer).get(value) == simdjson::SUCCESS;
            if (!there) {
                cells_.emplace_back();
                continue;
            }
            STENO_ASSIGN(FieldValue cell, readers_[i].read(columns_[i].type, value));
            cells_.push_back(cell);
        }
        return std::span<const FieldValue>(cells_);
    }

  private:
    TypeRows() : readers_(kPlaces.size()) {
        for (const Place& place : kPlaces) columns_.push_back({place.name, place.type});
    }

    std::string body_;
    dom::parser parser_;
    std::vector<dom::element> types_;
    std::size_t in_all_ = 0;
    std::size_t at_ = 0;
    std::vector<exports::Column> columns_;
    std::vector<JsonCell> readers_;
    std::vector<FieldValue> cells_;
};

Result<int> export_all(const Program& program, const PromptTypesFlags& given) {
    STENO_ASSIGN(const exports::Format* format, format_of(given.target, program.json ? "json" : "csv"));
    STENO_ASSIGN(const auto api, Api::open(program, given.record));
    PromptTypesFlags flags = given;
    if (flags.limit == 0) flags.limit = kMostListed;
    STENO_ASSIGN(std::string body, api->get(list_question(flags).target()));
    STENO_ASSIGN(const auto rows, TypeRows::of(std::move(body)));
    STENO_TRY(export_table(*rows, *format, flags.target, "prompt types", rows->count()));
    if (rows->left_out() > 0)
        fmt::print(stderr, "{} more are left out (--limit)\n",
                   grouped(static_cast<std::int64_t>(rows->left_out())));
    return 0;
}

void add_choice_flags(CLI::App& command, PromptTypesFlags& flags) {
    command.add_option("--search", flags.search, "only those with this in name or description");
    command.add_option("--full-data-is", flags.full_data_is, "only those that keep texts, or do not")
        ->check(CLI::IsMember({"on", "off"}));
    auto* active = command.add_flag("--only-active", flags.only_active, "only those that are active");
    command.add_flag("--only-inactive", flags.only_inactive, "only those that are not")->excludes(active);
    command.add_option("--created-from", flags.created_from, "only those first called or set from then on");
    command.add_option("--created-to", flags.created_to, "only those first called or set before");
    command.add_option("--tz", flags.tz, "whose clocks these times are of (default UTC)");
    command.add_option(
        "--order", flags.order,
        "type, calls, failures, failure_rate, cost, average_cost, last_called_at or created_at; "
        "with - before it the greatest first (default type)");
    command.add_option("--currency", flags.currency, "by whose cost is ordered (default USD)");
}

void add_limit_flag(CLI::App& command, PromptTypesFlags& flags, const char* help) {
    command.add_option("--limit", flags.limit, help)->check(CLI::Range(std::int64_t{1}, kMostListed));
}

void add_settings_flags(CLI::App& command, PromptTypesFlags& flags) {
    command
        .add_option("--full-data", flags.full_data,
                    "on: prompts and answers are kept; off: of the latest call alone; default: as the "
                    "configuration says")
        ->check(CLI::IsMember({"on", "off", "default"}));
    auto* active = command.add_flag("--active", flags.active, "its calls are kept and listed");
    command
        .add_flag("--inactive", flags.inactive,
                  "of its calls figures alone are kept, and lists leave them out; sums go on")
        ->excludes(active);
    command.add_option("--sample", flags.sample, "the share of calls that keep their texts: 10% or 0.1");
    command.add_option("--text-limit", flags.text_limit,
                       "bytes that are kept of each prompt and answer, or none for all");
    command.add_option("--retention", flags.retention,
                       "the retention class of its calls that name none, or none");
    command
        .add_option(
            "--masking", flags.masking,
            "strict: e-mail addresses, numbers of phones and cards, IBANs and IP addresses are masked in "
            "prompts and answers; credentials are in any case")
        ->check(CLI::IsMember({"credentials", "strict"}));
    command
        .add_option(
            "--log-level", flags.log_level,
            "how much of each call is written to the server's log: off, metrics-only, summary, detailed")
        ->check(CLI::IsMember({"off", "metrics-only", "summary", "detailed"}));
    command
        .add_option("--disable-over-budget", flags.over_budget,
                    "on: it is switched off when a budget for it is used up")
        ->check(CLI::IsMember({"on", "off"}));
    command.add_option("--disable-failure-rate", flags.failure_rate,
                       "it is switched off when more of its calls fail: 50% or 0.5, or none");
    command.add_option("--disable-window", flags.window, "of the calls of so many minutes (default 60)");
    command.add_option("--disable-calls", flags.least_calls, "not before they are so many (default 20)");
    command
        .add_option("--disable-switches", flags.switches,
                    "what goes off then: is_active (default) or track_full_data")
        ->check(CLI::IsMember({"is_active", "track_full_data"}));
    command.add_option("--description", flags.description, "what it is for, or none");
    add_author_flags(command, flags.by, flags.reason);
}

}  // namespace

void add_prompt_types(Program& program) {
    const auto flags = std::make_shared<PromptTypesFlags>();
    CLI::App* types = program.add(
        program.app, "prompt-types", "What is kept of each kind of prompt, and what it comes to",
        "  steno prompt-types list --order -cost\n"
        "  steno prompt-types show extract_page_metadata\n"
        "  steno prompt-types set extract_page_metadata --full-data off\n"
        "  steno prompt-types set embed_chunk --sample 1% --retention short --reason \"too many\"\n"
        "  steno prompt-types bulk --search embed --inactive\n"
        "  steno prompt-types export --format xlsx --output types.xlsx\n"
        "  steno prompt-types history extract_page_metadata\n");
    types->require_subcommand(1);
    const auto command = [&](const char* name, const char* help, const char* examples,
                             Result<int> (*run)(const Program&, const PromptTypesFlags&)) {
        CLI::App* sub = program.add(*types, name, help, examples);
        add_record_flags(*sub, flags->record);
        sub->callback(
            [run, flags, &program] { program.run = [run, flags](Program& p) { return run(p, *flags); }; });
        return sub;
    };
    CLI::App* sub = command("list", "All prompt types with their settings and totals",
                            "  steno prompt-types list --order -cost\n"
                            "  steno prompt-types list --search page --only-active\n",
                            list);
    add_choice_flags(*sub, *flags);
    add_limit_flag(*sub, *flags, "at most so many (default 1000)");
    sub = command("show", "One prompt type: settings, totals, and its latest call with prompt and answer",
                  "  steno prompt-types show extract_page_metadata\n", show);
    sub->add_option("type", flags->type, "as calls name it")->required();
    sub = command("set", "Change what is kept of a prompt type, from the next call on",
                  "  steno prompt-types set extract_page_metadata --full-data off\n"
                  "  steno prompt-types set embed_chunk --sample 1% --text-limit 2000\n"
                  "  steno prompt-types set embed_chunk --reset\n",
                  set);
    sub->add_option("type", flags->type, "as calls name it; it need not have been called yet")->required();
    add_settings_flags(*sub, *flags);
    sub->add_flag("--reset", flags->reset, "take all settings back: the defaults hold again");
    sub = command("bulk", "The same change of several prompt types: all of them or none",
                  "  steno prompt-types bulk embed_chunk embed_query --full-data off\n"
                  "  steno prompt-types bulk --search embed --sample 5%\n"
                  "  steno prompt-types bulk --all --full-data default\n",
                  bulk);
    sub->add_option("types", flags->types, "their names");
    sub->add_option("--search", flags->search, "those with this in name or description");
    sub->add_flag("--all", flags->all, "all that there are");
    add_settings_flags(*sub, *flags);
    sub = command("export", "The list as a file: csv, xlsx, json, jsonl or parquet",
                  "  steno prompt-types export --output types.xlsx\n"
                  "  steno prompt-types export --format csv --output - --order -cost\n",
                  export_all);
    add_choice_flags(*sub, *flags);
    add_limit_flag(*sub, *flags, "at most so many (default all)");
    add_target(*sub, flags->target);
    sub = command("history", "Who changed what, and why: of one prompt type, or of all",
                  "  steno prompt-types history\n"
                  "  steno prompt-types history extract_page_metadata\n",
                  history);
    sub->add_option("type", flags->type, "as calls name it (default: all)");
    sub->add_option("--limit", flags->limit, "at most so many changes (default 1000)")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000}));
}

}  // namespace steno::cli
