#pragma once

#include <boost/asio/awaitable.hpp>

namespace steno::net {

/// A coroutine that runs on one loop. The only piece of Asio that the rest of the program sees.
template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace steno::net
