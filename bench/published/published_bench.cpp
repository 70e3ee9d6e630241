// What it costs a thread to get what is published (base/published.hpp), alone and beside others that do
// nothing else; the same with one lock and one count for all of them; and what it costs to replace it.

#include "base/published.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace steno {
namespace {

/// The plainest that keeps the same promises.
template <class T>
class OneForAll {
  public:
    explicit OneForAll(std::shared_ptr<const T> value) : value_(std::move(value)) {}
    void use(std::shared_ptr<const T> value) {
        const std::scoped_lock lock(mutex_);
        value_.swap(value);
    }
    [[nodiscard]] std::shared_ptr<const T> now() const noexcept {
        const std::scoped_lock lock(mutex_);
        return value_;
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> value_;
};

using Value = std::int64_t;

template <template <class> class Of>
void get(benchmark::State& state) {
    static Of<Value> published(std::make_shared<const Value>(1));
    std::int64_t sum = 0;
    for (auto _ : state) sum += *published.now();
    if (sum != static_cast<std::int64_t>(state.iterations())) state.SkipWithError("not what was published");
}

template <template <class> class Of>
void replace(benchmark::State& state) {
    Of<Value> published(std::make_shared<const Value>(1));
    for (auto _ : state) published.use(std::make_shared<const Value>(2));
    if (*published.now() != 2) state.SkipWithError("not what was published");
}

BENCHMARK(get<OneForAll>)->Threads(1)->Threads(2)->Threads(4);
BENCHMARK(get<Published>)->Threads(1)->Threads(2)->Threads(4);
BENCHMARK(replace<OneForAll>);
BENCHMARK(replace<Published>);

}  // namespace
}  // namespace steno
