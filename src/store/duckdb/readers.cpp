#include "store/duckdb/readers.hpp"

#include "base/cancellation.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace steno::store::duckdb {

Readers::Turn::~Turn() {
    if (connections_.empty()) return;  // moved from
    const std::scoped_lock lock(readers_.mutex_);
    std::ranges::move(connections_, std::back_inserter(readers_.idle_));
    readers_.freed_.notify_one();
}

Result<Readers::Turn> Readers::take(std::size_t connections, std::chrono::milliseconds patience) {
    if (Cancellation::asked()) return fail(Code::Cancelled, "nobody waits for this query any more");
    const auto until = std::chrono::steady_clock::now() + patience;
    const std::unique_lock next(line_, until);
    std::unique_lock lock(mutex_);
    if (!next || !freed_.wait_until(lock, until, [&] { return idle_.size() >= connections; }))
        return fail(Code::ResourceExhausted, "too many queries at once", "try again in a moment");
    const auto first = idle_.end() - static_cast<std::ptrdiff_t>(connections);
    Turn turn(*this, {std::move_iterator(first), std::move_iterator(idle_.end())});
    idle_.erase(first, idle_.end());
    return turn;
}

}  // namespace steno::store::duckdb
