#pragma once

#include "store/call_scan.hpp"
#include "store/call_store.hpp"
#include "store/number_scan.hpp"
#include "store/view_scan.hpp"

#include <atomic>
#include <memory>

namespace steno::store {

/// Stands in for a store while that is being opened, which takes as long as its engine reads back the log
/// that a killed process has left. Until then every function gives Unavailable at once and says why; who
/// wants to wait waits elsewhere (ingest::Feeder::catch_up). From then on it passes everything on, for one
/// load of a pointer more.
class OpeningStore final : public CallStore, public CallScanner, public NumberScanner, public ViewScanner {
  public:
    /// Once. Whoever is told of it by anything else finds the store open.
    void opened(std::unique_ptr<CallStore> store);

    /// Before `opened`.
    void follow(Follower& follower) override { follower_ = &follower; }
    Result<void> apply(std::span<const Change> changes, std::span<const Watermark> watermarks) override;
    Result<void> forget(std::span<const Position> until) override;
    Result<void> forget_payloads(std::span<const LostPayloads> lost) override;
    Result<std::vector<Watermark>> watermarks() override;
    Result<Page> find(const CallQuery& query) override;
    Result<std::vector<CallPositions>> positions(const CallQuery& query) override;
    Result<std::optional<Row>> get(const Uuid& id, std::optional<std::string_view> project) override;
    Result<AggregateTable> aggregate(const AggregateQuery& query) override;
    Result<std::uint64_t> count(const Selection& selection) override;
    Result<std::unique_ptr<CallScan>> scan(const Selection& selection,
                                           std::span<const std::size_t> fields) override;
    Result<void> scan_numbers(const NumberQuery& query, const NumberSink& take) override;
    Result<std::span<const View>> views() override;
    Result<std::unique_ptr<ViewScan>> scan_view(ViewQuery query) override;
    Result<std::unique_ptr<CallQueries>> snapshot(unsigned at_once) override;
    Result<StoreStats> stats() override;
    Result<void> checkpoint() override;

  private:
    Result<CallStore*> store() const;

    Follower* follower_ = nullptr;
    std::unique_ptr<CallStore> owned_;
    std::atomic<CallStore*> open_{nullptr};  ///< owned_, once that stands
};

}  // namespace steno::store
