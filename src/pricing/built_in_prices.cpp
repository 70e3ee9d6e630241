#include "pricing/built_in_prices.hpp"

#include "pricing/rates.hpp"

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

/// What the columns say a model costs; without any amount where the figures are no price. A zero there means
/// free, a preview, or not known; only moderation is certainly free. For images and speech the columns mix
/// text with image and audio tokens.
Price price_in(const Cells& cells) {
    Price price;
    price.provider = cells[kProvider];
    price.model = cells[kModel];
    price.source = fmt::format("catalogue as of {}", kCatalogueDay);
    const std::string_view mode = cells[kMode];
    const auto input = Decimal::parse(cells[kInput]);
    const auto output = Decimal::parse(cells[kOutput]);
    if (!input || mode == "image_generation" || mode == "audio_speech" || mode == "video_generation")
        return price;
    const bool zero_means_free = mode == "moderation" && cells[kProvider] == "openai";
    if (*input == Decimal{} && !zero_means_free) return price;
    const bool without_output = mode == "embedding" || mode == "rerank";
    if (output == Decimal{} && !without_output && !zero_means_free) return price;
    price.input = input;
    price.output = output;
    price.cache_read = Decimal::parse(cells[kCacheRead]);
    if (price.cache_read == Decimal{}) price.cache_read.reset();
    price.cache_write = Decimal::parse(cells[kCacheWrite]);
    return price;
}

}  // namespace

std::string_view catalogue_csv() {
    return {steno_catalogue_csv_begin,
            static_cast<std::size_t>(steno_catalogue_csv_end - steno_catalogue_csv_begin)};
}

Result<BuiltIn> read_catalogue(std::string_view csv, std::string_view rates) {
    STENO_ASSIGN(const auto rows, read_rates(rates));
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
        for (Price& price : with_rates(price_in(*cells), (*cells)[kMode], rows))
            built_in.prices.push_back(std::move(price));
    }
    return built_in;
}

}  // namespace steno::pricing
