#include "base/json_writer.hpp"
#include "base/money.hpp"
#include "base/shell_word.hpp"
#include "calendar/period.hpp"
#include "calendar/zone.hpp"
#include "cli/answer.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/completeness.hpp"
#include "cli/composition.hpp"
#include "cli/question.hpp"
#include "cli/repricing.hpp"
#include "cli/terminal.hpp"
#include "cli/usage.hpp"
#include "pricing/amounts.hpp"
#include "providers/provider.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <memory>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct PricesFlags {
    RecordFlags record;
    std::string provider, model, file, id, input, output, cache_read, cache_write, cache_write_5m,
        cache_write_1h, tier, region, variant, from, to, tz, same_as, currency, source, reason, by;
    std::int64_t min_input_tokens = 0;
    std::vector<std::string> amounts, ids;
    bool own = false;
};

/// The record's name of a provider; people also write the gateway's.
std::string record_name(const std::string& provider) {
    for (const providers::ProviderRow& row : providers::provider_table()) {
        if (row.upstream == provider) return std::string(row.record_name);
    }
    return provider;
}

std::string amount(const std::optional<Decimal>& price) {
    return price ? amount_text(*price) : "";
}

std::string day(const std::optional<Timestamp>& time, std::string_view otherwise) {
    if (!time) return std::string(otherwise);
    constexpr std::int64_t kDay = 86'400'000'000'000;
    const std::string text = time->to_string();
    return time->unix_nanos % kDay == 0 ? text.substr(0, 10) : text;
}

/// The amounts that have no column: "audio_input 32, per_search 0.01".
std::string other_amounts(const pricing::Price& price) {
    std::string out;
    for (const pricing::Amount& one : pricing::amounts()) {
        const auto& value = price.*one.member;
        if (!value || one.name == "input" || one.name == "output" || one.name == "cache_read") continue;
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", one.name, amount_text(*value));
    }
    if (!price.same_as.empty()) out += "same as " + price.same_as;
    if (out.empty() && !price.input && !price.output) return "not known";
    return out;
}

/// As the API says it, which has checked it.
pricing::Price price_of(dom::element json) {
    pricing::Price price;
    price.provider = text_at(json, "/provider");
    price.model = text_at(json, "/model");
    price.region = text_at(json, "/region");
    price.tier = text_at(json, "/tier");
    price.variant = text_at(json, "/variant");
    price.currency = text_at(json, "/currency");
    price.same_as = text_at(json, "/same_as");
    price.source = text_at(json, "/source");
    price.from = Timestamp::parse(text_at(json, "/from"));
    price.to = Timestamp::parse(text_at(json, "/to"));
    price.min_input_tokens = static_cast<std::int64_t>(number_at(json, "/min_input_tokens"));
    price.version = static_cast<std::int64_t>(number_at(json, "/version"));
    for (const pricing::Amount& one : pricing::amounts())
        price.*one.member = Decimal::parse(text_at(json, fmt::format("/{}", one.name).c_str()));
    return price;
}

