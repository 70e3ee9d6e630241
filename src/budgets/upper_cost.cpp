#include "budgets/upper_cost.hpp"

#include "base/time.hpp"
#include "record/json_reader.hpp"
#include "sources/gateway/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <string_view>

namespace steno::budgets {

namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kFresh = 60'000'000'000;
/// More than any model takes or gives; keeps sums small.
constexpr std::int64_t kMostTokens = 100 * kMillion;
constexpr std::int64_t kMostAnswers = 128;

/// What the parameters say of how much may come back: the most that any of their members says.
struct Wanted {
    std::optional<std::int64_t> most_tokens;
    std::int64_t answers = 1;
};

bool is_limit(std::string_view name) {
    return name == "max_tokens" || name == "max_completion_tokens" || name == "max_output_tokens" ||
           name == "maxOutputTokens" || name == "maxTokens" || name == "maxTokenCount" ||
           name == "max_gen_len" || name == "max_tokens_to_sample" || name == "num_predict";
}

bool is_number_of_answers(std::string_view name) {
    return name == "n" || name == "best_of" || name == "candidateCount" || name == "num_generations" ||
           name == "sampleCount";
}

bool holds_more(std::string_view name) {
    return name == "generationConfig" || name == "inferenceConfig" || name == "textGenerationConfig" ||
           name == "options" || name == "parameters";
}

/// A number of JSON (100, 1e5), rounded up. Nothing: less than one (-1: as much as it likes).
std::optional<std::int64_t> count_of(std::string_view digits) {
    double number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc::result_out_of_range) return kMostTokens;
    if (error != std::errc{} || !(number > 0)) return std::nullopt;
    return static_cast<std::int64_t>(std::ceil(std::min(number, static_cast<double>(kMostTokens))));
}

void read(JsonReader& json, Wanted& wanted, int depth) {
    json.object([&](std::string_view name) {
        const JsonReader::Type type = json.peek();
        if (type == JsonReader::Type::Object && depth < 2 && holds_more(name)) {
            read(json, wanted, depth + 1);
            return !json.failed();
        }
        if (type != JsonReader::Type::Number || !(is_limit(name) || is_number_of_answers(name)))
            return json.skip();
        const bool limit = is_limit(name);
        std::string_view digits;
        if (!json.number(digits)) return false;
        const auto number = count_of(digits);
        if (!number) return true;
        if (limit)
            wanted.most_tokens = std::max(wanted.most_tokens.value_or(0), *number);
        else
            wanted.answers = std::max(wanted.answers, std::min(*number, kMostAnswers));
        return true;
    });
}

struct Input {
    std::size_t text = 0;    ///< bytes
    std::int64_t media = 0;  ///< tokens
};

Input input_of(const Call& call) {
    Input input;
    input.text = call.request.system.size() + call.request.tools.text.size() + call.request.input.text.size();
    for (const Message& message : call.request.messages) {
        input.text += message.name.size() + 8;  // what frames it
        for (const Part& part : message.parts) {
            switch (part.type) {
                case PartType::Image:
                    input.media += UpperCosts::kTokensOfImage;
                    break;
                case PartType::Audio:
                case PartType::Video:
                case PartType::Document:
                    input.media += UpperCosts::kTokensOfFile;
                    break;
                default:
                    input.text += part.text.size() + part.name.size() + part.value.text.size();
            }
        }
    }
    return input;
}

/// Of the text.
std::int64_t tokens_of(const Call& call, const Input& input, Count count) {
    if (count == Count::Least) return static_cast<std::int64_t>(input.text / 8);
    const auto quick = static_cast<std::int64_t>(input.text / 2 + 8);
    if (count == Count::Quick || input.media > 0 || input.text > UpperCosts::kExactBytes) return quick;
    const auto exact = gateway::tokens_of_request(call);
    return exact ? std::min(quick, *exact + *exact / 10 + 8) : quick;
}

/// The dearest of those that there are; none: nothing is known.
std::optional<Decimal> dearest(std::initializer_list<std::optional<Decimal>> prices) {
    return std::max(prices);
}

}  // namespace

