#pragma once

#include <cstdint>

/// What a call can be, and why it can have failed: the same for all providers. How each is spelled in JSON
/// is in docs/record.md (snake_case: "rate_limit"). Their places are written into records: new ones go to the
/// end.
namespace steno {

enum class Kind : std::uint8_t {
    Span,  ///< anything timed that is none of the others
    Chat,
    Completion,
    Embedding,
    Vision,
    Transcription,
    Speech,
    Image,
    Video,
    Moderation,
    Rerank,
    Intent,
    Function,  ///< a tool's execution
    Agent,
    Retrieval,
    Evaluation,
};

enum class ErrorType : std::uint8_t {
    Authentication,
    Permission,
    RateLimit,
    Quota,
    ContextLength,
    ContentFilter,
    InvalidRequest,
    NotFound,
    Timeout,
    Connection,
    Overloaded,
    Server,
    MalformedResponse,
    Cancelled,
};

}  // namespace steno