/// What the record's calls are priced by; without a record, what they would be.
Result<std::vector<pricing::Price>> known_prices(const Program& program, const PricesFlags& flags) {
    auto api = Api::open(program, flags.record);
    if (!api && api.error().code == Code::NotFound && flags.record.server.empty() &&
        flags.record.data.empty()) {
        STENO_ASSIGN(const Config config, program.config());
        STENO_ASSIGN(auto configured, configured_prices(config));
        return pricing::Catalogue::with(std::move(configured))
            ->list(record_name(flags.provider), flags.model);
    }
    if (!api) return std::unexpected(std::move(api).error());
    Question question("/api/v1/prices");
    question.add("provider", record_name(flags.provider));
    question.add("model", flags.model);
    question.add("id", flags.id);
    question.add("own", flags.own ? "true" : "");
    STENO_ASSIGN(const std::string body, (*api)->get(question.target()));
    dom::parser parser;
    dom::array prices;
    if (parser.parse(body)["prices"].get(prices) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no prices");
    std::vector<pricing::Price> known;
    for (const dom::element price : prices) known.push_back(price_of(price));
    return known;
}

void print_prices(const std::vector<pricing::Price>& prices) {
    Table table({{"provider"},
                 {"model"},
                 {"tier"},
                 {"region"},
                 {"input above", true},
                 {"from"},
                 {"until"},
                 {"input", true},
                 {"output", true},
                 {"cache read", true},
                 {"other prices"},
                 {"currency"},
                 {"number"},
                 {"source", false, true}});
    for (const pricing::Price& price : prices) {
        std::string tier = price.tier.empty() ? "standard" : price.tier;
        if (!price.variant.empty()) tier += " " + price.variant;
        table.row({price.provider, price.model, tier, price.region.empty() ? "any" : price.region,
                   price.min_input_tokens > 0 ? grouped(price.min_input_tokens - 1) : "",
                   day(price.from, "ever"), day(price.to, "further notice"), amount(price.input),
                   amount(price.output), amount(price.cache_read), other_amounts(price), price.currency,
                   price.version > 0 ? fmt::format("own-{}", price.version) : "", price.source});
    }
    table.print();
}

Result<int> list(const Program& program, const PricesFlags& flags) {
    STENO_ASSIGN(const auto prices, known_prices(program, flags));
    if (program.json) {
        fmt::print("{}\n", pricing::prices_to_json(prices));
        return 0;
    }
    if (prices.empty()) {
        fmt::print("{}\n", flags.own
                               ? "no prices of your own; one: steno prices set --provider openai --model "
                                 "gpt-4o --input 2.5 --output 10"
                               : "no price is known for that");
        return 0;
    }
    print_prices(prices);
    fmt::print(
        "\nper million tokens; per_image, per_search and the like for one. \"until\" is exclusive. Of the "
        "rows that "
        "hold for a call\nthe one with a region comes first, then the larger band, then the later start; "
        "yours come "
        "before built-in ones.\n");
    return 0;
}

std::string valid(dom::element price) {
    const std::string from = text_at(price, "/from"), to = text_at(price, "/to");
    const auto shown = [](const std::string& text) { return day(Timestamp::parse(text), text); };
    return fmt::format("from {}{}", from.empty() ? "ever" : shown(from),
                       to.empty() ? std::string() : " to before " + shown(to));
}

/// Has the folder, or its server, take these prices.
Result<int> take(const Program& program, const PricesFlags& flags,
                 const std::vector<pricing::Price>& prices) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    std::string wanted;
    JsonWriter json(wanted);
    json.begin_object();
    json.member_raw("prices", pricing::prices_to_json(prices));
    json.member("by", author_name(flags.by));
    json.member("reason", flags.reason);
    json.end_object();
    STENO_ASSIGN(const std::string body, api->post("/api/v1/prices", wanted));
    if (program.json) {
        fmt::print("{}\n", body);
        return 0;
    }
    dom::parser parser;
    dom::element answer;
    dom::array sets;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS ||
        answer["prices"].get(sets) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no prices");
    bool changed = false;
    for (const dom::element set : sets) {
        dom::element price;
        if (set.at_pointer("/now/price").get(price) != simdjson::SUCCESS) continue;
        const bool is_new = text_at(set, "/changed") == "true";
        changed = changed || is_new;
        fmt::print("own-{}  {}/{}  {}  {}{}\n", text_at(set, "/now/version"),
                   printable(text_at(price, "/provider")), printable(text_at(price, "/model")), valid(price),
                   all_amounts(price), is_new ? "" : "  (as it was)");
        dom::element before;
        if (set.at_pointer("/before/price").get(before) == simdjson::SUCCESS)
            fmt::print("  in place of own-{}: {}\n", text_at(before, "/version"), all_amounts(before));
    }
    if (changed) {
        std::string where;
        if (!flags.record.server.empty()) where += " --server " + shell_word(flags.record.server);
        if (!flags.record.data.empty()) where += " --data " + shell_word(flags.record.data);
        const auto& from = prices.front().from;
        fmt::print(
            "calls that end from now on get {}; what past ones would cost: steno prices reprice {}{}\n",
            sets.size() == 1 ? "it" : "them",
            sets.size() == 1 && from && *from < system_clock().now() ? "--from " + day(from, "")
                                                                     : std::string("--period this-month"),
            where);
    }
    print_warnings(answer);
    return 0;
}

