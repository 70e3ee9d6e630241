#pragma once

#include "record/call.hpp"

#include <concepts>
#include <type_traits>

/// The one description of the record's fields. `describe(group, visit)` calls `visit(number, name, member,
/// place)` for every field of a group. Binary and JSON form, the columns of the stores and the names that
/// filters accept are all derived from it. Numbers are the binary form's tags: never change or reuse one;
/// append.
namespace steno {

/// Where a field lives in the journal. Payload fields are in payload frames, which can be dropped, sealed or
/// erased without touching the rest.
enum class Place : std::uint8_t { Header = 1, RequestPayload = 2, ResponsePayload = 4 };

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Part>
constexpr void describe(Self& s, V&& v) {
    v(1, "type", s.type, Place::Header);
    v(2, "text", s.text, Place::Header);
    v(3, "id", s.id, Place::Header);
    v(4, "name", s.name, Place::Header);
    v(5, "value", s.value, Place::Header);
    v(6, "mime", s.mime, Place::Header);
    v(7, "url", s.url, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Message>
constexpr void describe(Self& s, V&& v) {
    v(1, "role", s.role, Place::Header);
    v(2, "name", s.name, Place::Header);
    v(3, "parts", s.parts, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Timing>
constexpr void describe(Self& s, V&& v) {
    v(1, "duration_ms", s.duration, Place::Header);
    v(2, "time_to_first_token_ms", s.time_to_first_token, Place::Header);
    v(3, "queued_ms", s.queued, Place::Header);
    v(4, "phases", s.phases, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Trace>
constexpr void describe(Self& s, V&& v) {
    v(1, "session_id", s.session_id, Place::Header);
    v(2, "request_id", s.request_id, Place::Header);
    v(3, "parent_id", s.parent_id, Place::Header);
    v(4, "sequence", s.sequence, Place::Header);
    v(5, "trace_id", s.trace_id, Place::Header);
    v(6, "span_id", s.span_id, Place::Header);
    v(7, "links", s.links, Place::Header);
    v(8, "agent", s.agent, Place::Header);
    v(9, "function", s.function, Place::Header);
    v(10, "operation", s.operation, Place::Header);
    v(11, "outer_agents", s.outer_agents, Place::Header);
    v(12, "outer_functions", s.outer_functions, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Who>
constexpr void describe(Self& s, V&& v) {
    v(1, "user_id", s.user_id, Place::Header);
    v(2, "api_key_id", s.api_key_id, Place::Header);
    v(3, "subject", s.subject, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, EndpointUsed>
constexpr void describe(Self& s, V&& v) {
    v(1, "method", s.method, Place::Header);
    v(2, "host", s.host, Place::Header);
    v(3, "path", s.path, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Limit>
constexpr void describe(Self& s, V&& v) {
    v(1, "limit", s.limit, Place::Header);
    v(2, "remaining", s.remaining, Place::Header);
    v(3, "reset_ms", s.reset_ms, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, RateLimit>
constexpr void describe(Self& s, V&& v) {
    v(1, "requests", s.requests, Place::Header);
    v(2, "tokens", s.tokens, Place::Header);
    v(3, "windows", s.windows, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, ProviderFacts>
constexpr void describe(Self& s, V&& v) {
    v(1, "name", s.name, Place::Header);
    v(2, "endpoint", s.endpoint, Place::Header);
    v(3, "api_version", s.api_version, Place::Header);
    v(4, "region", s.region, Place::Header);
    v(5, "request_id", s.request_id, Place::Header);
    v(6, "service_tier", s.service_tier, Place::Header);
    v(7, "batch", s.batch, Place::Header);
    v(8, "http_status", s.http_status, Place::Header);
    v(9, "rate_limit", s.rate_limit, Place::Header);
    v(10, "speed", s.speed, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, ModelFacts>
constexpr void describe(Self& s, V&& v) {
    v(1, "requested", s.requested, Place::Header);
    v(2, "served", s.served, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, RequestFacts>
constexpr void describe(Self& s, V&& v) {
    v(1, "messages", s.messages, Place::RequestPayload);
    v(2, "system", s.system, Place::RequestPayload);
    v(3, "tools", s.tools, Place::RequestPayload);
    v(4, "parameters", s.parameters, Place::RequestPayload);
    v(5, "stream", s.stream, Place::Header);
    v(6, "input", s.input, Place::RequestPayload);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, ToolCall>
constexpr void describe(Self& s, V&& v) {
    v(1, "id", s.id, Place::Header);
    v(2, "name", s.name, Place::Header);
    v(3, "arguments", s.arguments, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, ResponseFacts>
constexpr void describe(Self& s, V&& v) {
    v(1, "messages", s.messages, Place::ResponsePayload);
    v(2, "id", s.id, Place::Header);
    v(3, "finish_reasons", s.finish_reasons, Place::Header);
    v(4, "tool_calls", s.tool_calls, Place::ResponsePayload);
    v(5, "structured", s.structured, Place::ResponsePayload);
    v(6, "output", s.output, Place::ResponsePayload);
    v(7, "chunks", s.chunks, Place::Header);
    v(8, "output_chars", s.output_chars, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, RawBytes>
constexpr void describe(Self& s, V&& v) {
    v(1, "request", s.request, Place::RequestPayload);
    v(2, "response", s.response, Place::ResponsePayload);
    v(3, "client_request", s.client_request, Place::RequestPayload);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Modality>
constexpr void describe(Self& s, V&& v) {
    v(1, "input", s.input, Place::Header);
    v(2, "output", s.output, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, CacheWrites>
constexpr void describe(Self& s, V&& v) {
    v(1, "5m", s.minutes_5, Place::Header);
    v(2, "1h", s.hours_1, Place::Header);
    v(3, "other", s.other, Place::Header);
    v(4, "30m", s.minutes_30, Place::Header);
    v(5, "12h", s.hours_12, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Usage>
constexpr void describe(Self& s, V&& v) {
    v(1, "input_tokens", s.input_tokens, Place::Header);
    v(2, "output_tokens", s.output_tokens, Place::Header);
    v(3, "cache_read_tokens", s.cache_read_tokens, Place::Header);
    v(4, "cache_write_tokens", s.cache_write_tokens, Place::Header);
    v(5, "reasoning_tokens", s.reasoning_tokens, Place::Header);
    v(6, "audio_input_tokens", s.audio_input_tokens, Place::Header);
    v(7, "audio_output_tokens", s.audio_output_tokens, Place::Header);
    v(8, "image_input_tokens", s.image_input_tokens, Place::Header);
    v(9, "images", s.images, Place::Header);
    v(10, "seconds", s.seconds, Place::Header);
    v(11, "characters", s.characters, Place::Header);
    v(12, "pages", s.pages, Place::Header);
    v(13, "searches", s.searches, Place::Header);
    v(14, "estimated", s.estimated, Place::Header);
    v(15, "billed", s.billed, Place::Header);
    v(16, "cache_read_audio_tokens", s.cache_read_audio_tokens, Place::Header);
    v(17, "cache_read_image_tokens", s.cache_read_image_tokens, Place::Header);
    v(18, "image_output_tokens", s.image_output_tokens, Place::Header);
    v(24, "asked", s.asked, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, FormerCost>
constexpr void describe(Self& s, V&& v) {
    v(1, "total", s.total, Place::Header);
    v(2, "currency", s.currency, Place::Header);
    v(3, "price_id", s.price_id, Place::Header);
    v(4, "source", s.source, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Cost>
constexpr void describe(Self& s, V&& v) {
    v(1, "input", s.input, Place::Header);
    v(2, "output", s.output, Place::Header);
    v(3, "cache", s.cache, Place::Header);
    v(4, "other", s.other, Place::Header);
    v(5, "total", s.total, Place::Header);
    v(6, "currency", s.currency, Place::Header);
    v(7, "price_id", s.price_id, Place::Header);
    v(8, "source", s.source, Place::Header);
    v(9, "repricing", s.repricing, Place::Header);
    v(10, "former", s.former, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, CallError>
constexpr void describe(Self& s, V&& v) {
    v(1, "type", s.type, Place::Header);
    v(2, "message", s.message, Place::Header);
    v(3, "stack", s.stack, Place::ResponsePayload);
    v(4, "retryable", s.retryable, Place::Header);
    v(5, "provider_type", s.provider_type, Place::Header);
    v(6, "provider_code", s.provider_code, Place::Header);
    v(7, "http_status", s.http_status, Place::Header);
    v(8, "advice", s.advice, Place::Header);
    v(9, "retry_after_ms", s.retry_after_ms, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Attempt>
constexpr void describe(Self& s, V&& v) {
    v(1, "provider", s.provider, Place::Header);
    v(2, "model", s.model, Place::Header);
    v(3, "status", s.status, Place::Header);
    v(4, "http_status", s.http_status, Place::Header);
    v(5, "duration_ms", s.duration, Place::Header);
    v(6, "reason", s.reason, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Experiment>
constexpr void describe(Self& s, V&& v) {
    v(1, "id", s.id, Place::Header);
    v(2, "variant", s.variant, Place::Header);
    v(3, "unit", s.unit, Place::Header);
    v(4, "probability", s.probability, Place::Header);
    v(5, "revision", s.revision, Place::Header);
    v(6, "left_out", s.left_out, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, PromptFacts>
constexpr void describe(Self& s, V&& v) {
    v(1, "type", s.type, Place::Header);
    v(2, "name", s.name, Place::Header);
    v(3, "version", s.version, Place::Header);
    v(4, "variables", s.variables, Place::RequestPayload);
    v(5, "missing_variables", s.missing_variables, Place::Header);
    v(6, "all_variables_present", s.all_variables_present, Place::Header);
    v(7, "experiment", s.experiment, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Labels>
constexpr void describe(Self& s, V&& v) {
    v(1, "tags", s.tags, Place::Header);
    v(2, "attributes", s.attributes, Place::Header);
    v(3, "metadata", s.metadata, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Truncation>
constexpr void describe(Self& s, V&& v) {
    v(1, "bytes", s.bytes, Place::Header);
    v(2, "sha256", s.sha256, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Privacy>
constexpr void describe(Self& s, V&& v) {
    v(1, "masked", s.masked, Place::Header);
    v(2, "retention", s.retention, Place::Header);
    v(3, "full_data", s.full_data, Place::Header);
    v(4, "truncated", s.truncated, Place::Header);
    v(5, "listed", s.listed, Place::Header);
    v(6, "withheld_by", s.withheld_by, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, CacheFacts>
constexpr void describe(Self& s, V&& v) {
    v(1, "hit", s.hit, Place::Header);
    v(2, "from", s.from, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Replay>
constexpr void describe(Self& s, V&& v) {
    v(1, "of", s.of, Place::Header);
    v(2, "run_id", s.run_id, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Preview>
constexpr void describe(Self& s, V&& v) {
    v(1, "prompt", s.prompt, Place::ResponsePayload);
    v(2, "answer", s.answer, Place::ResponsePayload);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Feedback>
constexpr void describe(Self& s, V&& v) {
    v(1, "verdict", s.verdict, Place::Header);
    v(2, "comment", s.comment, Place::Header);
    v(3, "edit_distance", s.edit_distance, Place::Header);
    v(4, "at", s.at, Place::Header);
    v(5, "by", s.by, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Score>
constexpr void describe(Self& s, V&& v) {
    v(1, "value", s.value, Place::Header);
    v(2, "label", s.label, Place::Header);
    v(3, "min", s.min, Place::Header);
    v(4, "max", s.max, Place::Header);
    v(5, "source", s.source, Place::Header);
    v(6, "explanation", s.explanation, Place::Header);
    v(7, "at", s.at, Place::Header);
    v(8, "by", s.by, Place::Header);
}

template <class Self, class V>
    requires std::same_as<std::remove_const_t<Self>, Call>
constexpr void describe(Self& s, V&& v) {
    v(1, "id", s.id, Place::Header);
    v(2, "kind", s.kind, Place::Header);
    v(3, "name", s.name, Place::Header);
    v(4, "source", s.source, Place::Header);
    v(5, "status", s.status, Place::Header);
    v(6, "started_at", s.started_at, Place::Header);
    v(7, "ended_at", s.ended_at, Place::Header);
    v(8, "project", s.project, Place::Header);
    v(9, "environment", s.environment, Place::Header);
    v(10, "release", s.release, Place::Header);
    v(11, "tenant", s.tenant, Place::Header);
    v(12, "time", s.time, Place::Header);
    v(13, "trace", s.trace, Place::Header);
    v(14, "who", s.who, Place::Header);
    v(15, "provider", s.provider, Place::Header);
    v(16, "model", s.model, Place::Header);
    v(17, "request", s.request, Place::Header);
    v(18, "response", s.response, Place::Header);
    v(19, "raw", s.raw, Place::Header);
    v(20, "modality", s.modality, Place::Header);
    v(21, "usage", s.usage, Place::Header);
    v(22, "cost", s.cost, Place::Header);
    v(23, "error", s.error, Place::Header);
    v(24, "attempts", s.attempts, Place::Header);
    v(25, "client_retry", s.client_retry, Place::Header);
    v(26, "prompt", s.prompt, Place::Header);
    v(27, "labels", s.labels, Place::Header);
    v(28, "privacy", s.privacy, Place::Header);
    v(29, "cache", s.cache, Place::Header);
    v(30, "replay", s.replay, Place::Header);
    v(31, "preview", s.preview, Place::Header);
    v(32, "feedback", s.feedback, Place::Header);
    v(33, "scores", s.scores, Place::Header);
}

}  // namespace steno
