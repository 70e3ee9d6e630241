#include "pricing/model_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace steno::pricing {

namespace {

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_day(std::string_view year, std::string_view month, std::string_view day) {
    return is_digits(year) && is_digits(month) && is_digits(day) && year.starts_with("20") && month >= "01" &&
           month <= "12" && day >= "01" && day <= "31";
}

/// "gpt-4o-2024-08-06" and "claude-sonnet-4-5-20250929", "…@20250929": the name before the date, or nothing.
std::string_view without_date(std::string_view model) {
    if (model.size() > 11) {
        const std::string_view end = model.substr(model.size() - 11);
        if (end[0] == '-' && end[5] == '-' && end[8] == '-' &&
            is_day(end.substr(1, 4), end.substr(6, 2), end.substr(9, 2)))
            return model.substr(0, model.size() - 11);
    }
    if (model.size() > 9) {
        const std::string_view end = model.substr(model.size() - 9);
        if ((end[0] == '-' || end[0] == '@') && is_day(end.substr(1, 4), end.substr(5, 2), end.substr(7, 2)))
            return model.substr(0, model.size() - 9);
    }
    return {};
}

/// Vendors whose models nobody else serves at another price, as OpenRouter spells them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kOpenRouterVendors{{
    {"openai/", "openai"},
    {"anthropic/", "anthropic"},
    {"google/", "gcp.gemini"},
    {"x-ai/", "x_ai"},
}};

/// Bedrock's inference profiles: the global one costs what the model costs, those of a geography have prices
/// of their own. https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
constexpr std::string_view kGlobalProfile = "global";
constexpr std::array<std::string_view, 5> kGeographies{"us", "eu", "apac", "jp", "au"};

/// "anthropic.claude-sonnet-5-v1:0": the name before the version, or nothing.
std::string_view without_version(std::string_view model) {
    const auto colon = model.rfind(':');
    const auto v = model.rfind("-v");
    if (colon == std::string_view::npos || v == std::string_view::npos || v > colon) return {};
    if (!is_digits(model.substr(colon + 1)) || !is_digits(model.substr(v + 2, colon - v - 2))) return {};
    return model.substr(0, v);
}

/// What is left of a model's name when what says only where it runs is taken away.
struct Bare {
    std::string_view owner;  ///< the provider whose price it is
    std::string_view model;
    std::string rule;
    std::string region;
    bool region_has_its_own_price = false;
};

void strip_bedrock(Bare& bare) {
    // arn:aws:bedrock:eu-west-1:1234:inference-profile/eu.anthropic.claude-…
    if (bare.model.starts_with("arn:")) {
        const auto slash = bare.model.rfind('/');
        if (slash == std::string_view::npos) return;
        bare.model.remove_prefix(slash + 1);
        bare.rule = ", by its ARN";
    }
    const auto dot = bare.model.find('.');
    if (dot == std::string_view::npos) return;
    const std::string_view place = bare.model.substr(0, dot);
    if (place == kGlobalProfile) {
        bare.rule += ", without its global profile";
        bare.region = place;
    } else if (std::ranges::find(kGeographies, place) != kGeographies.end()) {
        bare.rule += fmt::format(", in the profile of \"{}\"", place);
        bare.region = place;
        bare.region_has_its_own_price = true;
    } else {
        return;
    }
    bare.model.remove_prefix(dot + 1);
}

Bare strip(std::string_view provider, std::string_view model) {
    Bare bare{provider, model, "", "", false};
    if (provider == "azure.ai.inference") bare.owner = "azure.ai.openai";
    constexpr std::string_view kResource = "models/";
    constexpr std::string_view kFineTuned = "ft:";
    constexpr std::string_view kGoogle = "google/";  // at Vertex AI's OpenAI-compatible endpoint
    if (provider == "aws.bedrock") {
        strip_bedrock(bare);
    } else if (provider == "openrouter") {
        for (const auto& [prefix, vendor] : kOpenRouterVendors) {
            // A variant (":free", ":nitro") has a price of its own.
            if (!model.starts_with(prefix) || model.contains(':')) continue;
            bare.model.remove_prefix(prefix.size());
            bare.owner = vendor;
            bare.rule = ", as its vendor prices it";
        }
    } else if (model.starts_with(kResource) || model.contains("/models/")) {
        // "models/gemini-…", "publishers/google/models/gemini-…"
        bare.model.remove_prefix(model.rfind(kResource) + kResource.size());
        bare.rule = ", without \"models/\"";
    } else if (provider == "gcp.vertex_ai" && model.starts_with(kGoogle)) {
        bare.model.remove_prefix(kGoogle.size());
        bare.rule = ", without \"google/\"";
    } else if (model.starts_with(kFineTuned)) {
        const auto end = model.find(':', kFineTuned.size());
        if (end != std::string_view::npos) {
            bare.model = model.substr(0, end);
            bare.rule = ", as fine-tuned models of its base";
        }
    }
    return bare;
}

}  // namespace

std::vector<NameCandidate> name_candidates(std::string_view provider, std::string_view model) {
    std::vector<NameCandidate> names;
    names.push_back({std::string(provider), std::string(model), "", "", false});
    const Bare bare = strip(provider, model);
    const auto add = [&](std::string_view name, std::string_view rule) {
        names.push_back({std::string(bare.owner), std::string(name), bare.rule + std::string(rule),
                         bare.region, bare.region_has_its_own_price});
    };
    if (bare.owner != provider || bare.model != model) add(bare.model, "");
    if (const std::string_view undated = without_date(bare.model); !undated.empty())
        add(undated, ", without its date");
    if (const std::string_view plain = without_version(bare.model);
        !plain.empty() && provider == "aws.bedrock") {
        add(plain, ", without its version");
        if (const std::string_view undated = without_date(plain); !undated.empty())
            add(undated, ", without its version and date");
    }
    return names;
}

}  // namespace steno::pricing