Result<int> set_price(const Program& program, const PricesFlags& flags) {
    pricing::Price price;
    price.provider = record_name(flags.provider);
    price.model = flags.model;
    price.tier = flags.tier;
    price.region = flags.region;
    price.variant = flags.variant;
    price.min_input_tokens = flags.min_input_tokens;
    price.same_as = flags.same_as;
    price.source = flags.source.empty() ? "custom" : flags.source;
    if (!flags.currency.empty()) price.currency = flags.currency;
    const auto read = [](std::string_view name, const std::string& text,
                         std::optional<Decimal>& into) -> Result<void> {
        if (text.empty()) return {};
        into = Decimal::parse(text);
        if (!into)
            return fail(Code::InvalidArgument, fmt::format("{}: \"{}\" is no price", name, text),
                        "a decimal, per million tokens: 0.15");
        return {};
    };
    STENO_TRY(read("--input", flags.input, price.input));
    STENO_TRY(read("--output", flags.output, price.output));
    STENO_TRY(read("--cache-read", flags.cache_read, price.cache_read));
    STENO_TRY(read("--cache-write", flags.cache_write, price.cache_write));
    STENO_TRY(read("--cache-write-5m", flags.cache_write_5m, price.cache_write_5m));
    STENO_TRY(read("--cache-write-1h", flags.cache_write_1h, price.cache_write_1h));
    for (const std::string& pair : flags.amounts) {
        const std::string name = pair.substr(0, pair.find('='));
        const pricing::Amount* const amount = pricing::amount_named(name);
        if (amount == nullptr || pair.size() == name.size())
            return fail(Code::InvalidArgument, fmt::format("--amount: \"{}\" is no amount of a price", pair),
                        "NAME=DECIMAL, such as per_image=0.04; docs/pricing.md lists the names");
        STENO_TRY(read("--amount " + name, pair.substr(name.size() + 1), price.*amount->member));
    }
    STENO_ASSIGN(const calendar::Zone zone, calendar::Zone::find(flags.tz));
    const auto read_time = [&](std::string_view name, const std::string& text,
                               std::optional<Timestamp>& into) -> Result<void> {
        if (text.empty()) return {};
        auto moment = calendar::parse_moment(text, zone, false);
        if (!moment)
            return fail(Code::InvalidArgument, fmt::format("{}: \"{}\" is no time", name, text),
                        "a day such as 2026-12-01 (of --tz, else UTC), or RFC 3339: 2026-12-01T00:00:00Z");
        into = *moment;
        return {};
    };
    STENO_TRY(read_time("--from", flags.from, price.from));
    STENO_TRY(read_time("--to", flags.to, price.to));
    // The same checks as for a file: a price per token by mistake is refused.
    STENO_ASSIGN(auto checked, pricing::prices_from_json(pricing::prices_to_json({price})));
    return take(program, flags, checked);
}

Result<int> import(const Program& program, const PricesFlags& flags) {
    STENO_ASSIGN(const std::string content, io::read_file(io::posix_file_system(), flags.file, 64 << 20));
    auto prices = pricing::prices_from_json(content);
    if (!prices) return std::unexpected(std::move(prices).error().with_context(flags.file));
    return take(program, flags, *prices);
}

/// "own-17", or "17", or a price's id, which may end so.
std::string version_of(const std::string& id) {
    const std::size_t at = id.rfind("own-");
    if (at != std::string::npos && (at == 0 || id[at - 1] == '/')) return id.substr(at + 4);
    const bool digits = !id.empty() && id.find_first_not_of("0123456789") == std::string::npos;
    return digits ? id : std::string();
}

Result<int> show(const Program& program, const PricesFlags& flags) {
    const std::string version = version_of(flags.id);
    if (version.empty()) {
        STENO_ASSIGN(const auto prices, known_prices(program, flags));
        if (prices.empty())
            return fail(Code::NotFound, fmt::format("no price has the id \"{}\" now", flags.id),
                        "steno prices list; built-in prices of earlier versions of Steno are not kept");
        if (program.json)
            fmt::print("{}\n", pricing::prices_to_json(prices));
        else
            print_prices(prices);
        return 0;
    }
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string body, api->get("/api/v1/prices/versions/" + version));
    if (program.json) {
        fmt::print("{}\n", body);
        return 0;
    }
    dom::parser parser;
    dom::element answer, price;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS ||
        answer["price"].get(price) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no price");
    const auto who = [&](const char* by, const char* reason) {
        const std::string name = text_at(answer, by), why = text_at(answer, reason);
        return printable((name.empty() ? "" : " by " + name) + (why.empty() ? "" : ": " + why));
    };
    fmt::print("{}\n", printable(text_at(answer, "/price_id")));
    fmt::print("amounts  {}\n", all_amounts(price));
    fmt::print("valid    {}\n", valid(price));
    fmt::print("source   {}\n", printable(text_at(price, "/source")));
    fmt::print("set      {}{}\n", clock_text(text_at(answer, "/set_at")), who("/set_by", "/reason"));
    if (has(answer, "/replaces")) fmt::print("         in place of own-{}\n", text_at(answer, "/replaces"));
    if (text_at(answer, "/in_force") == "true") {
        fmt::print("in force\n");
    } else {
        fmt::print("{} {}{}\n", has(answer, "/replaced_by") ? "replaced" : "removed ",
                   clock_text(text_at(answer, "/ended_at")), who("/ended_by", "/end_reason"));
        if (has(answer, "/replaced_by")) fmt::print("         by own-{}\n", text_at(answer, "/replaced_by"));
    }
    return 0;
}

