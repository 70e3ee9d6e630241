#include "server/live.hpp"

#include "record/json.hpp"
#include "store/memory/evaluate.hpp"

#include <fmt/format.h>

#include <chrono>

namespace steno::server {

std::string LiveTail::event_of(const Call& call) {
    std::string event = "event: call\ndata: ";
    append_json(event, call, {.payload = false, .preview = true});
    event += "\n\n";
    return event;
}

void LiveTail::publish(const Call& call) {
    // The common case, nobody watching, costs one load.
    if (watching_.load(std::memory_order_relaxed) == 0) return;
    std::shared_ptr<const std::string> event;
    const std::scoped_lock lock(mutex_);
    for (const auto& watcher : watchers_) {
        if (!store::memory::matches(call, watcher->selection)) continue;
        if (!event) event = std::make_shared<const std::string>(event_of(call));
        {
            const std::scoped_lock watcher_lock(watcher->mutex);
            watcher->waiting.push_back(event);
            watcher->waiting_bytes += event->size();
            while (watcher->waiting.size() > kMaxWaiting || watcher->waiting_bytes > kMaxWaitingBytes) {
                watcher->waiting_bytes -= watcher->waiting.front()->size();
                watcher->waiting.pop_front();
                ++watcher->dropped;
            }
        }
        watcher->more.notify();
    }
}

net::Task<void> LiveTail::watch(net::ServerExchange& exchange, net::Loops& loops, store::Selection selection,
                                std::function<std::vector<Call>()> running) {
    const auto watcher = std::make_shared<Watcher>();
    watcher->selection = std::move(selection);
    {
        const std::scoped_lock lock(mutex_);
        watchers_.push_back(watcher);
        watching_.store(watchers_.size(), std::memory_order_relaxed);
    }
    struct Leave {
        LiveTail& tail;
        const std::shared_ptr<Watcher>& watcher;
        ~Leave() {
            const std::scoped_lock lock(tail.mutex_);
            std::erase(tail.watchers_, watcher);
            tail.watching_.store(tail.watchers_.size(), std::memory_order_relaxed);
        }
    } leave{*this, watcher};

    net::ResponseHead head;
    head.headers.add("Content-Type", "text/event-stream");
    head.headers.add("Cache-Control", "no-store");
    exchange.on_client_gone([watcher] { watcher->more.notify(); });
    if (!co_await exchange.write_head(head, std::nullopt)) co_return;
    // A call that ends between this look and its event is shown running and then ended; never the other way
    // round, because events wait until these are out.
    std::string first = ": watching\n\n";
    for (const Call& call : co_await net::blocking_value(loops, std::move(running))) {
        if (store::memory::matches(call, watcher->selection)) first += event_of(call);
    }
    if (!co_await exchange.write(first)) co_return;
    while (!exchange.client_gone() && !stopped_) {
        const bool notified = co_await watcher->more.wait_for(std::chrono::seconds(15));
        std::string events;
        {
            const std::scoped_lock lock(watcher->mutex);
            if (watcher->dropped > 0) {
                events += fmt::format("event: dropped\ndata: {{\"calls\":{}}}\n\n", watcher->dropped);
                watcher->dropped = 0;
            }
            for (const auto& event : watcher->waiting) events += *event;
            watcher->waiting.clear();
            watcher->waiting_bytes = 0;
        }
        if (events.empty()) {
            if (notified) continue;  // the client left, or what woke us is already sent
            events = ": ping\n\n";
        }
        if (!co_await exchange.write(events)) co_return;
    }
    co_await exchange.finish();
}

void LiveTail::stop() {
    stopped_ = true;
    const std::scoped_lock lock(mutex_);
    for (const auto& watcher : watchers_) watcher->more.notify();
}

}  // namespace steno::server
