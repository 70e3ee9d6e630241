#include "cli/alerting.hpp"

#include "base/random.hpp"
#include "base/time.hpp"
#include "cli/up_to_now.hpp"

namespace steno::cli {

Result<std::unique_ptr<Alerting>> Alerting::open(control::Database& database, ingest::DataFolder& data,
                                                 budgets::States& budgets, net::Loops& loops,
                                                 net::HttpClient& client, const Config& config) {
    std::unique_ptr<Alerting> parts(new Alerting);
    STENO_ASSIGN(parts->outbox_, notify::Outbox::open(database, system_clock(), system_random()));
    notify::NetworkCarrier::Options options;
    options.ca_file = config.ca_file;
    parts->carrier_ = std::make_unique<notify::NetworkCarrier>(loops, client, system_clock(), options);
    parts->courier_ = std::make_unique<notify::Courier>(*parts->outbox_, *parts->carrier_, system_clock());
    STENO_ASSIGN(parts->book_, alerts::RuleBook::open(database, *parts->outbox_));
    parts->watcher_ = std::make_unique<alerts::Watcher>(alerts::Watcher::Parts{
        *parts->book_, data.store(), system_clock(), [&data] { return up_to_now(data); },
        [courier = parts->courier_.get()] { courier->wake(); }, &budgets});
    parts->services_.emplace(server::AlertServices{*parts->outbox_, *parts->carrier_, *parts->courier_,
                                                   *parts->book_, *parts->watcher_});
    return parts;
}

void Alerting::stop() {
    watcher_->stop();
    courier_->stop();
}

}  // namespace steno::cli