Result<int> remove(const Program& program, const PricesFlags& flags) {
    std::vector<std::string> versions;
    for (const std::string& id : flags.ids) {
        versions.push_back(version_of(id));
        if (versions.back().empty())
            return fail(Code::InvalidArgument, fmt::format("\"{}\" is no price of your own", id),
                        "its number, as steno prices list --own shows it: own-17");
    }
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    for (const std::string& version : versions) {
        Question question("/api/v1/prices/versions/" + version);
        question.add("by", author_name(flags.by));
        question.add("reason", flags.reason);
        STENO_ASSIGN(const std::string body, api->remove(question.target()));
        if (program.json)
            fmt::print("{}\n", body);
        else
            fmt::print(
                "own-{} is removed: calls that end from now on do not get it; it stays in steno prices "
                "history\n",
                version);
    }
    return 0;
}

Result<int> explain(const Program& program, const PricesFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_TRY(Completeness::begin(*api));  // a call that the store does not have yet would be "not found"
    STENO_ASSIGN(const std::string body, api->get("/api/v1/prices/explain/" + net::percent_encode(flags.id)));
    if (program.json) {
        fmt::print("{}\n", body);
        return 0;
    }
    dom::parser parser;
    dom::element answer;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    const auto amount_at = [](dom::element value, const char* pointer) {
        return money(text_at(value, pointer), "");
    };
    Table table(
        {{"thing"}, {"count", true}, {"price", true}, {"per", true}, Table::Column::amount("amount")});
    dom::array lines;
    if (answer["lines"].get(lines) == simdjson::SUCCESS) {
        for (const dom::element line : lines) {
            table.row({text_at(line, "/thing"), text_at(line, "/count"), amount_at(line, "/price"),
                       text_at(line, "/per"), amount_at(line, "/amount")});
        }
    }
    if (!table.empty()) table.print();
    const auto say = [&](std::string_view label, const char* pointer) {
        if (has(answer, pointer)) fmt::print("{} {}\n", label, printable(text_at(answer, pointer)));
    };
    say("price   ", "/price_id");
    say("rule    ", "/rule");
    say("source  ", "/price/source");
    say("no cost:", "/missing");
    if (has(answer, "/estimated"))
        fmt::print("the tokens were counted by Steno, not reported by the provider\n");
    if (has(answer, "/total")) fmt::print("total    {} by today's prices\n", amount_at(answer, "/total"));
    if (has(answer, "/recorded_total"))
        fmt::print("recorded {} {}{}\n", amount_at(answer, "/recorded_total"),
                   has(answer, "/repricing") ? "by the re-pricing " + text_at(answer, "/repricing")
                                             : std::string("when the call ended"),
                   text_at(answer, "/recorded_source") == "provider" ? ", as the provider reported it" : "");
    if (has(answer, "/repricing"))
        fmt::print("before   {}\n", has(answer, "/former_total")
                                        ? amount_at(answer, "/former_total") + " by " +
                                              printable(text_at(answer, "/former_price_id"))
                                        : std::string("no cost"));
    return 0;
}

}  // namespace

