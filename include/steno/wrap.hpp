#pragma once

#include "steno/call.hpp"

#include <chrono>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// Recording whatever can be called, without changing its signature.
///
///     auto ask = steno::track(steno::AsAiCall{"openai", "gpt-4o-mini"}, ask_model);
///     std::string answer = ask("What is a flight recorder?");
///
/// The wrapped callable is called with the arguments as they were given, and what it returns or throws is
/// returned or thrown as it is. Of arguments and result those that are text, numbers or booleans are
/// recorded; a type of yours is, if there is a function `std::string steno_text(const T&)` beside it. A
/// `char*` is not (it may be room for an answer), a `const char*` is taken as what it mostly is: null, or a
/// text with a zero at its end.
namespace steno {

/// How a wrapped callable is recorded.
struct AsAiCall {
    std::string provider;
    std::string model;
    Kind kind = Kind::Chat;
};
struct AsFunction {
    std::string name;
    std::string operation;
};
struct AsAgent {
    std::string name;
};

namespace wrapping {

void append_json(std::string& out, std::string_view text);
void append_json(std::string& out, double number);

template <class T>
concept Text =
    std::convertible_to<const T&, std::string_view> && !std::same_as<T, char*> && !std::is_null_pointer_v<T>;
template <class T>
concept Described = requires(const T& value) {
    { steno_text(value) } -> std::convertible_to<std::string>;
};
template <class T>
concept Recordable = Text<T> || Described<T> || std::is_arithmetic_v<T>;

/// Absent: there is none, the pointer is null.
template <Text T>
std::optional<std::string_view> text_of(const T& value) {
    if constexpr (std::is_bounded_array_v<T>) {
        const std::string_view all(value, std::extent_v<T>);  // whether or not there is a zero in it
        return all.substr(0, all.find('\0'));
    } else if constexpr (std::is_pointer_v<T>) {
        if (value == nullptr) return std::nullopt;
        return std::string_view(value);
    } else {
        return std::string_view(value);
    }
}

template <class T>
void append_value(std::string& out, const T& value) {
    if constexpr (std::same_as<T, bool>) {
        out += value ? "true" : "false";
    } else if constexpr (std::integral<T>) {
        out += std::to_string(value);
    } else if constexpr (std::is_arithmetic_v<T>) {
        append_json(out, static_cast<double>(value));
    } else if constexpr (Text<T>) {
        if (const auto text = text_of(value)) {
            append_json(out, *text);
        } else {
            out += "null";
        }
    } else if constexpr (Described<T>) {
        append_json(out, std::string_view(steno_text(value)));
    } else {
        out += "null";
    }
}

inline CallScope begin(const AsAiCall& as) {
    return AiCall(as.provider, as.model, as.kind);
}
inline CallScope begin(const AsFunction& as) {
    return CallScope(Kind::Function, as.name,
                     tracking() ? Context::current().with_function(as.name, as.operation) : Context());
}
inline CallScope begin(const AsAgent& as) {
    return CallScope(Kind::Agent, as.name, tracking() ? Context::current().with_agent(as.name) : Context());
}

/// The arguments: of an AI call the text is the prompt, else a JSON array.
template <class As, class... Args>
void note_arguments(CallScope& call, const Args&... args) noexcept {
    if (!call.recorded()) return;
    try {
        if constexpr (std::same_as<As, AsAiCall>) {
            const auto say = [&]<class T>(const T& value) {
                if constexpr (Text<T>) {
                    if (const auto text = text_of(value)) call.message("user", *text);
                } else if constexpr (Described<T>) {
                    call.message("user", steno_text(value));
                }
            };
            (say(args), ...);
        } else if constexpr ((Recordable<Args> || ...)) {
            std::string json = "[";
            ((append_value(json, args), json += ','), ...);
            json.back() = ']';
            call.input(json);
        }
    } catch (...) {
        // what `steno_text` throws is no concern of the call's
    }
}

template <class As, class T>
void note_result(CallScope& call, const T& value) noexcept {
    if (!call.recorded()) return;
    try {
        if constexpr (std::same_as<As, AsAiCall> && Text<T>) {
            if (const auto text = text_of(value)) call.output(*text);
        } else if constexpr (std::same_as<As, AsAiCall> && Described<T>) {
            call.output(steno_text(value));
        } else if constexpr (Recordable<T>) {
            std::string json;
            append_value(json, value);
            call.result(json);
        }
    } catch (...) {
        // as above
    }
}

/// A call whose result is still to come: if it is destroyed before `end`, nobody waited for it any more.
class PendingCall : public CallScope {
  public:
    PendingCall(CallScope&& call) noexcept : CallScope(std::move(call)) {}
    PendingCall(PendingCall&&) noexcept = default;
    ~PendingCall() { cancelled(); }
};

/// For other results that only later have a value: a specialisation with
/// `static Result follow(Result, PendingCall)`. steno/asio.hpp has one for Asio's awaitables.
template <class As, class Result>
struct Later {};
template <class As, class Result>
concept FollowedLater = requires(Result result, PendingCall call) {
    { Later<As, Result>::follow(std::move(result), std::move(call)) } -> std::same_as<Result>;
};

template <class T>
struct IsFuture : std::false_type {};
template <class T>
struct IsFuture<std::future<T>> : std::true_type {
    using Value = T;
};

template <class T>
concept Awaiter = requires(T& awaiter) {
    { awaiter.await_ready() } -> std::convertible_to<bool>;
    awaiter.await_resume();
};
template <class T>
concept HasMemberAwait = requires(T&& value) { std::forward<T>(value).operator co_await(); };
template <class T>
concept HasFreeAwait = requires(T&& value) { operator co_await(std::forward<T>(value)); };
template <class T>
concept Awaitable = Awaiter<T> || HasMemberAwait<T> || HasFreeAwait<T>;

template <class T>
decltype(auto) awaiter_of(T&& value) {
    if constexpr (HasMemberAwait<T>) {
        return std::forward<T>(value).operator co_await();
    } else if constexpr (HasFreeAwait<T>) {
        return operator co_await(std::forward<T>(value));
    } else {
        return std::forward<T>(value);
    }
}

/// Awaited in the place of an awaitable: the call ends when the awaiting coroutine has its result.
template <class As, class T>
class TrackedAwaitable {
  public:
    TrackedAwaitable(T awaitable, CallScope call)
        : awaitable_(std::move(awaitable)), call_(std::move(call)) {}

