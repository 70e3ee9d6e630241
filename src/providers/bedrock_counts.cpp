#include "providers/bedrock_counts.hpp"

#include <algorithm>
#include <charconv>

namespace steno::providers {

namespace {

std::optional<std::int64_t> count_in(const HeaderLookup& header, std::string_view name) {
    const auto text = header ? header(name) : std::nullopt;
    if (!text) return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    const bool sane = error == std::errc{} && end == text->data() + text->size() && value >= 0 &&
                      value <= JsonValue::kMaxCount;
    return sane ? std::optional(value) : std::nullopt;
}

void take(std::optional<std::int64_t>& known, std::optional<std::int64_t> told) {
    if (told) known = told;
}

}  // namespace

void note_processing_ms(std::optional<std::int64_t> ms, Call& call) {
    constexpr std::int64_t kDayMs = 86'400'000;
    if (ms && *ms >= 0 && *ms <= kDayMs) {
        call.time.phases.try_emplace("provider_processing", Duration{*ms * 1'000'000});
    }
}

BedrockCounts::BedrockCounts(const ResponseView& response)
    : input_(count_in(response.header, "x-amzn-bedrock-input-token-count")),
      output_(count_in(response.header, "x-amzn-bedrock-output-token-count")),
      cache_read_(count_in(response.header, "x-amzn-bedrock-cache-read-input-token-count")),
      cache_write_(count_in(response.header, "x-amzn-bedrock-cache-write-input-token-count")),
      latency_ms_(count_in(response.header, "x-amzn-bedrock-invocation-latency")) {}

void BedrockCounts::read(JsonValue chunk) {
    const JsonValue metrics = chunk["amazon-bedrock-invocationMetrics"];
    if (!metrics.is_object()) return;
    seen_ = true;
    metrics_ = metrics.raw();
    take(input_, metrics["inputTokenCount"].count());
    take(output_, metrics["outputTokenCount"].count());
    take(cache_read_, metrics["cacheReadInputTokenCount"].count());
    take(cache_write_, metrics["cacheWriteInputTokenCount"].count());
    take(latency_ms_, metrics["invocationLatency"].count());
}

void BedrockCounts::fill(Call& call) const {
    note_processing_ms(latency_ms_, call);
    Usage& usage = call.usage;
    if (!usage.output_tokens) usage.output_tokens = output_;
    CacheWrites& writes = usage.cache_write_tokens;
    const bool cache_told = usage.cache_read_tokens || writes.minutes_5 || writes.hours_1 || writes.other;
    if (!cache_told) {
        usage.cache_read_tokens = cache_read_;
        writes.other = cache_write_;
    }
    if (input_) {
        const std::int64_t cached = usage.cache_read_tokens.value_or(0) + writes.minutes_5.value_or(0) +
                                    writes.hours_1.value_or(0) + writes.other.value_or(0);
        // A native count without a word about caches may contain them or not; all input is never less.
        if (!usage.input_tokens || (!cache_told && cached > 0))
            usage.input_tokens = std::max(usage.input_tokens.value_or(0), *input_ + cached);
    }
    if (usage.billed.text.empty()) usage.billed.text = metrics_;
}

}  // namespace steno::providers
