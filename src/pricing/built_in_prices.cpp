#include "pricing/built_in_prices.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string>
#include <utility>

extern "C" {
extern const char steno_catalogue_csv_begin[];  // NOLINT(*-avoid-c-arrays)
extern const char steno_catalogue_csv_end[];    // NOLINT(*-avoid-c-arrays)
}

namespace steno::pricing {

namespace {

constexpr std::string_view kHeader =
    "provider,model,mode,input_usd_per_mtok,output_usd_per_mtok,cache_read_usd_per_mtok,cache_write_usd_per_"
    "mtok,"
    "context_window,max_output,supports_vision,supports_tools,supports_json_schema,deprecation_date";
constexpr std::size_t kColumns = 13;
using Cells = std::array<std::string_view, kColumns>;
enum Column : std::uint8_t {
    kProvider,
    kModel,
    kMode,
    kInput,
    kOutput,
    kCacheRead,
    kCacheWrite,
    kContext,
    kMaxOutput,
    kVision,
    kTools,
    kJsonSchema,
    kDeprecation,
};

std::optional<Cells> cells_of(std::string_view line) {
    Cells cells;
    std::size_t column = 0;
    for (;; ++column) {
        if (column == kColumns) return std::nullopt;
        const auto comma = line.find(',');
        cells[column] = line.substr(0, comma);
        if (comma == std::string_view::npos) break;
        line.remove_prefix(comma + 1);
    }
    return column + 1 == kColumns ? std::optional(cells) : std::nullopt;
}

std::optional<std::int64_t> integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<bool> flag(std::string_view text) {
    if (text.empty()) return std::nullopt;
    return text == "true";
}

CatalogueModel facts_in(const Cells& cells) {
    CatalogueModel model;
    model.provider = cells[kProvider];
    model.model = cells[kModel];
    model.mode = cells[kMode];
    model.context_window = integer(cells[kContext]);
    model.max_output = integer(cells[kMaxOutput]);
    model.vision = flag(cells[kVision]);
    model.tools = flag(cells[kTools]);
    model.json_schema = flag(cells[kJsonSchema]);
    model.deprecation_date = cells[kDeprecation];
    return model;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> beginnings) {
    for (const std::string_view beginning : beginnings)
        if (text.starts_with(beginning)) return true;
    return false;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts)
        if (text.contains(part)) return true;
    return false;
}

/// `price` with every token price times `numerator` / `denominator`.
std::optional<Decimal> times(const std::optional<Decimal>& price, std::int64_t numerator,
                             std::int64_t denominator) {
    if (!price) return std::nullopt;
    return price->times(numerator, denominator);
}

Price half(const Price& standard, std::string_view tier, bool with_cache) {
    Price price = standard;
    price.tier = tier;
    for (auto* value :
         {&price.input, &price.output, &price.audio_input, &price.audio_output, &price.image_input})
        *value = times(*value, 1, 2);
    for (auto* value : {&price.cache_read, &price.cache_write_5m, &price.cache_write_1h, &price.cache_write})
        *value = with_cache ? times(*value, 1, 2) : std::nullopt;
    price.source += fmt::format("; {}: half of standard", tier);
    return price;
}

/// Twice the input and cache prices, one and a half times the output price, for the whole request.
Price long_context(const Price& standard, std::int64_t above) {
    Price price = standard;
    price.min_input_tokens = above + 1;
    for (auto* value : {&price.input, &price.audio_input, &price.cache_read, &price.cache_write_5m,
                        &price.cache_write_1h, &price.cache_write})
        *value = times(*value, 2, 1);
    price.output = times(price.output, 3, 2);
    price.source += fmt::format("; above {} input tokens: 2 x input and cache, 1.5 x output", above);
    return price;
}

class Rules {
  public:
    Rules(const Cells& cells, std::vector<Price>& out) : cells_(cells), out_(out) {}

    void add() {
        Price price;
        price.provider = cells_[kProvider];
        price.model = cells_[kModel];
        price.source = fmt::format("catalogue as of {}", kCatalogueDay);
        if (!token_prices(price)) return other_units(price);
        cache_writes(price);
        media(price);
        if (dated_changes(price)) return;
        with_tiers(price);
    }