    class TrackedAwaiter {
      public:
        explicit TrackedAwaiter(TrackedAwaitable& of)
            : call_(std::move(of.call_)), awaiter_(awaiter_of(std::move(of.awaitable_))) {}
        bool await_ready() { return awaiter_.await_ready(); }
        template <class Promise>
        decltype(auto) await_suspend(std::coroutine_handle<Promise> handle) {
            return awaiter_.await_suspend(handle);
        }
        decltype(auto) await_resume() {
            try {
                if constexpr (std::is_void_v<decltype(awaiter_.await_resume())>) {
                    awaiter_.await_resume();
                    call_.end();
                } else {
                    decltype(auto) value = awaiter_.await_resume();
                    note_result<As>(call_, value);
                    call_.end();
                    if constexpr (std::is_reference_v<decltype(value)>) {
                        return static_cast<decltype(value)>(value);
                    } else {
                        return value;
                    }
                }
            } catch (...) {
                call_.fail_with_current_exception().end();
                throw;
            }
        }

      private:
        PendingCall call_;
        decltype(awaiter_of(std::declval<T>())) awaiter_;
    };
    TrackedAwaiter operator co_await() && { return TrackedAwaiter(*this); }

  private:
    T awaitable_;
    PendingCall call_;
};

/// A future that is ready when the given one is, its call having ended. It takes a thread for the time of the
/// call (std::future can tell nobody else), and its destructor waits for that: what the callable lent to its
/// work may then go, as with a future of std::async. A deferred future stays deferred. Where no thread can be
/// had, it is the given one, and the call ends as partial.
template <class As, class T>
std::future<T> tracked_future(std::future<T> future, CallScope call) {
    if (!future.valid()) return future;
    struct State {
        std::future<T> future;
        PendingCall call;
    };
    std::shared_ptr<State> state;
    try {
        const bool deferred = future.wait_for(std::chrono::seconds(0)) == std::future_status::deferred;
        state = std::make_shared<State>(State{std::future<T>(), std::move(call)});
        state->future = std::move(future);
        return std::async(deferred ? std::launch::deferred : std::launch::async, [state]() -> T {
            CallScope ended(std::move(state->call));
            try {
                if constexpr (std::is_void_v<T>) {
                    state->future.get();
                    ended.end();
                } else {
                    decltype(auto) value = state->future.get();
                    note_result<As>(ended, value);
                    ended.end();
                    return static_cast<T>(std::forward<decltype(value)>(value));
                }
            } catch (...) {
                ended.fail_with_current_exception().end();
                throw;
            }
        });
    } catch (...) {
        if (state == nullptr) {
            call.partial().end();
            return future;
        }
        state->call.partial().end();
        return std::move(state->future);
    }
}

}  // namespace wrapping

template <class As, class F>
class Tracked {
  public:
    Tracked(As as, F function) : as_(std::move(as)), function_(std::move(function)) {}

