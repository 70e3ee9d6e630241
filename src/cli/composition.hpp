#pragma once

#include "base/cancellation.hpp"
#include "base/error.hpp"
#include "base/published.hpp"
#include "budgets/budgets.hpp"
#include "cli/alerting.hpp"
#include "cli/config.hpp"
#include "control/database.hpp"
#include "custody/custodian.hpp"
#include "daily/keeper.hpp"
#include "ingest/data_folder.hpp"
#include "net/http_client.hpp"
#include "net/loops.hpp"
#include "prompt_types/call_log.hpp"
#include "prompt_types/rules.hpp"
#include "prompt_types/switching_off.hpp"
#include "prompt_types/totals.hpp"
#include "prompt_types/types.hpp"
#include "repricing/price_book.hpp"
#include "repricing/repricer.hpp"
#include "repricing/trail.hpp"
#include "server/api.hpp"
#include "server/limits.hpp"
#include "server/model_caller.hpp"
#include "sources/gateway/gateway.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace steno::experiments {
class Experiments;
class Table;
}  // namespace steno::experiments
namespace steno::experiment_watch {
class Watcher;
}
namespace steno::prompts {
class Registry;
}

namespace steno::cli {

/// The composition root: a data folder in use, with everything that works on it, as the configuration says.
/// Here and nowhere else implementations are chosen.
class Composition {
  public:
    enum class Use : std::uint8_t {
        /// A stream of the journal begins at once: what cannot be written is found at the start. The store is
        /// not waited for (DataFolder::wait_for_store).
        Serve,
        Record,  ///< the same, but the store is open
        Look,    ///< the store is open; the stream begins with the first record, if there is one
    };
    /// FailedPrecondition: another process has the folder.
    static Result<std::unique_ptr<Composition>> open(const Config& config, Use use);
    /// Also where `open` fails half-way. A program whose store was still being opened then ends without the
    /// destructors of its statics (open_stoppably).
    ~Composition();

    [[nodiscard]] server::Services services(const std::string& listen);
    [[nodiscard]] net::Loops& loops() { return *loops_; }
    [[nodiscard]] ingest::DataFolder& data() { return *data_; }
    /// Not started yet.
    [[nodiscard]] custody::Custodian& custodian() { return *custodian_; }
    /// Not started yet; null: they cannot be used, which the log says.
    [[nodiscard]] Alerting* alerting() { return alerting_.get(); }
    /// Not started yet.
    [[nodiscard]] experiment_watch::Watcher& experiment_watcher() { return *experiment_watcher_; }
    /// Not started yet; null: daily files are not asked for.
    [[nodiscard]] daily::Keeper* daily_files() { return daily_files_.get(); }

  private:
    Composition() = default;
    void open_control();
    [[nodiscard]] std::string control_file() const;
    void read_control();
    /// Tries again what could not be read of control_, and switches off prompt types that cost or fail too
    /// much.
    void look_after_control(const std::stop_token& stop);
    void switch_off_prompt_types();
    void open_budgets();
    void open_prompt_types(const Config& config, Use use);
    void open_prompts();
    void open_prices(std::vector<pricing::Price> file);
    void open_alerting(const Config& config);
    server::SqlAccess sql_;
    Duration slow_;
    std::int64_t high_tokens_ = 0;
    // In the order of construction; torn down in reverse.
    std::unique_ptr<server::Limits> limits_;           ///< what the folder's recorder tells of calls
    std::unique_ptr<budgets::Ledger> ledger_;          ///< likewise, and its store
    std::unique_ptr<prompt_types::Rules> rules_;       ///< what it asks of each
    std::unique_ptr<prompt_types::CallLog> call_log_;  ///< likewise what it tells of calls
    std::unique_ptr<ingest::DataFolder> data_;
    /// Null: it cannot be opened yet. Whoever is given it reads it, later, too (look_after_control).
    std::unique_ptr<control::Database> control_;
    std::optional<Error> control_error_;  ///< why it could not be opened at the start
    std::unique_ptr<budgets::Budgets> budgets_;
    std::unique_ptr<prompt_types::Types> prompt_types_;
    std::unique_ptr<prompt_types::Totals> prompt_totals_;  ///< the custodian's heir
    std::unique_ptr<prompt_types::SwitchingOff> switching_off_;
    std::unique_ptr<prompts::Registry> prompts_;
    std::unique_ptr<Published<experiments::Table>> running_experiments_;  ///< as calls are asked about
    std::unique_ptr<experiments::Experiments> experiments_;
    std::unique_ptr<experiment_watch::Watcher> experiment_watcher_;
    std::unique_ptr<repricing::PriceBook> prices_;
    std::unique_ptr<repricing::Trail> trail_;
    std::unique_ptr<repricing::Repricer> repricer_;
    std::unique_ptr<custody::Custodian> custodian_;
    std::unique_ptr<daily::Keeper> daily_files_;
    std::unique_ptr<net::Loops> loops_;
    std::unique_ptr<net::HttpClient> client_;
    std::unique_ptr<gateway::Gateway> gateway_;
    std::unique_ptr<server::GatewayModelCaller> caller_;
    std::unique_ptr<Alerting> alerting_;
    Cancellation stopped_;        ///< of the thread's questions
    std::jthread looking_after_;  ///< look_after_control
};

/// The data folder alone, as the configuration says. FailedPrecondition: another process has it.
Result<std::unique_ptr<ingest::DataFolder>> open_data_folder(const Config& config,
                                                             const ingest::Feeder::Options& feeder,
                                                             Composition::Use use);

/// What seals the folder's segments and removes what is too old, as the configuration says. Not started.
/// `data` and `heir` must outlive it.
std::unique_ptr<custody::Custodian> make_custodian(const Config& config, ingest::DataFolder& data,
                                                   custody::Heir* heir);

/// The prices of pricing.file, or of the names that documents before it had for some.
Result<std::vector<pricing::Price>> configured_prices(const Config& config);

/// What keeps the daily files of the record, as the configuration says. Not started. `data` must outlive it.
/// Null: they are not asked for.
Result<std::unique_ptr<daily::Keeper>> make_keeper(const Config& config, ingest::DataFolder& data);

/// Two descriptors a call: the usual soft limit of 1024 is soon used up, and the hard one is there to be
/// used.
void raise_file_limit();

}  // namespace steno::cli
