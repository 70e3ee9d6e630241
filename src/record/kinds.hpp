#pragma once

#include "steno/kinds.hpp"

#include <cstdint>
#include <string_view>

/// What a call and its parts can be, and how each is spelled in the JSON form (snake_case: "rate_limit").
/// Kind and ErrorType are those of the public interface.
namespace steno {

enum class Source : std::uint8_t { Gateway, Run, Cpp, Python, Otlp, Import };

enum class Status : std::uint8_t {
    Running,  ///< only in live views; never in the store
    Success,
    Failure,
    Partial,      ///< the stream broke, or a length limit cut the answer
    Cancelled,    ///< the client went away
    Interrupted,  ///< the process that recorded it died under it
};

enum class PartType : std::uint8_t {
    Text,
    Image,
    Audio,
    Video,
    Document,
    ToolCall,
    ToolResult,
    Reasoning,
    Other
};

std::string_view to_string(Kind kind) noexcept;
std::string_view to_string(Source source) noexcept;
std::string_view to_string(Status status) noexcept;
std::string_view to_string(ErrorType type) noexcept;
std::string_view to_string(PartType type) noexcept;
/// Each writes the value and returns true, or returns false for a name that it does not know.
bool from_string(std::string_view name, Kind& kind) noexcept;
bool from_string(std::string_view name, Source& source) noexcept;
bool from_string(std::string_view name, Status& status) noexcept;
bool from_string(std::string_view name, ErrorType& type) noexcept;
bool from_string(std::string_view name, PartType& type) noexcept;

/// The kinds that reach a model ("AI calls"); agents, functions, retrieval and spans count as themselves.
bool reaches_a_model(Kind kind) noexcept;

}  // namespace steno
