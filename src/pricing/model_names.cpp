#include "pricing/model_names.hpp"

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

}  // namespace

std::vector<NameCandidate> name_candidates(std::string_view provider, std::string_view model) {
    std::vector<NameCandidate> names;
    names.push_back({std::string(provider), std::string(model), ""});
    std::string_view owner = provider;
    std::string rule;
    if (owner == "azure.ai.inference") owner = "azure.ai.openai";

    constexpr std::string_view kResource = "models/";
    constexpr std::string_view kFineTuned = "ft:";
    constexpr std::string_view kGlobalProfile = "global.";
    constexpr std::string_view kGoogle = "google/";  // at Vertex AI's OpenAI-compatible endpoint
    if (model.starts_with(kResource)) {
        model.remove_prefix(kResource.size());
        rule = ", without \"models/\"";
    } else if (owner == "openrouter") {
        for (const auto& [prefix, vendor] : kOpenRouterVendors) {
            // A variant (":free", ":nitro") has a price of its own.
            if (model.starts_with(prefix) && !model.contains(':')) {
                model.remove_prefix(prefix.size());
                owner = vendor;
                rule = ", as its vendor prices it";
                break;
            }
        }
    } else if (owner == "gcp.vertex_ai" && model.starts_with(kGoogle)) {
        model.remove_prefix(kGoogle.size());
        rule = ", without \"google/\"";
    } else if (owner == "aws.bedrock" && model.starts_with(kGlobalProfile)) {
        model.remove_prefix(kGlobalProfile.size());
        rule = ", without its global profile";
    } else if (model.starts_with(kFineTuned)) {
        const auto end = model.find(':', kFineTuned.size());
        if (end != std::string_view::npos) {
            model = model.substr(0, end);
            rule = ", as fine-tuned models of its base";
        }
    }
    if (owner != provider || model != names.front().model)
        names.push_back({std::string(owner), std::string(model), rule});
    if (const std::string_view undated = without_date(model); !undated.empty())
        names.push_back({std::string(owner), std::string(undated), rule + ", without its date"});
    return names;
}

}  // namespace steno::pricing
