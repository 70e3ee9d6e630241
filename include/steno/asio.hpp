#pragma once

#include "steno/wrap.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

/// steno::track for functions that return boost::asio::awaitable: the call ends when the awaiting coroutine
/// has its result.
namespace steno::wrapping {

template <class As, class T, class Executor>
struct Later<As, boost::asio::awaitable<T, Executor>> {
    static boost::asio::awaitable<T, Executor> follow(boost::asio::awaitable<T, Executor> awaited,
                                                      PendingCall call) {
        try {
            if constexpr (std::is_void_v<T>) {
                co_await std::move(awaited);
                call.end();
                co_return;
            } else {
                T value = co_await std::move(awaited);
                note_result<As>(call, value);
                call.end();
                co_return value;
            }
        } catch (...) {
            call.fail_with_current_exception().end();
            throw;
        }
    }
};

}  // namespace steno::wrapping
