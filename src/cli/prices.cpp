#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/completeness.hpp"
#include "cli/composition.hpp"
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
    std::string provider, model, file, id, input, output, cache_read, tier, from, to, same_as;
};

/// The record's name of a provider; people also write the gateway's.
std::string record_name(const std::string& provider) {
    for (const providers::ProviderRow& row : providers::provider_table()) {
        if (row.upstream == provider) return std::string(row.record_name);
    }
    return provider;
}

std::string amount(const std::optional<Decimal>& price) {
    return price ? price->to_short_string() : "";
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
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", one.name, value->to_short_string());
    }
    if (!price.same_as.empty()) out += "same as " + price.same_as;
    if (out.empty() && !price.input && !price.output) return "not known";
    return out;
}

Result<int> list(const Program& program, const PricesFlags& flags) {
    STENO_ASSIGN(const Config config, program.config());
    STENO_ASSIGN(const auto catalogue, load_prices(config));
    const auto prices = catalogue->list(record_name(flags.provider), flags.model);
    if (program.json) {
        fmt::print("{}\n", pricing::prices_to_json(prices));
        return 0;
    }
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
                 {"source", false, true}});
    for (const pricing::Price& price : prices) {
        std::string tier = price.tier.empty() ? "standard" : price.tier;
        if (!price.variant.empty()) tier += " " + price.variant;
        table.row({price.provider, price.model, tier, price.region.empty() ? "any" : price.region,
                   price.min_input_tokens > 0 ? grouped(price.min_input_tokens - 1) : "",
                   day(price.from, "ever"), day(price.to, "further notice"), amount(price.input),
                   amount(price.output), amount(price.cache_read), other_amounts(price), price.currency,
                   price.source});
    }
    if (table.empty()) {
        fmt::print("no price is known for that\n");
        return 0;
    }
    table.print();
    fmt::print(
        "\nper million tokens; per_image, per_search and the like for one. \"until\" is exclusive. Of the "
        "rows that "
        "hold for a call\nthe one with a region comes first, then the larger band, then the later start; "
        "yours come "
        "before built-in ones.\n");
    return 0;
}

/// Puts prices into the custom file in place of those with the same id.
Result<int> add_to_file(const Program& program, std::vector<pricing::Price> fresh) {
    STENO_ASSIGN(const Config config, program.config());
    const std::string file = config.prices_file.empty() ? "prices.json" : config.prices_file;
    io::FileSystem& files = io::posix_file_system();
    std::vector<pricing::Price> prices;
    if (files.exists(file)) {
        STENO_ASSIGN(const std::string content, io::read_file(files, file, 64 << 20));
        auto read = pricing::prices_from_json(content);
        if (!read) return std::unexpected(std::move(read).error().with_context(file));
        prices = std::move(*read);
    }
    const auto same = [](const pricing::Price& a, const pricing::Price& b) {
        return a.provider == b.provider && a.model == b.model && a.region == b.region && a.tier == b.tier &&
               a.variant == b.variant && a.from == b.from && a.to == b.to &&
               a.min_input_tokens == b.min_input_tokens;
    };
    const std::size_t count = fresh.size();
    for (pricing::Price& price : fresh) {
        std::erase_if(prices, [&](const pricing::Price& old) { return same(old, price); });
        prices.push_back(std::move(price));
    }
    STENO_TRY(io::replace_file(files, file, pricing::prices_to_json(prices) + "\n"));
    fmt::print("{} price{} written to {}; calls that end after the next start of the server get them\n",
               count, count == 1 ? "" : "s", file);
    if (config.prices_file.empty())
        fmt::print("tell the server of it: [pricing] file = \"{}\" in steno.toml, or STENO_PRICING_FILE={}\n",
                   file, file);
    return 0;
}