std::optional<UpperCost> UpperCosts::of(const Call& call,
                                        const std::shared_ptr<const pricing::Catalogue>& prices,
                                        Count count) {
    const bool image = call.kind == Kind::Image;
    const bool answers = image || gateway::makes_text(call.kind);
    if (!answers && call.kind != Kind::Embedding) return std::nullopt;
    const Input input = input_of(call);
    const std::int64_t text = std::min(tokens_of(call, input, count), kMostTokens);
    const std::int64_t media = std::min(input.media, kMostTokens);
    const Rates rates = rates_of(call, prices, text + media);
    if (!rates.known) return std::nullopt;
    Wanted wanted;
    if (!call.request.parameters.text.empty()) {
        JsonReader json(call.request.parameters.text);
        read(json, wanted, 0);
    }
    UpperCost cost{{}, rates.currency};
    if (rates.input) cost.amount += rates.input->times(text, kMillion);
    if (rates.media) cost.amount += rates.media->times(media, kMillion);
    if (answers && rates.output) {
        const std::int64_t usual = image ? kUsualImage : rates.most_output;
        const std::int64_t most = std::min(wanted.most_tokens.value_or(usual), kMostTokens);
        cost.amount += rates.output->times(most * wanted.answers, kMillion);
    }
    if (image && rates.per_image) cost.amount += rates.per_image->times(wanted.answers, 1);
    return cost;
}

UpperCosts::Rates UpperCosts::rates_of(const Call& call,
                                       const std::shared_ptr<const pricing::Catalogue>& prices,
                                       std::int64_t tokens) {
    // Prices may rise with the input's size: the key has its order of magnitude, and the price is that of its
    // upper end. Those of images depend on the parameters, too.
    const auto magnitude = std::bit_width(static_cast<std::uint64_t>(tokens));
    const Json none;
    const Json& parameters = call.kind == Kind::Image ? call.request.parameters : none;
    fmt::basic_memory_buffer<char, 256> key;
    fmt::format_to(std::back_inserter(key), "{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", to_string(call.kind),
                   call.provider.name, call.model.requested, call.provider.service_tier, call.provider.speed,
                   call.provider.region, call.provider.endpoint.host, magnitude,
                   std::string_view(parameters.text).substr(0, kMaxKeyText));
    const std::string_view wanted(key.data(), key.size());
    const std::int64_t now = system_clock().steady_nanos();
    {
        const std::scoped_lock lock(mutex_);
        if (of_ != prices) {
            rates_.clear();
            of_ = prices;
        }
        const auto found = rates_.find(wanted);
        if (found != rates_.end() && now - found->second.known_at < kFresh) return found->second;
    }
    Call probe;
    probe.kind = call.kind;
    probe.provider = call.provider;
    probe.model = call.model;
    probe.started_at = call.started_at;
    probe.request.parameters = parameters;
    probe.usage.input_tokens = (std::int64_t{1} << magnitude) - 1;
    probe.usage.output_tokens = 1;
    const pricing::Explanation explained = prices->explain(probe);
    Rates rates;
    rates.known_at = now;
    if (explained.price) {
        const pricing::Price& price = *explained.price;
        rates.currency = price.currency;
        // What is not read for the first time may have to be written to the provider's cache.
        rates.input = dearest({price.input, price.cache_write, price.cache_write_5m, price.cache_write_30m,
                               price.cache_write_1h, price.cache_write_12h});
        rates.media = dearest({rates.input, price.image_input, price.audio_input});
        rates.output = dearest({price.output, price.image_output, price.audio_output});
        rates.per_image = price.per_image;
        // Of seconds, pages and the like nobody knows before how many they will be.
        const bool by_other = price.per_second || price.per_hour || price.per_page ||
                              price.per_million_characters || (price.per_image && call.kind != Kind::Image);
        rates.known = !by_other && (rates.input || rates.output || rates.per_image);
        if (const auto facts = prices->model_facts(call.provider.name, call.model.requested);
            facts && facts->max_output)
            rates.most_output = std::min(*facts->max_output, kUsualOutput);
    }
    const std::scoped_lock lock(mutex_);
    if (rates_.size() >= kMaxRates) rates_.clear();
    rates_.insert_or_assign(std::string(wanted), rates);
    return rates;
}

}  // namespace steno::budgets
