#pragma once

// Private to src/net.

#include "net/task.hpp"

#include <boost/asio/thread_pool.hpp>

#include <functional>

namespace steno::net {

/// Runs `work` on a thread of the pool, and goes on on the caller's loop, also one that is stopping. What
/// `work` throws is thrown there.
Task<void> run_on(boost::asio::thread_pool& pool, const std::function<void()>& work);

}  // namespace steno::net