  private:
    [[nodiscard]] bool is_claude() const { return cells_[kModel].contains("claude"); }
    [[nodiscard]] bool is_openai() const { return cells_[kProvider] == "openai"; }
    [[nodiscard]] bool is_azure() const { return cells_[kProvider] == "azure.ai.openai"; }
    [[nodiscard]] bool is_google() const {
        return (cells_[kProvider] == "gcp.gemini" || cells_[kProvider] == "gcp.vertex_ai") &&
               cells_[kModel].starts_with("gemini-");
    }
    [[nodiscard]] bool is_gemini_pro() const {
        return is_google() &&
               (contains_any(cells_[kModel], {"-pro-", "gemini-pro"}) || cells_[kModel].ends_with("-pro")) &&
               !contains_any(cells_[kModel], {"-tts", "-image", "computer-use"});
    }

    /// False: the table's figures are no price. A zero there means free, a preview, or not known; only
    /// moderation is certainly free. For images and speech the columns mix text with image and audio tokens.
    bool token_prices(Price& price) const {
        const std::string_view mode = cells_[kMode];
        const auto input = Decimal::parse(cells_[kInput]);
        const auto output = Decimal::parse(cells_[kOutput]);
        if (!input || mode == "image_generation" || mode == "audio_speech" || mode == "video_generation")
            return false;
        const bool zero_means_free = mode == "moderation" && is_openai();
        if (*input == Decimal{} && !zero_means_free) return false;
        if (output == Decimal{} && mode != "embedding" && !zero_means_free) return false;
        price.input = input;
        price.output = output;
        price.cache_read = Decimal::parse(cells_[kCacheRead]);
        if (price.cache_read == Decimal{}) price.cache_read.reset();
        return true;
    }

    void other_units(Price price) {
        const std::string_view model = cells_[kModel];
        if (!is_openai()) return;
        if (model == "gpt-image-1") {
            price.input = Decimal::parse("5");
            price.cache_read = Decimal::parse("1.25");
            price.image_input = Decimal::parse("10");
            price.output = Decimal::parse("40");
            price.source += "; image tokens 10 in, 40 out";
        } else if (model == "whisper-1") {
            price.per_second = Decimal::parse("0.0001");
            price.source += "; 0.006 a minute";
        } else if (model == "tts-1" || model == "tts-1-hd") {
            price.per_million_characters = Decimal::parse(model == "tts-1" ? "15" : "30");
        } else {
            return;
        }
        out_.push_back(std::move(price));
    }

    void cache_writes(Price& price) const {
        const auto written = Decimal::parse(cells_[kCacheWrite]);
        if (!is_claude()) {
            price.cache_write = written;
            return;
        }
        if (!written && !price.cache_read) return;
        price.cache_write_5m = written ? written : times(price.input, 5, 4);
        price.cache_write_1h = times(price.input, 2, 1);
        price.cache_write = price.cache_write_5m;  // five minutes are Anthropic's default
        price.source += written ? "; cache writes for 1 hour 2 x input"
                                : "; cache writes 1.25 x input, for 1 hour 2 x input";
        if (cells_[kProvider] == "anthropic") {
            price.per_search = Decimal::parse("0.01");
            price.source += "; web searches 10 a thousand";
        }
    }

    void media(Price& price) const {
        const std::string_view model = cells_[kModel];
        if (is_openai() && (model == "gpt-realtime" || model == "gpt-realtime-2025-08-28")) {
            price.audio_input = Decimal::parse("32");
            price.audio_output = Decimal::parse("64");
            price.source += "; audio tokens 32 in, 64 out";
        } else if (is_google() && model == "gemini-2.5-flash") {
            price.audio_input = Decimal::parse("1");
            price.source += "; audio input 1.00";
        } else if (is_gemini_pro()) {
            price.audio_input = price.input;
        }
    }

    /// Prices known to change, or to have changed, on a day. True: the rows have been added.
    bool dated_changes(const Price& price) {
        if (cells_[kProvider] == "gcp.gemini" &&
            starts_with_any(cells_[kModel], {"gemini-3.6-flash", "gemini-3.7-flash", "gemini-3.8-flash"})) {
            Price promotion = price;
            promotion.to = Timestamp::parse("2027-01-01T00:00:00Z");
            promotion.source += "; promotion until 2026-12-31";
            with_tiers(promotion);
            Price regular = price;
            regular.from = promotion.to;
            regular.input = Decimal::parse("1.5");
            regular.output = Decimal::parse("7.5");
            regular.cache_read = price.cache_read ? Decimal::parse("0.15") : std::nullopt;
            regular.source += "; after the promotion";
            with_tiers(regular);
            return true;
        }
        if (is_openai() && cells_[kModel] == "gpt-5.6-luna") {
            Price now = price;
            now.from = Timestamp::parse("2026-07-30T00:00:00Z");
            now.source += "; cut by 80 % on 2026-07-30";
            with_tiers(now);
            Price before = price;
            before.to = now.from;
            for (auto* value : {&before.input, &before.output, &before.cache_read, &before.cache_write})
                *value = times(*value, 5, 1);
            before.source += "; before the cut by 80 % on 2026-07-30";
            with_tiers(before);
            return true;
        }
        return false;
    }

