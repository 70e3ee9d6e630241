#include "ingest/store_opening.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace steno::ingest {

namespace {

using Outcome = Result<std::unique_ptr<store::CallStore>>;

/// Of the one who waits and the one who opens; whoever goes last takes it along.
struct Shared {
    std::mutex mutex;
    std::condition_variable_any ended;
    std::optional<Outcome> outcome;
};

Outcome open_guarded(const StoreFactory& open, const std::string& folder) {
    try {
        return open(folder);
    } catch (const std::exception& error) {  // out of memory, most likely
        return fail(Code::Internal,
                    std::string("opening the store stopped at an exception: ") + error.what());
    }
}

}  // namespace

Outcome open_stoppably(const StoreFactory& open, const std::string& folder, const std::stop_token& stop) {
    const auto shared = std::make_shared<Shared>();
    std::thread opener([shared, open, folder] {
        Outcome outcome = open_guarded(open, folder);
        const std::scoped_lock lock(shared->mutex);
        shared->outcome.emplace(std::move(outcome));
        shared->ended.notify_all();
    });
    std::unique_lock lock(shared->mutex);
    if (!shared->ended.wait(lock, stop, [&] { return shared->outcome.has_value(); })) {
        opener.detach();
        return fail(Code::Cancelled, "the store was not waited for");
    }
    lock.unlock();
    opener.join();
    return *std::move(shared->outcome);
}

}  // namespace steno::ingest
