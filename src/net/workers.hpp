#pragma once

#include "net/task.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace steno::net {

/// Threads for one kind of long work, which then holds up neither a loop nor the work of other kinds, as it
/// would in the pool of `blocking`. Must outlive the tasks that use it; the destructor does what is left.
class Workers {
  public:
    explicit Workers(unsigned threads);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// Runs `work` on one of the threads and continues on the caller's loop, also one that is stopping. The
    /// line is bounded only by the callers. What `work` throws is thrown there.
    Task<void> run(std::function<void()> work);

    /// The same, but waits for nothing. `work` must not throw.
    void post(std::function<void()> work);

    /// As `run`, with a result.
    template <class F>
    Task<std::invoke_result_t<F>> value(F work) {
        std::optional<std::invoke_result_t<F>> value;
        co_await run([&] { value.emplace(work()); });
        co_return std::move(*value);
    }

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace steno::net
