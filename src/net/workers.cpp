#include "net/workers.hpp"

#include "base/log.hpp"
#include "net/loop.hpp"

#include <exception>

namespace steno::net {

struct Workers::Impl {
    explicit Impl(unsigned threads) : pool(threads) {}
    asio::thread_pool pool;
};

Workers::Workers(unsigned threads) : impl_(std::make_unique<Impl>(threads)) {}

Workers::~Workers() {
    impl_->pool.join();
}

Task<void> Workers::run(std::function<void()> work) {
    Loop& loop = *Loop::current();
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
        [&](auto resume) {
            asio::post(impl_->pool, [&work, &loop, resume = std::move(resume)]() mutable {
                try {
                    work();
                } catch (const std::exception& e) {
                    log::error("work beside a loop threw: {}", e.what());
                }
                asio::post(loop.context, [resume = std::move(resume)]() mutable { std::move(resume)(); });
            });
        },
        asio::use_awaitable);
}

}  // namespace steno::net
