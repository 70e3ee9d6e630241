#include "notify/courier.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace steno::notify {

namespace {

constexpr std::size_t kMostAtOnce = 500;        ///< deliveries that are looked at together
constexpr std::chrono::seconds kLookAgain{60};  ///< clocks may be set, and others may write to the outbox

}  // namespace

Courier::Courier(Outbox& outbox, Carrier& carrier, Clock& clock, std::chrono::nanoseconds after_failure)
    : outbox_(outbox), carrier_(carrier), clock_(clock), after_failure_(after_failure) {}

Courier::~Courier() {
    stop();
}

void Courier::start() {
    thread_ = std::thread([this] { run(); });
}

void Courier::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    carrier_.stop();
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Courier::wake() {
    {
        const std::lock_guard lock(mutex_);
        awake_ = true;
    }
    changed_.notify_all();
}

void Courier::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        awake_ = false;
        std::erase_if(rounds_, [](const auto& round) { return round.second.over; });
        lock.unlock();
        std::chrono::nanoseconds pause = after_failure_;
        try {
            pause = hand_out();
        } catch (const std::exception& e) {  // no memory or no thread, most likely
            log::warning("notifications could not be handed out: {}", e.what());
        }
        lock.lock();
        changed_.wait_for(lock, pause, [this] { return awake_ || stopping_; });
    }
    auto rounds = std::exchange(rounds_, {});
    lock.unlock();  // the threads that are joined now need it
    rounds.clear();
}

std::chrono::nanoseconds Courier::hand_out() {
    auto due = outbox_.due(kMostAtOnce);
    if (!due) {
        log::warning("notifications cannot be read: {}", due.error().message);
        return after_failure_;
    }
    waiting_ = outbox_.waiting().value_or(0);
    std::map<std::string, std::vector<Delivery>> by_channel;
    for (Delivery& delivery : *due) by_channel[delivery.channel].push_back(std::move(delivery));
    const std::lock_guard lock(mutex_);
    for (auto& [channel, deliveries] : by_channel) {
        if (stopping_ || rounds_.contains(channel)) continue;
        const auto place = rounds_.try_emplace(channel).first;
        Round& round = place->second;
        try {
            round.thread = std::jthread([this, &round, name = channel, some = std::move(deliveries)] {
                try {
                    serve(name, some);
                } catch (const std::exception& e) {
                    wait_after("notifications could not be delivered", e.what());
                }
                const std::lock_guard at_end(mutex_);
                round.over = awake_ = true;
                changed_.notify_all();
            });
        } catch (...) {
            rounds_.erase(place);  // else the channel would look busy for ever
            throw;
        }
    }
    const auto next = outbox_.next_due();
    if (!next || !*next) return kLookAgain;
    const std::int64_t nanos = (*next)->unix_nanos - clock_.now().unix_nanos;
    // What is due and was not handed out has a thread at work, which wakes us at its end.
    return nanos <= 0 ? kLookAgain
                      : std::min<std::chrono::nanoseconds>(kLookAgain, std::chrono::nanoseconds(nanos));
}

void Courier::serve(const std::string& name, const std::vector<Delivery>& deliveries) {
    // What was carried and is not kept comes first: until it is, this channel gets nothing, and nothing
    // twice.
    std::optional<Outcome> unkept;
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = unkept_.find(name); found != unkept_.end()) unkept = found->second;
    }
    if (unkept) {
        if (!keep(*unkept)) return;
        const std::lock_guard lock(mutex_);
        unkept_.erase(name);
    }
    for (const Delivery& delivery : deliveries) {
        if (unkept && unkept->delivery.id == delivery.id) continue;
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
        }
        const auto channel = outbox_.channel(name);
        Outcome outcome{delivery, channel ? carrier_.carry(*channel, delivery.id, delivery.message)
                                          : std::unexpected(Carrier::Failure{channel.error()})};
        if (outcome.carried) {
            ++delivered_;
        } else {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;  // cut off by us: no failure of the channel
            ++failed_;
        }
        if (keep(outcome)) continue;
        const std::lock_guard lock(mutex_);
        unkept_.insert_or_assign(name, std::move(outcome));
        return;
    }
}

bool Courier::keep(const Outcome& outcome) {
    const Delivery& delivery = outcome.delivery;
    if (outcome.carried) {
        const auto kept = outbox_.delivered(delivery);
        if (!kept) wait_after("that a notification was delivered cannot be kept", kept.error().message);
        return kept.has_value();
    }
    const std::string& why = outcome.carried.error().error.message;
    const auto state = outbox_.failed(delivery, why, outcome.carried.error().not_before);
    if (!state) {
        wait_after("that a notification failed cannot be kept", state.error().message);
        return false;
    }
    const bool given_up = *state == Delivery::State::GivenUp;
    given_up_ += given_up;
    log::warning("channel {}: {}{}", delivery.channel, why,
                 given_up ? "; the notification is given up" : "; it is tried again");
    return true;
}

void Courier::wait_after(std::string_view what, std::string_view why) {
    log::warning("{}: {}", what, why);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, after_failure_, [this] { return stopping_; });
}

CourierStats Courier::stats() const {
    CourierStats stats;
    stats.waiting = waiting_;
    stats.delivered = delivered_;
    stats.failed = failed_;
    stats.given_up = given_up_;
    return stats;
}

}  // namespace steno::notify
