#pragma once

#include "base/error.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace steno::client {

/// What a server said to a delivery.
struct Receipt {
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;
    std::string reason;  ///< of the first that was rejected
};

/// One connection to a server, kept alive. One thread at a time, but for `cancel`.
class Transport {
  public:
    /// InvalidArgument: the address is none, or the key cannot be one.
    static Result<std::unique_ptr<Transport>> to(const std::string& server, const std::string& api_key);
    virtual ~Transport() = default;
    /// Sends a delivery of so many calls and calls `answered`, once, on a thread of its own, with the
    /// acknowledgement: only an answer that accounts for all of them is one. It is waited for, `patience` for
    /// each step. InvalidArgument: the server will never take it, all its calls are rejected.
    /// ResourceExhausted: it is too much at once. Unauthenticated: it wants another key. NotFound: there is
    /// no Steno server, most likely because nobody listens there, or another program. Anything else: try again later; and so then.
    /// Until then `body` must stay, and nothing else be sent.
    virtual void deliver(const std::string& body, std::uint64_t calls, std::chrono::milliseconds patience,
                         std::function<void(Result<Receipt>)> answered) = 0;
    /// Any thread: a delivery that is under way is answered soon, with an error, and so is each further one.
    virtual void cancel() = 0;
};

}  // namespace steno::client
