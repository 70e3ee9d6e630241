#include "pricing/circumstances.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <limits>

namespace steno::pricing {

namespace {

std::string canonical_tier(const ProviderFacts& provider) {
    if (provider.batch.value_or(false)) return "batch";
    if (provider.speed == "fast") return "fast";  // Anthropic: beside the service tier
    std::string tier = lower_case(provider.service_tier);
    for (const std::string_view standard :
         {"default", "standard", "standard_only", "auto", "on_demand", "on-demand"})
        if (tier == standard) return "";
    // Vertex says ON_DEMAND_PRIORITY, ON_DEMAND_FLEX.
    if (tier.starts_with("on_demand_")) tier.erase(0, std::string_view("on_demand_").size());
    // OpenAI renamed its priority processing on 2026-07-30 and takes both names.
    const bool openai = provider.name == "openai" || provider.name.starts_with("azure.");
    if (openai && tier == "fast") return "priority";
    return tier;
}

/// OpenAI's endpoints for data residency are "eu.api.openai.com" and the like.
std::string region_of(const ProviderFacts& provider) {
    if (!provider.region.empty()) return provider.region;
    constexpr std::string_view kOpenAi = ".api.openai.com";
    const std::string_view host = provider.endpoint.host;
    if (host.ends_with(kOpenAi)) return std::string(host.substr(0, host.size() - kOpenAi.size()));
    return {};
}

/// Of images size and quality that the request names, or else OpenAI's defaults for images billed by the
/// piece; of documents that are read whether annotations were asked for, which Mistral bills otherwise.
std::string variant_of(const Call& call) {
    const bool pages = call.kind == Kind::Vision && call.usage.pages;
    if (!pages && call.kind != Kind::Image) return {};
    simdjson::dom::parser parser;
    simdjson::dom::element parameters;
    if (pages) {
        if (parser.parse(call.request.parameters.text).get(parameters) != simdjson::SUCCESS) return {};
        for (const char* const format : {"document_annotation_format", "bbox_annotation_format"}) {
            simdjson::dom::element asked;
            if (parameters[format].get(asked) == simdjson::SUCCESS && !asked.is_null()) return "annotated";
        }
        return {};
    }
    std::string size = "1024x1024";
    std::string quality = "standard";
    if (parser.parse(call.request.parameters.text).get(parameters) == simdjson::SUCCESS) {
        std::string_view text;
        if (parameters["size"].get(text) == simdjson::SUCCESS && text != "auto") size = text;
        if (parameters["quality"].get(text) == simdjson::SUCCESS && text != "auto") quality = text;
    }
    return fmt::format("{} {}", size, quality);
}

bool region_matches(std::string_view wanted, std::string_view region) {
    if (wanted.empty()) return true;
    if (wanted.starts_with('!')) return !region.empty() && region != wanted.substr(1);
    for (;;) {
        const auto end = wanted.find('|');
        if (!region.empty() && wanted.substr(0, end) == region) return true;
        if (end == std::string_view::npos) return false;
        wanted.remove_prefix(end + 1);
    }
}

}  // namespace

Circumstances circumstances_of(const Call& call) {
    return {canonical_tier(call.provider), region_of(call.provider), variant_of(call),
            call.started_at ? call.started_at : call.ended_at, call.usage.input_tokens.value_or(0)};
}

bool applies(const Price& price, const Circumstances& circumstances) {
    const bool any_tier = price.tier.empty() && !price.same_as.empty();
    if (!any_tier && price.tier != circumstances.tier) return false;
    if (!region_matches(price.region, circumstances.region)) return false;
    if (!price.variant.empty() && price.variant != circumstances.variant) return false;
    return price.min_input_tokens <= circumstances.input_tokens && holds_at(price, circumstances.at);
}

bool holds_at(const Price& price, const std::optional<Timestamp>& at) {
    if (!at) return !price.from && !price.to;
    if (price.from && *at < *price.from) return false;
    return !price.to || *at < *price.to;
}

std::tuple<bool, bool, bool, std::int64_t, bool, std::int64_t, std::int64_t> specificity(const Price& price) {
    const std::int64_t end = price.to ? price.to->unix_nanos : std::numeric_limits<std::int64_t>::max();
    return {!price.tier.empty(),
            !price.region.empty(),
            !price.variant.empty(),
            price.min_input_tokens,
            price.from.has_value(),
            price.from.value_or(Timestamp{}).unix_nanos,
            -end};
}

std::string_view free_because(const Call& call) {
    if (call.provider.endpoint.method == "GET") return "retrieving a stored answer is not billed";
    if (call.cache.hit == "exact" || call.cache.hit == "semantic") return "answered from the cache";
    return {};
}

}  // namespace steno::pricing
