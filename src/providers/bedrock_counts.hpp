#pragma once

#include "providers/json_view.hpp"
#include "providers/provider.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace steno::providers {

/// What Amazon Bedrock counts itself, beside the native answer of the model that it hosts: in the head of an
/// InvokeModel answer (x-amzn-bedrock-{input,output,cache-read-input,cache-write-input}-token-count,
/// -invocation-latency), in the last chunk of its stream ("amazon-bedrock-invocationMetrics"). It stands in
/// for what the native answer does not tell: many models' bodies name no tokens at all. Nothing of this is
/// there in the answers of others, so asking costs a few look-ups.
///
/// As with Anthropic, input leaves out what was read from a cache and written to it.
class BedrockCounts {
  public:
    explicit BedrockCounts(const ResponseView& response);

    /// A chunk of the native stream; only the last one bears the metrics.
    void read(JsonValue chunk);
    /// A chunk has borne them.
    [[nodiscard]] bool seen() const { return seen_; }
    /// Usage and the provider's processing time, where the call has none yet.
    void fill(Call& call) const;

  private:
    std::optional<std::int64_t> input_;
    std::optional<std::int64_t> output_;
    std::optional<std::int64_t> cache_read_;
    std::optional<std::int64_t> cache_write_;
    std::optional<std::int64_t> latency_ms_;
    std::string metrics_;  ///< verbatim
    bool seen_ = false;
};

/// The provider's own processing time, where it has not been told before; absurd values are left out.
void note_processing_ms(std::optional<std::int64_t> ms, Call& call);

}  // namespace steno::providers