    template <class... Args>
        requires std::invocable<F&, Args...>
    decltype(auto) operator()(Args&&... args) {
        return call(function_, std::forward<Args>(args)...);
    }
    template <class... Args>
        requires std::invocable<const F&, Args...>
    decltype(auto) operator()(Args&&... args) const {
        return call(function_, std::forward<Args>(args)...);
    }

  private:
    template <class Function, class... Args>
    decltype(auto) call(Function& function, Args&&... args) const {
        using Result = std::invoke_result_t<Function&, Args...>;
        CallScope call = wrapping::begin(as_);
        wrapping::note_arguments<As>(call, args...);
        std::optional<ContextScope> within;
        if (call.recorded()) within.emplace(call.context());
        try {
            if constexpr (std::is_void_v<Result>) {
                std::invoke(function, std::forward<Args>(args)...);
            } else if constexpr (wrapping::IsFuture<Result>::value) {
                Result later = std::invoke(function, std::forward<Args>(args)...);
                return wrapping::tracked_future<As>(std::move(later), std::move(call));
            } else if constexpr (wrapping::FollowedLater<As, Result>) {
                Result later = std::invoke(function, std::forward<Args>(args)...);
                return wrapping::Later<As, Result>::follow(std::move(later), std::move(call));
            } else if constexpr (wrapping::Awaitable<Result>) {
                Result later = std::invoke(function, std::forward<Args>(args)...);
                return wrapping::TrackedAwaitable<As, Result>(std::forward<Result>(later), std::move(call));
            } else {
                decltype(auto) value = std::invoke(function, std::forward<Args>(args)...);
                wrapping::note_result<As>(call, value);
                if constexpr (std::is_reference_v<Result>) {
                    return static_cast<Result>(value);
                } else {
                    return value;
                }
            }
        } catch (...) {
            call.fail_with_current_exception();
            throw;
        }
    }

    As as_;
    F function_;
};

/// Wraps a function, function object or lambda. What returns a std::future or something that can be awaited
/// is recorded until it has its value. The result may be called from any number of threads, if the callable
/// may.
template <class As, class F>
[[nodiscard]] Tracked<As, std::decay_t<F>> track(As as, F&& function) {
    return {std::move(as), std::forward<F>(function)};
}

}  // namespace steno