    void with_tiers(const Price& standard) {
        with_discounts(standard);
        const std::string_view model = cells_[kModel];
        if ((is_openai() || is_azure()) && starts_with_any(model, {"gpt-5.4", "gpt-5.5", "gpt-5.6", "gpt-6"}))
            with_discounts(long_context(standard, 272'000));
        else if (is_claude() && !is_azure() && contains_any(model, {"sonnet-4", "claude-4-sonnet"}) &&
                 !model.contains("sonnet-4-6"))
            with_discounts(long_context(standard, 200'000));
        else if (is_gemini_pro())
            with_discounts(long_context(standard, 200'000));
        else if (model == "claude-haiku-5-5")
            out_.push_back(unknown_above(standard, 100'000));
    }

    /// A band whose figures are not certain: better no cost than a wrong one.
    static Price unknown_above(const Price& standard, std::int64_t above) {
        Price price;
        price.provider = standard.provider;
        price.model = standard.model;
        price.min_input_tokens = above + 1;
        price.source = fmt::format("{}; above {} input tokens another price holds, which is not known",
                                   standard.source, above);
        return price;
    }

    /// Batch and flex cost half. Where it is not certain that cached tokens do too, they have no price there.
    void with_discounts(const Price& standard) {
        out_.push_back(standard);
        const std::string_view model = cells_[kModel];
        const std::string_view mode = cells_[kMode];
        const bool text =
            mode == "chat" || mode == "responses" || mode == "completion" || mode == "embedding";
        if (!text || standard.audio_output || contains_any(model, {"audio", "search", "live", "omni", "ft:"}))
            return;
        if (is_openai()) {
            out_.push_back(half(standard, "batch", false));
            if (mode == "chat" || mode == "responses") out_.push_back(half(standard, "flex", true));
        } else if (is_azure() && starts_with_any(model, {"gpt-", "o1", "o3", "o4", "text-embedding-"})) {
            out_.push_back(half(standard, "batch", false));
        } else if (is_claude() && !is_azure()) {
            out_.push_back(half(standard, "batch", cells_[kProvider] == "anthropic"));
        } else if (is_google()) {
            out_.push_back(half(standard, "batch", false));
            out_.push_back(half(standard, "flex", false));
        }
    }

    const Cells& cells_;
    std::vector<Price>& out_;
};

}  // namespace

std::string_view catalogue_csv() {
    return {steno_catalogue_csv_begin,
            static_cast<std::size_t>(steno_catalogue_csv_end - steno_catalogue_csv_begin)};
}

Result<BuiltIn> read_catalogue(std::string_view csv) {
    BuiltIn built_in;
    int number = 0;
    while (!csv.empty()) {
        const auto end = csv.find('\n');
        const std::string_view line = csv.substr(0, end);
        csv.remove_prefix(end == std::string_view::npos ? csv.size() : end + 1);
        if (++number == 1) {
            if (line != kHeader)
                return fail(Code::InvalidArgument, "the catalogue's header is not the expected one");
            continue;
        }
        const auto cells = cells_of(line);
        if (!cells)
            return fail(Code::InvalidArgument, fmt::format("line {}: not {} columns", number, kColumns));
        for (const Column column : {kInput, kOutput, kCacheRead, kCacheWrite}) {
            const std::string_view cell = (*cells)[column];
            const auto amount = Decimal::parse(cell);
            if (!cell.empty() && (!amount || *amount < Decimal{}))
                return fail(Code::InvalidArgument, fmt::format("line {}: \"{}\" is no price", number, cell));
        }
        built_in.models.push_back(facts_in(*cells));
        Rules(*cells, built_in.prices).add();
    }
    return built_in;
}

}  // namespace steno::pricing