void add_prices(Program& program) {
    CLI::App* prices = program.app.add_subcommand(
        "prices", "Prices, what a call's cost is made of, and what past calls would cost by other prices");
    prices->require_subcommand(1);
    const auto flags = std::make_shared<PricesFlags>();
    const auto command = [&](const char* name, const char* help, const char* examples,
                             Result<int> (*run)(const Program&, const PricesFlags&)) {
        CLI::App* sub = program.add(*prices, name, help, examples);
        sub->callback(
            [run, flags, &program] { program.run = [run, flags](Program& p) { return run(p, *flags); }; });
        return sub;
    };
    CLI::App* sub = command("list", "Known prices",
                            "  steno prices list --provider openai --model gpt-4o\n"
                            "  steno prices list --own\n",
                            list);
    add_record_flags(*sub, flags->record);
    sub->add_option("--provider", flags->provider, "only this provider, by its name in the record");
    sub->add_option("--model", flags->model, "only this model");
    sub->add_flag("--own", flags->own, "only prices of your own that are in force");
    sub = command("show", "A price, by the id that costs name, or the number of one of your own",
                  "  steno prices show own-17\n"
                  "  steno prices show openai/gpt-4o@2026-12-01/own-17\n",
                  show);
    add_record_flags(*sub, flags->record);
    sub->add_option("id", flags->id, "its id, or own-17")->required();
    sub = command(
        "set", "A price of your own, before the built-in one, for calls that end from now on",
        "  steno prices set --provider openai --model gpt-4o --input 2.5 --output 10 --cache-read 1.25\n"
        "  steno prices set --provider openai --model gpt-4o --input 2 --output 8 --cache-read 1 \\\n"
        "      --from 2026-12-01 --tz Europe/Berlin --reason \"contract\"\n"
        "  steno prices set --provider anthropic --model claude-sonnet-4-5 --input 2.7 --output 13.5 \\\n"
        "      --cache-read 0.27 --cache-write-5m 3.38 --cache-write-1h 5.4\n"
        "  steno prices set --provider openai --model dall-e-3 --amount per_image=0.03\n",
        set_price);
    add_record_flags(*sub, flags->record);
    sub->add_option("--provider", flags->provider, "provider, by its name in the record")->required();
    sub->add_option("--model", flags->model, "model")->required();
    sub->add_option("--input", flags->input, "per million input tokens");
    sub->add_option("--output", flags->output, "per million output tokens");
    sub->add_option("--cache-read", flags->cache_read, "per million tokens read from cache");
    sub->add_option("--cache-write-5m", flags->cache_write_5m, "per million written to it for 5 minutes");
    sub->add_option("--cache-write-1h", flags->cache_write_1h, "per million written to it for an hour");
    sub->add_option("--cache-write", flags->cache_write, "per million written, where no time is said");
    sub->add_option("--amount", flags->amounts, "another: NAME=DECIMAL, such as per_image=0.04; repeatable");
    sub->add_option("--tier", flags->tier, "for this service tier, such as batch; else for the standard one");
    sub->add_option("--region", flags->region, "for this region only");
    sub->add_option("--variant", flags->variant, "of images, size and quality: \"1024x1024 hd\"");
    sub->add_option("--min-input-tokens", flags->min_input_tokens, "for calls with at least so many")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000'000}));
    sub->add_option("--currency", flags->currency, "three letters (default USD)");
    sub->add_option("--from", flags->from, "for calls that began at this day or time, or later");
    sub->add_option("--to", flags->to, "for calls that began before this day or time");
    sub->add_option("--tz", flags->tz, "whose days these are: Europe/Berlin, local or +01:00 (default UTC)");
    sub->add_option("--same-as", flags->same_as,
                    "no amounts: the model costs what this one costs (a deployment, an alias)");
    sub->add_option("--source", flags->source, "where the figures are from");
    add_author_flags(*sub, flags->by, flags->reason);
    sub = command("import", "Prices of your own from a JSON file",
                  "  steno prices import house-prices.json\n", import);
    add_record_flags(*sub, flags->record);
    sub->add_option("file", flags->file, "as printed by prices list --json")->required();
    add_author_flags(*sub, flags->by, flags->reason);
    sub = command("remove", "Take a price of your own out of force",
                  "  steno prices remove own-17 --reason \"the contract ended\"\n"
                  "  steno prices remove own-1 own-4\n",
                  remove);
    add_record_flags(*sub, flags->record);
    sub->add_option("number", flags->ids, "as steno prices list --own shows it: own-17; several")->required();
    add_author_flags(*sub, flags->by, flags->reason);
    add_repricing(program, *prices);
    sub = command("explain", "What a call's cost is made of, or why it has none",
                  "  steno prices explain 3f0c6c1e-…\n", explain);
    add_record_flags(*sub, flags->record);
    sub->add_option("id", flags->id, "the call")->required();
    show_examples_of_commands(*prices);
}

}  // namespace steno::cli
