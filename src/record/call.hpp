#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "record/cost.hpp"
#include "record/kinds.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The record: everything that Steno knows of one AI call, function, agent step or other timed thing.
///
/// Plain values, no behaviour. A field that the source did not give is absent: an empty string, list or map,
/// or a nullopt; never a zero or a guess. Names are those of the JSON form, see docs/record.md. The one
/// description of all fields, from which both encodings, the columns of the store and the filters follow, is
/// record/fields.hpp.
namespace steno {

/// A JSON value kept as it came. Empty: absent.
struct Json {
    std::string text;
    bool operator==(const Json&) const = default;
};

/// A span of time with the resolution in which it was measured; the JSON form shows milliseconds.
struct Duration {
    std::int64_t nanos = 0;
    auto operator<=>(const Duration&) const = default;
};

struct Part {
    PartType type = PartType::Text;
    std::string text;  ///< text, reasoning, and a tool's result where it is text
    std::string id;    ///< of the tool call that this is, or answers
    std::string name;  ///< of the tool; of a document or file
    Json value;        ///< a tool call's arguments, a structured result; the whole part where type is Other
    std::string mime;  ///< of media
    std::string url;   ///< of media: as it stood in the message, data: URLs too
    UnknownFields unknown;
    bool operator==(const Part&) const = default;
};

struct Message {
    std::string role;
    std::string name;
    std::vector<Part> parts;
    UnknownFields unknown;
    bool operator==(const Message&) const = default;
};

struct Timing {
    std::optional<Duration> duration;             ///< "duration_ms"
    std::optional<Duration> time_to_first_token;  ///< "time_to_first_token_ms"
    std::optional<Duration> queued;               ///< "queued_ms"
    std::map<std::string, Duration> phases;
    UnknownFields unknown;
    bool operator==(const Timing&) const = default;
};

struct Trace {
    std::string session_id;
    std::string request_id;
    std::string parent_id;
    std::optional<std::int64_t> sequence;
    std::string trace_id;
    std::string span_id;
    std::vector<std::string> links;
    std::string agent;
    std::string function;
    std::string operation;
    /// Those around `agent` and `function`, outermost first, each once and not `agent` or `function` itself:
    /// what an agent within an agent used is the outer one's, too. Empty for all that is not nested.
    std::vector<std::string> outer_agents;
    std::vector<std::string> outer_functions;
    UnknownFields unknown;
    bool operator==(const Trace&) const = default;
};

struct Who {
    std::string user_id;
    std::string api_key_id;
    std::string subject;  ///< whose personal data it is
    UnknownFields unknown;
    bool operator==(const Who&) const = default;
};

struct EndpointUsed {
    std::string method;
    std::string host;
    std::string path;  ///< without the query: keys travel there
    UnknownFields unknown;
    bool operator==(const EndpointUsed&) const = default;
};

struct Limit {
    std::optional<std::int64_t> limit;
    std::optional<std::int64_t> remaining;
    std::optional<std::int64_t> reset_ms;
    UnknownFields unknown;
    bool operator==(const Limit&) const = default;
};

struct RateLimit {
    Limit requests;
    Limit tokens;
    std::map<std::string, Limit> windows;  ///< all others, by their names: "input_tokens", "tokens_month"
    UnknownFields unknown;
    bool operator==(const RateLimit&) const = default;
};

struct ProviderFacts {
    std::string name;  ///< as in gen_ai.provider.name
    EndpointUsed endpoint;
    std::string api_version;
    std::string region;
    std::string request_id;  ///< the provider's
    std::string service_tier;
    std::optional<bool> batch;
    std::optional<std::int64_t> http_status;
    RateLimit rate_limit;
    std::string speed;  ///< "fast": a dearer way to be served, beside the service tier
    UnknownFields unknown;
    bool operator==(const ProviderFacts&) const = default;
};

struct ModelFacts {
    std::string requested;
    std::string served;
    UnknownFields unknown;
    bool operator==(const ModelFacts&) const = default;
};

struct RequestFacts {
    std::vector<Message> messages;  ///< payload
    std::string system;             ///< payload
    Json tools;                     ///< payload
    Json parameters;                ///< payload; an object
    std::optional<bool> stream;
    Json input;  ///< payload; for functions, agents, retrieval, embeddings
    UnknownFields unknown;
    bool operator==(const RequestFacts&) const = default;
};

struct ToolCall {
    std::string id;
    std::string name;
    Json arguments;
    UnknownFields unknown;
    bool operator==(const ToolCall&) const = default;
};

struct ResponseFacts {
    std::vector<Message> messages;  ///< payload; one a choice
    std::string id;
    std::vector<std::string> finish_reasons;  ///< verbatim, one a choice
    std::vector<ToolCall> tool_calls;         ///< payload; those that the client is to run
    Json structured;  ///< payload; the answer's text where it is a JSON object or array
    Json output;      ///< payload
    std::optional<std::int64_t> chunks;
    std::optional<std::int64_t> output_chars;
    UnknownFields unknown;
    bool operator==(const ResponseFacts&) const = default;
};

struct RawBytes {
    std::string request;         ///< payload; exact bytes, as they were sent to the provider
    std::string response;        ///< payload; exact bytes
    std::string client_request;  ///< payload; what the client sent, where an experiment changed it
    UnknownFields unknown;
    bool operator==(const RawBytes&) const = default;
};

struct Modality {
    std::vector<std::string> input;
    std::vector<std::string> output;
    UnknownFields unknown;
    bool operator==(const Modality&) const = default;
};

struct CacheWrites {
    std::optional<std::int64_t> minutes_5;   ///< "5m"
    std::optional<std::int64_t> hours_1;     ///< "1h"
    std::optional<std::int64_t> other;       ///< the provider names no duration, or another one
    std::optional<std::int64_t> minutes_30;  ///< "30m"
    std::optional<std::int64_t> hours_12;    ///< "12h"
    UnknownFields unknown;
    bool operator==(const CacheWrites&) const = default;
};

struct Usage {
    std::optional<std::int64_t> input_tokens;   ///< all input, cache included
    std::optional<std::int64_t> output_tokens;  ///< all output, reasoning included
    std::optional<std::int64_t> cache_read_tokens;
    CacheWrites cache_write_tokens;
    std::optional<std::int64_t> reasoning_tokens;
    std::optional<std::int64_t> audio_input_tokens;
    std::optional<std::int64_t> audio_output_tokens;
    std::optional<std::int64_t> image_input_tokens;
    std::optional<std::int64_t> images;
    std::optional<double> seconds;
    std::optional<std::int64_t> characters;
    std::optional<std::int64_t> pages;
    std::optional<std::int64_t> searches;
    std::optional<bool> estimated;                        ///< true: counted by Steno, not reported
    Json billed;                                          ///< the provider's own usage object, verbatim
    std::optional<std::int64_t> cache_read_audio_tokens;  ///< of the cache reads, those that are audio
    std::optional<std::int64_t> cache_read_image_tokens;  ///< of the cache reads, those that are images
    std::optional<std::int64_t> image_output_tokens;      ///< of the output, what is images
    std::optional<bool> asked;  ///< true: Steno asked for it; the client's request had not
    UnknownFields unknown;
    bool operator==(const Usage&) const = default;
};

struct CallError {
    std::optional<ErrorType> type;
    std::string message;  ///< at most kMaxErrorMessage bytes: some providers echo the prompt
    std::string stack;    ///< payload
    std::optional<bool> retryable;
    std::string provider_type;
    std::string provider_code;
    std::optional<std::int64_t> http_status;
    std::string advice;
    std::optional<std::int64_t> retry_after_ms;  ///< the wait that the provider asked for
    UnknownFields unknown;
    bool operator==(const CallError&) const = default;
};
inline constexpr std::size_t kMaxErrorMessage = 4096;

struct Attempt {
    std::string provider;
    std::string model;
    std::string status;
    std::optional<std::int64_t> http_status;
    std::optional<Duration> duration;  ///< "duration_ms"
    std::string reason;
    UnknownFields unknown;
    bool operator==(const Attempt&) const = default;
};

/// The live experiment that a call was part of, or would have been: then there is no variant, and `left_out`
/// says why.
struct Experiment {
    std::string id;
    std::string variant;
    std::string unit;                      ///< what was assigned: a user's id, a session's, a request's
    std::optional<double> probability;     ///< of this variant, for a unit like this
    std::optional<std::int64_t> revision;  ///< of the experiment's weights: they decided by these
    std::string left_out;
    UnknownFields unknown;
    bool operator==(const Experiment&) const = default;
};

struct PromptFacts {
    std::string type;
    std::string name;
    std::string version;
    Json variables;  ///< payload; an object
    std::vector<std::string> missing_variables;
    std::optional<bool> all_variables_present;
    Experiment experiment;
    UnknownFields unknown;
    bool operator==(const PromptFacts&) const = default;
};

using AttributeValue = std::variant<std::string, double, bool>;

struct Labels {
    std::vector<std::string> tags;
    std::map<std::string, AttributeValue> attributes;
    Json metadata;  ///< kept and shown, not indexed
    UnknownFields unknown;
    bool operator==(const Labels&) const = default;
};

struct Truncation {
    std::optional<std::int64_t> bytes;
    std::string sha256;
    UnknownFields unknown;
    bool operator==(const Truncation&) const = default;
};

struct Privacy {
    std::map<std::string, std::int64_t> masked;
    std::string retention;
    std::optional<bool> full_data;
    std::map<std::string, Truncation> truncated;
    std::optional<bool> listed;  ///< false: lists, searches and exports leave it out; sums have it
    std::string withheld_by;     ///< what set full_data to false, where it was not the caller
    UnknownFields unknown;
    bool operator==(const Privacy&) const = default;
};

struct CacheFacts {
    std::string hit;
    std::string from;
    UnknownFields unknown;
    bool operator==(const CacheFacts&) const = default;
};

struct Replay {
    std::string of;
    std::string run_id;
    UnknownFields unknown;
    bool operator==(const Replay&) const = default;
};

/// Beginnings of prompt and answer for lists; derived when the call ends, stored so that a list need not open
/// payloads.
struct Preview {
    std::string prompt;  ///< payload; at most kPreviewBytes
    std::string answer;  ///< payload; at most kPreviewBytes
    UnknownFields unknown;
    bool operator==(const Preview&) const = default;
};
inline constexpr std::size_t kPreviewBytes = 300;

/// What people and judges said of a call after it: folded into the row, last word by journal position.
struct Feedback {
    std::string verdict;  ///< accepted, rejected, modified, none
    std::string comment;
    std::optional<std::int64_t> edit_distance;
    std::optional<Timestamp> at;
    std::string by;
    UnknownFields unknown;
    bool operator==(const Feedback&) const = default;
};

struct Score {
    std::optional<double> value;
    std::string label;
    std::optional<double> min;
    std::optional<double> max;
    std::string source;  ///< human, judge, code
    std::string explanation;
    std::optional<Timestamp> at;
    std::string by;
    UnknownFields unknown;
    bool operator==(const Score&) const = default;
};

struct Call {
    Uuid id;
    Kind kind = Kind::Span;
    std::string name;
    Source source = Source::Gateway;
    Status status = Status::Running;
    std::optional<Timestamp> started_at;
    std::optional<Timestamp> ended_at;
    std::string project;
    std::string environment;
    std::string release;
    std::string tenant;
    Timing time;
    Trace trace;
    Who who;
    ProviderFacts provider;
    ModelFacts model;
    RequestFacts request;
    ResponseFacts response;
    RawBytes raw;
    Modality modality;
    Usage usage;
    Cost cost;
    CallError error;
    std::vector<Attempt> attempts;
    std::optional<std::int64_t> client_retry;
    PromptFacts prompt;
    Labels labels;
    Privacy privacy;
    CacheFacts cache;
    Replay replay;
    Preview preview;
    Feedback feedback;
    std::map<std::string, Score> scores;
    UnknownFields unknown;
    bool operator==(const Call&) const = default;
};

}  // namespace steno
