#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

/// Errors of the whole program. Every interface returns Result<T>; exceptions of libraries stop at the module
/// that uses the library. Untrusted bytes never end in an assertion, always in an Error.
namespace steno {

/// The canonical codes (after the well-known gRPC set). What each means to HTTP, log, retry and exit code
/// stands in one table: see `facts_of`.
enum class Code : std::uint8_t {
    InvalidArgument,     ///< the caller sent something that can never work; the message says what to change
    NotFound,            ///< no such call, model, price, file
    AlreadyExists,       ///< it is there already and says something else
    PermissionDenied,    ///< known caller, not allowed
    Unauthenticated,     ///< no key or a wrong key
    FailedPrecondition,  ///< right request, wrong state (a folder in use, a journal of a newer version)
    OutOfRange,          ///< a position, cursor or number beyond its bounds
    ResourceExhausted,   ///< a limit of ours: body size, memory, disk, concurrency
    Unavailable,         ///< a peer cannot be reached now; trying again may help
    DeadlineExceeded,    ///< the time that was given ran out
    Cancelled,           ///< the caller went away
    DataLoss,            ///< bytes on disk are not what was written
    Unimplemented,       ///< known, but not done by this version
    Internal,            ///< a defect of ours
};

struct CodeFacts {
    std::string_view name;  ///< "invalid_argument", as in the API's problem details
    int http_status;
    bool retryable;
    int exit_code;  ///< of the command line
};

/// The one table. Total over the enum.
const CodeFacts& facts_of(Code code) noexcept;

struct Error {
    Code code = Code::Internal;
    std::string message;  ///< what happened, in words for a person; never holds a secret or a body
    std::string remedy;   ///< what to try; may be empty

    Error() = default;
    Error(Code c, std::string m, std::string r = {}) : code(c), message(std::move(m)), remedy(std::move(r)) {}

    /// The same error, seen from further out: "opening the journal: <message>".
    [[nodiscard]] Error with_context(std::string_view where) &&;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string message, std::string remedy = {}) {
    return std::unexpected<Error>(std::in_place, code, std::move(message), std::move(remedy));
}

}  // namespace steno

#define STENO_CONCAT_INNER(a, b) a##b
#define STENO_CONCAT(a, b) STENO_CONCAT_INNER(a, b)

/// STENO_TRY(f()): returns the error of a Result<void>, or drops the value.
#define STENO_TRY(expression)                                        \
    do {                                                             \
        if (auto steno_result = (expression); !steno_result)         \
            return std::unexpected(std::move(steno_result).error()); \
    } while (false)

/// STENO_ASSIGN(auto x, f()): declares x from the value, or returns the error.
#define STENO_ASSIGN(declaration, expression)                                             \
    auto STENO_CONCAT(steno_result_, __LINE__) = (expression);                            \
    if (!STENO_CONCAT(steno_result_, __LINE__))                                           \
        return std::unexpected(std::move(STENO_CONCAT(steno_result_, __LINE__)).error()); \
    declaration = std::move(*STENO_CONCAT(steno_result_, __LINE__))

/// The same two inside a coroutine that returns Task<Result<T>>.
#define STENO_CO_TRY(expression)                                        \
    do {                                                                \
        if (auto steno_result = (expression); !steno_result)            \
            co_return std::unexpected(std::move(steno_result).error()); \
    } while (false)

#define STENO_CO_ASSIGN(declaration, expression)                                             \
    auto STENO_CONCAT(steno_result_, __LINE__) = (expression);                               \
    if (!STENO_CONCAT(steno_result_, __LINE__))                                              \
        co_return std::unexpected(std::move(STENO_CONCAT(steno_result_, __LINE__)).error()); \
    declaration = std::move(*STENO_CONCAT(steno_result_, __LINE__))
