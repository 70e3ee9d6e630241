#pragma once

#include "base/error.hpp"
#include "control/author.hpp"
#include "control/database.hpp"
#include "pricing/catalogue.hpp"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steno::repricing {

using control::Author;

/// One price of the user's own, from when it was set until it was replaced or removed. Never changed after,
/// never deleted: what a call's price_id names can be looked up for ever.
struct PriceVersion {
    pricing::Price price;  ///< its `version` is the number of this
    Timestamp set_at;
    Author set_by;
    std::optional<std::int64_t> replaces;  ///< the version in whose place it was set
    std::optional<Timestamp> ended_at;     ///< absent: it is in force
    Author ended_by;
    std::optional<std::int64_t> replaced_by;  ///< absent, where it ended: it was removed
};

/// One that is kept and cannot be understood: a damaged file. It prices nothing.
struct DamagedPrice {
    std::int64_t version = 0;
    Timestamp set_at;
    Author set_by;
    bool in_force = false;  ///< it would be
    Error error{Code::DataLoss, ""};
};

/// The user's own prices of a data folder, kept in the control database, each with its dates. Laid over those
/// of pricing.file and the built-in ones: calls that end later get them at once. A change is in force when it
/// is on disk. Blocking; any thread.
class PriceBook {
  public:
    using Take = std::function<void(std::shared_ptr<const pricing::Catalogue>)>;
    static constexpr std::size_t kMaxPrices = 10'000;

    /// `file`: the prices of the configuration. `take` is given each new catalogue, the first by `open`.
    PriceBook(std::vector<pricing::Price> file, Take take);

    /// Reads them. After an error the catalogue is as without them, calls are priced by that, and everything
    /// else here tries once more, and gives that error.
    Result<void> open(control::Database& database);
    /// Instead: there is no database, for this reason.
    void stay_closed(Error why);
    /// Without an error calls are priced by all of what is on disk. Tries once more where that failed.
    /// DataLoss: a price is damaged, which is named; the others are in force.
    Result<void> be_in_force();

    /// Those in force, in the order in which they were set, without any that is damaged.
    Result<std::vector<PriceVersion>> own();
    struct History {
        std::vector<PriceVersion> versions;
        std::vector<DamagedPrice> damaged;
    };
    /// All that ever were, the latest first, at most `limit` of both together.
    Result<History> history(std::uint64_t limit);
    /// NotFound.
    Result<PriceVersion> version(std::int64_t number);

    struct Set {
        PriceVersion now;
        std::optional<PriceVersion> before;  ///< what it replaces
        bool changed = true;                 ///< false: the same price was in force already
    };
    /// Sets all of them or none. A price for the same calls from the same moment is replaced. One that has no
    /// end ends where the next for the same calls begins; one that says its end and reaches into another is
    /// refused (AlreadyExists, naming both). ResourceExhausted: there are kMaxPrices. The prices were read by
    /// prices_from_json, which has checked the rest.
    Result<std::vector<Set>> set(std::vector<pricing::Price> prices, const Author& author, Timestamp now);
    /// Takes one out of force. NotFound; FailedPrecondition: it is not in force any more.
    Result<PriceVersion> remove(std::int64_t number, const Author& author, Timestamp now);

  private:
    // All of these need the lock.
    Result<void> be_open();
    Result<History> read(std::string_view condition, std::initializer_list<control::Value> values = {});
    Result<PriceVersion> find(std::int64_t number);
    Result<std::vector<PriceVersion>> in_force();
    /// After an error it is not open: what is asked next tries once more.
    Result<void> take_over();
    /// The same after a change that is on disk: an error says so.
    Result<void> take_over_change();

    const std::vector<pricing::Price> file_;
    const Take take_;
    std::mutex mutex_;
    control::Database* database_ = nullptr;
    bool open_ = false;                ///< what is charged is what is on disk
    std::optional<Error> unreadable_;  ///< but for this
    Error error_{Code::Unavailable, "the prices of this folder are not open"};
};

}  // namespace steno::repricing
