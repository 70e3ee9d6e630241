#pragma once

#include "alerts/rule_book.hpp"
#include "alerts/watcher.hpp"
#include "base/error.hpp"
#include "budgets/states.hpp"
#include "cli/config.hpp"
#include "control/database.hpp"
#include "ingest/data_folder.hpp"
#include "net/http_client.hpp"
#include "net/loops.hpp"
#include "notify/carrier.hpp"
#include "notify/courier.hpp"
#include "notify/outbox.hpp"
#include "server/api.hpp"

#include <memory>
#include <optional>

namespace steno::cli {

/// Alerts on a data folder, put together: rules, outbox, and, once they are started, the threads that
/// evaluate and deliver. Everything given must outlive it.
class Alerting {
  public:
    static Result<std::unique_ptr<Alerting>> open(control::Database& database, ingest::DataFolder& data,
                                                  budgets::States& budgets, net::Loops& loops,
                                                  net::HttpClient& client, const Config& config);

    [[nodiscard]] server::AlertServices& services() { return *services_; }
    /// What the last process left in the outbox goes out, too.
    void start_delivering() { courier_->start(); }
    /// Not before the store is open.
    void start_watching() { watcher_->start(); }
    /// Idempotent. Attempts under way are given up, and go out after the next start.
    void stop();

  private:
    Alerting() = default;

    std::unique_ptr<notify::Outbox> outbox_;
    std::unique_ptr<notify::NetworkCarrier> carrier_;
    std::unique_ptr<notify::Courier> courier_;
    std::unique_ptr<alerts::RuleBook> book_;
    std::unique_ptr<alerts::Watcher> watcher_;
    std::optional<server::AlertServices> services_;
};

}  // namespace steno::cli