Result<int> set_price(const Program& program, const PricesFlags& flags) {
    pricing::Price price;
    price.provider = record_name(flags.provider);
    price.model = flags.model;
    price.tier = flags.tier;
    price.same_as = flags.same_as;
    price.source = "custom";
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
    const auto read_time = [](std::string_view name, const std::string& text,
                              std::optional<Timestamp>& into) -> Result<void> {
        if (text.empty()) return {};
        into = Timestamp::parse(text.size() == 10 ? text + "T00:00:00Z" : text);
        if (!into)
            return fail(Code::InvalidArgument, fmt::format("{}: \"{}\" is no time", name, text),
                        "a day such as 2026-12-01, or RFC 3339: 2026-12-01T00:00:00Z");
        return {};
    };
    STENO_TRY(read_time("--from", flags.from, price.from));
    STENO_TRY(read_time("--to", flags.to, price.to));
    // The same checks as for a file: a price per token by mistake is refused.
    STENO_ASSIGN(auto checked, pricing::prices_from_json(pricing::prices_to_json({price})));
    return add_to_file(program, std::move(checked));
}

Result<int> import(const Program& program, const PricesFlags& flags) {
    STENO_ASSIGN(const std::string content, io::read_file(io::posix_file_system(), flags.file, 64 << 20));
    auto prices = pricing::prices_from_json(content);
    if (!prices) return std::unexpected(std::move(prices).error().with_context(flags.file));
    return add_to_file(program, std::move(*prices));
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
    Table table({{"thing"}, {"count", true}, {"price", true}, {"per", true}, {"amount", true}});
    dom::array lines;
    if (answer["lines"].get(lines) == simdjson::SUCCESS) {
        for (const dom::element line : lines) {
            table.row({text_at(line, "/thing"), text_at(line, "/count"),
                       Decimal::parse(text_at(line, "/price"))->to_short_string(), text_at(line, "/per"),
                       text_at(line, "/amount")});
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
    if (has(answer, "/total")) fmt::print("total    {} by today's catalogue\n", text_at(answer, "/total"));
    if (has(answer, "/recorded_total"))
        fmt::print("recorded {} when the call ended{}\n", text_at(answer, "/recorded_total"),
                   text_at(answer, "/recorded_source") == "provider" ? ", as the provider reported it" : "");
    return 0;
}

}  // namespace

void add_prices(Program& program) {
    CLI::App* prices =
        program.app.add_subcommand("prices", "The catalogue of prices, and what a call's cost is made of");
    prices->require_subcommand(1);
    const auto flags = std::make_shared<PricesFlags>();
    const auto command = [&](const char* name, const char* help, const char* examples,
                             Result<int> (*run)(const Program&, const PricesFlags&)) {
        CLI::App* sub = program.add(*prices, name, help, examples);
        sub->callback(
            [run, flags, &program] { program.run = [run, flags](Program& p) { return run(p, *flags); }; });
        return sub;
    };
    CLI::App* sub =
        command("list", "Known prices", "  steno prices list --provider openai --model gpt-4o\n", list);
    sub->add_option("--provider", flags->provider, "only this provider, by its name in the record");
    sub->add_option("--model", flags->model, "only this model");
    sub = command(
        "set", "A price of your own, before the built-in one",
        "  steno prices set --provider openai --model gpt-4o --input 2.5 --output 10 --cache-read 1.25\n",
        set_price);
    sub->add_option("--provider", flags->provider, "provider, by its name in the record")->required();
    sub->add_option("--model", flags->model, "model")->required();
    sub->add_option("--input", flags->input, "per million input tokens");
    sub->add_option("--output", flags->output, "per million output tokens");
    sub->add_option("--cache-read", flags->cache_read, "per million tokens read from cache");
    sub->add_option("--tier", flags->tier, "for this service tier, such as batch; else for the standard one");
    sub->add_option("--from", flags->from, "valid from this day or time on");
    sub->add_option("--to", flags->to, "valid until this day or time, exclusive");
    sub->add_option("--same-as", flags->same_as,
                    "no amounts: the model costs what this one costs (a deployment, an alias)");
    sub = command("import", "Prices from a JSON file", "  steno prices import house-prices.json\n", import);
    sub->add_option("file", flags->file, "as printed by prices list --json")->required();
    sub = command("explain", "What a call's cost is made of, or why it has none",
                  "  steno prices explain 3f0c6c1e-…\n", explain);
    add_record_flags(*sub, flags->record);
    sub->add_option("id", flags->id, "the call")->required();
    show_examples_of_commands(*prices);
}

}  // namespace steno::cli
