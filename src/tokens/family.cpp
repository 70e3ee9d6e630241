#include "tokens/family.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace steno::tokens {

namespace {

// OpenAI's figures for messages: "How to count tokens with tiktoken" (OpenAI Cookbook), 3 a message, 1 its
// role, and 3 that prime the answer. Everything else: docs/tokens.md.
constexpr Family kOpenAi{.name = "openai", .per_parallel_call = 14, .per_request = 3};
constexpr Family kGpt5{.name = "gpt-5", .per_answer = 7, .per_parallel_call = 14, .per_request = 2};
constexpr Family kOpenAiOlder{
    .name = "openai, older", .encoding = Encoding::Cl100k, .per_parallel_call = 14, .per_request = 3};
constexpr Family kClaude{.name = "claude",
                         .factor = 1.18,
                         .per_answer = 1,
                         .per_tool_call = 45,
                         .per_message = 5,
                         .per_request = 2,
                         .per_tools = 300};
constexpr Family kGemini{
    .name = "gemini", .factor = 1.07, .per_answer = 1, .per_tool_call = 0, .per_message = 0};
constexpr Family kGemma{.name = "gemma", .factor = 1.07};
// The rank table of Llama 3 begins with that of cl100k_base; Qwen has nearly all of its tokens.
constexpr Family kLlama3{
    .name = "llama 3", .encoding = Encoding::Cl100k, .per_answer = 1, .per_message = 5, .per_request = 5};
constexpr Family kQwen{.name = "qwen", .encoding = Encoding::Cl100k, .factor = 1.01, .per_answer = 1};
constexpr Family kLlama2{.name = "llama 2", .factor = 1.27};
constexpr Family kDeepSeek{.name = "deepseek", .factor = 1.02, .per_message = 3};
constexpr Family kMistral{.name = "mistral", .factor = 1.06};
constexpr Family kMistralOlder{.name = "mistral, older", .factor = 1.27};
constexpr Family kCohere{.name = "cohere", .factor = 1.13, .per_tool_call = 6, .per_message = 0};
constexpr Family kNova{.name = "nova", .factor = 1.04, .per_answer = 1, .per_tool_call = 48};
constexpr Family kTitan{.name = "titan", .factor = 1.06, .per_answer = 1};
constexpr Family kPalmyra{.name = "palmyra", .factor = 1.08, .per_tool_call = 13};
constexpr Family kOther{.name = "other", .factor = 1.05};

struct Known {
    std::string_view part;  ///< of the model's name, in lower case
    const Family& family;
};

/// The first that the name contains counts.
constexpr std::array kKnown = {
    Known{"claude", kClaude},
    Known{"gemini", kGemini},
    Known{"gemma", kGemma},
    Known{"deepseek", kDeepSeek},  // "deepseek-r1-distill-llama-70b" too: close
    Known{"llama-2", kLlama2},
    Known{"llama2", kLlama2},
    Known{"llama", kLlama3},
    Known{"qwen", kQwen},
    Known{"qwq", kQwen},
    Known{"mixtral", kMistralOlder},
    Known{"mistral-7b", kMistralOlder},
    Known{"mistral-tiny", kMistralOlder},
    Known{"tral", kMistral},  // mistral, ministral, magistral, codestral, devstral, pixtral
    Known{"command", kCohere},
    Known{"nova-", kNova},
    Known{"titan", kTitan},
    Known{"palmyra", kPalmyra},
    Known{"gpt-5", kGpt5},
    Known{"gpt-6", kGpt5},
    Known{"gpt-4o", kOpenAi},
    Known{"gpt-4.", kOpenAi},
    Known{"gpt-oss", kGpt5},
    Known{"chatgpt", kOpenAi},
    Known{"gpt-4", kOpenAiOlder},
    Known{"gpt-3", kOpenAiOlder},
    Known{"davinci", kOpenAiOlder},
    Known{"babbage", kOpenAiOlder},
    Known{"text-embedding", kOpenAiOlder},
};

/// o1, o3-mini, o4-mini-2025-04-16: a name that begins so, after any prefix.
bool is_o_series(std::string_view model) {
    model.remove_prefix(std::min(model.size(), model.find_last_of("/.:") + 1));
    return model.size() >= 2 && model[0] == 'o' && model[1] >= '1' && model[1] <= '9' &&
           (model.size() == 2 || model[2] == '-');
}

}  // namespace

const Family& family_of(std::string_view model) {
    const std::string name = lower_case(model);
    for (const Known& known : kKnown)
        if (name.contains(known.part)) return known.family;
    return is_o_series(name) ? kOpenAi : kOther;
}

void TokenCount::add(std::string_view text) {
    const std::string_view counted = utf8_prefix(text, kMaxCounted - counted_bytes_);
    tokens_ += Encoder::of(family_.encoding).count(counted);
    counted_bytes_ += counted.size();
    further_bytes_ += text.size() - counted.size();
}

std::int64_t TokenCount::total() const {
    double tokens = static_cast<double>(tokens_);
    if (counted_bytes_ > 0)
        tokens += tokens * static_cast<double>(further_bytes_) / static_cast<double>(counted_bytes_);
    return std::llround(tokens * family_.factor + framing_);
}

}  // namespace steno::tokens
