#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "ingest/data_folder.hpp"
#include "repricing/difference.hpp"
#include "repricing/price_book.hpp"
#include "repricing/trail.hpp"
#include "store/query.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace steno::repricing {

/// Says what calls of the past would cost by today's prices, and writes it into the record.
///
/// The record is not changed: that a call costs something else is said of it (record/binary.hpp, Said), as
/// feedback is, in records of their own, which the store folds in. So a store that is built anew has it, too,
/// and what was first recorded stays in the journal. The trail gets a row before the first of these records
/// is written, and the sums at the end; of one whose process died they are asked of the store, where each
/// call names the re-pricing that made its cost.
///
/// A call that costs what it should is not written: to repeat a re-pricing, also one that was interrupted
/// anywhere, does what is left to do and nothing else.
///
/// One at a time, on a thread of its own, with constant memory. It writes kBatch costs at once, waits until
/// they are durable and the store has them, and goes on: the gateway and those who ask are held up by a batch
/// at most. Any thread.
class Repricer {
  public:
    struct Order {
        store::Selection selection;        ///< without text
        std::vector<std::string> filters;  ///< the same for people
        bool apply = false;
        bool billed_too = false;  ///< also costs that Steno did not make
        std::string undo;  ///< instead of prices: what calls cost before this re-pricing, whichever they are
        Author author;
    };
    static constexpr std::size_t kBatch = 4096;
    static constexpr std::size_t kLooks = 20;  ///< runs that applied nothing which are remembered

    /// All must outlive it. `book`: the own prices, without which nothing is applied; null: there are none.
    Repricer(ingest::DataFolder& data, Trail& trail, PriceBook* book, Clock& clock = system_clock());
    /// Cancels what runs: what is applied stays, and the rest can be done later.
    ~Repricer();
    Repricer(const Repricer&) = delete;
    Repricer& operator=(const Repricer&) = delete;

    /// Begins. NotFound: there is no re-pricing to undo; FailedPrecondition: it wrote nothing, or another one
    /// runs, whose id is named. To apply also: there is nowhere to
    /// keep the trail; or the store is not fed, and would never show what was applied; or the book's error,
    /// whose prices are not in force; or what an earlier one wrote cannot be summed up yet.
    Result<Run> start(Order order);
    /// As it stands, at the latest after `patience`, as soon as it has ended. NotFound.
    Result<Run> get(std::string_view id, std::chrono::milliseconds patience = {});
    /// Ends it, if it runs, and waits for that.
    Result<Run> cancel(std::string_view id);
    /// Those that were to apply something, the latest first, the one that runs included; but for undoings
    /// that found nothing to undo.
    Result<std::vector<Run>> history(std::uint64_t limit);

  private:
    using Prices = std::shared_ptr<const pricing::Catalogue>;
    void work(const Order& order, const Prices& prices, const std::stop_token& stop) noexcept;
    /// The calls of the re-pricing that is to be undone.
    Result<void> select_what_to_undo(Order& order);
    /// Why no call has its cost from this re-pricing, and what can be done.
    std::string why_nothing_is_left(const Run& undone, const Later& later);
    Result<void> look(const Order& order, const Prices& prices, const std::stop_token& stop,
                      Difference& difference);
    /// Of an undoing: calls that have what the re-pricing gave them back from undoings of later ones. They
    /// are given to `take` with what they cost before it.
    Result<void> look_below(const std::string& undone, const std::vector<std::string>& ways_back,
                            const std::stop_token& stop,
                            const std::function<Result<void>(const Call&)>& take);
    /// What is left to say of one that has ended.
    void finish(const Result<void>& done, const Difference& difference);
    /// FailedPrecondition: one runs. Needs `mutex_`.
    [[nodiscard]] Result<void> already_running() const;
    Result<void> write(std::vector<Said>& batch, const std::stop_token& stop);
    /// Whole calls, where columns are not enough.
    [[nodiscard]] bool add_request(Call& call);
    Result<void> wait_until_fed(const std::stop_token& stop);
    /// What the store says that this re-pricing has written.
    Result<Difference> written_by(const std::string& id);
    /// Ends, on the trail, what dead processes left, and adds sums that could not be said at the end: once
    /// all that was written is durable and in the store. Needs `settling_`.
    Result<void> settle();
    /// The same before something is shown, which says less if it fails or somebody else is at it.
    void try_to_settle();

    ingest::DataFolder& data_;
    Trail& trail_;
    PriceBook* const book_;
    Clock& clock_;

    /// Held from the settling of earlier ones until the next begins to write; taken before `mutex_`.
    std::mutex settling_;
    mutable std::mutex mutex_;
    std::condition_variable ended_;
    std::optional<Run> running_;
    bool on_trail_ = false;  ///< whether that has a row there: once it applies something, or may
    std::deque<Run> looks_;
    std::vector<Run> untold_;  ///< ended, but the trail could not be told
    std::jthread thread_;
};

}  // namespace steno::repricing
