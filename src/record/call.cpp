#include "record/call.hpp"

#include "record/members.hpp"

#include <array>

namespace steno {

namespace {

// In the order of the enumerators, which the binary form and these names share.
constexpr std::array<std::string_view, 16> kKinds{
    "span",  "chat",       "completion", "embedding", "vision",   "transcription", "speech",    "image",
    "video", "moderation", "rerank",     "intent",    "function", "agent",         "retrieval", "evaluation"};
constexpr std::array<std::string_view, 6> kSources{"gateway", "run", "cpp", "python", "otlp", "import"};
constexpr std::array<std::string_view, 6> kStatuses{"running", "success",   "failure",
                                                    "partial", "cancelled", "interrupted"};
constexpr std::array<std::string_view, 14> kErrorTypes{
    "authentication", "permission",      "rate_limit",         "quota",    "context_length",
    "content_filter", "invalid_request", "not_found",          "timeout",  "connection",
    "overloaded",     "server",          "malformed_response", "cancelled"};
constexpr std::array<std::string_view, 9> kPartTypes{
    "text", "image", "audio", "video", "document", "tool_call", "tool_result", "reasoning", "other"};

static_assert(kKinds.size() == static_cast<std::size_t>(Kind::Evaluation) + 1);
static_assert(kSources.size() == static_cast<std::size_t>(Source::Import) + 1);
static_assert(kStatuses.size() == static_cast<std::size_t>(Status::Interrupted) + 1);
static_assert(kErrorTypes.size() == static_cast<std::size_t>(ErrorType::Cancelled) + 1);
static_assert(kPartTypes.size() == static_cast<std::size_t>(PartType::Other) + 1);

template <class E>
std::string_view name_of(E value) noexcept {
    const auto names = members::names_of<E>();
    const auto index = static_cast<std::size_t>(value);
    return index < names.size() ? names[index] : std::string_view("unknown");
}

template <class E>
bool value_of(std::string_view name, E& value) noexcept {
    const auto names = members::names_of<E>();
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] != name) continue;
        value = static_cast<E>(i);
        return true;
    }
    return false;
}

}  // namespace

namespace members {
template <>
std::span<const std::string_view> names_of<Kind>() noexcept {
    return kKinds;
}
template <>
std::span<const std::string_view> names_of<Source>() noexcept {
    return kSources;
}
template <>
std::span<const std::string_view> names_of<Status>() noexcept {
    return kStatuses;
}
template <>
std::span<const std::string_view> names_of<ErrorType>() noexcept {
    return kErrorTypes;
}
template <>
std::span<const std::string_view> names_of<PartType>() noexcept {
    return kPartTypes;
}
}  // namespace members

std::string_view to_string(Kind kind) noexcept {
    return name_of(kind);
}
std::string_view to_string(Source source) noexcept {
    return name_of(source);
}
std::string_view to_string(Status status) noexcept {
    return name_of(status);
}
std::string_view to_string(ErrorType type) noexcept {
    return name_of(type);
}
std::string_view to_string(PartType type) noexcept {
    return name_of(type);
}

bool from_string(std::string_view name, Kind& kind) noexcept {
    return value_of(name, kind);
}
bool from_string(std::string_view name, Source& source) noexcept {
    return value_of(name, source);
}
bool from_string(std::string_view name, Status& status) noexcept {
    return value_of(name, status);
}
bool from_string(std::string_view name, ErrorType& type) noexcept {
    return value_of(name, type);
}
bool from_string(std::string_view name, PartType& type) noexcept {
    return value_of(name, type);
}

bool reaches_a_model(Kind kind) noexcept {
    switch (kind) {
        case Kind::Chat:
        case Kind::Completion:
        case Kind::Embedding:
        case Kind::Vision:
        case Kind::Transcription:
        case Kind::Speech:
        case Kind::Image:
        case Kind::Video:
        case Kind::Moderation:
        case Kind::Rerank:
        case Kind::Intent:
            return true;
        case Kind::Span:
        case Kind::Function:
        case Kind::Agent:
        case Kind::Retrieval:
        case Kind::Evaluation:
            return false;
    }
    return false;
}

}  // namespace steno
