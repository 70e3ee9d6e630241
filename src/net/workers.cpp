#include "net/workers.hpp"

#include "net/run_on.hpp"

#include <boost/asio/post.hpp>

namespace steno::net {

struct Workers::Impl {
    explicit Impl(unsigned threads) : pool(threads) {}
    boost::asio::thread_pool pool;
};

Workers::Workers(unsigned threads) : impl_(std::make_unique<Impl>(threads)) {}

Workers::~Workers() {
    impl_->pool.join();
}

void Workers::post(std::function<void()> work) {
    boost::asio::post(impl_->pool, std::move(work));
}

Task<void> Workers::run(std::function<void()> work) {
    co_await run_on(impl_->pool, work);
}

}  // namespace steno::net
