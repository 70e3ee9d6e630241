#include "store/opening_store.hpp"

#include <utility>

namespace steno::store {

void OpeningStore::opened(std::unique_ptr<CallStore> store) {
    owned_ = std::move(store);
    if (follower_ != nullptr) owned_->follow(*follower_);
    open_.store(owned_.get(), std::memory_order_release);
}

Result<CallStore*> OpeningStore::store() const {
    if (CallStore* const store = open_.load(std::memory_order_acquire)) return store;
    return fail(Code::Unavailable, "the store is still being opened",
                "ask again in a moment; calls are recorded meanwhile, and will be there");
}

Result<void> OpeningStore::apply(std::span<const Change> changes, std::span<const Watermark> watermarks) {
    STENO_ASSIGN(CallStore* const store, this->store());
    return store->apply(changes, watermarks);
}

Result<void> OpeningStore::forget(std::span<const Position> until) {
    STENO_ASSIGN(CallStore* const store, this->store());
    return store->forget(until);
}

Result<void> OpeningStore::forget_payloads(std::span<const LostPayloads> lost) {
    STENO_ASSIGN(CallStore* const store, this->store());
    return store->forget_payloads(lost);
}

Result<std::vector<Watermark>> OpeningStore::watermarks() {
    STENO_ASSIGN(CallStore* const store, this->store());
    return store->watermarks();
}

Result<Page> OpeningStore::find(const CallQuery& query) {
    STENO_ASSIGN(CallStore* const store, this->store());
    return store->find(query);
}

Result<std::vector<CallPositions>> OpeningStore::positions(const CallQuery& query) {
    STENO_ASSIGN(CallStore* const store, this->store());
    return store->positions(query);
}

Result<std::optional<Row>> OpeningStore::get(const Uuid& id, std::optional<std::string_view> project) {
    STENO_ASSIGN(CallStore* const store, this->store());
    return store->get(id, project);
}

Result<AggregateTable> OpeningStore::aggregate(const AggregateQuery& query) {
    STENO_ASSIGN(CallStore* const store, this->store());
    return store->aggregate(query);
}

Result<std::uint64_t> OpeningStore::count(const Selection& selection) {
    STENO_ASSIGN(CallStore* const store, this->store());
    return store->count(selection);
}

Result<std::unique_ptr<CallScan>> OpeningStore::scan(const Selection& selection,
                                                     std::span<const std::size_t> fields) {
    STENO_ASSIGN(CallStore* const store, this->store());
    STENO_ASSIGN(CallScanner* const scanner, scanner_of(*store));
    return scanner->scan(selection, fields);
}

Result<void> OpeningStore::scan_numbers(const NumberQuery& query, const NumberSink& take) {
    STENO_ASSIGN(CallStore* const store, this->store());
    STENO_ASSIGN(NumberScanner* const scanner, number_scanner_of(*store));
    return scanner->scan_numbers(query, take);
}

Result<std::span<const View>> OpeningStore::views() {
    STENO_ASSIGN(CallStore* const store, this->store());
    STENO_ASSIGN(ViewScanner* const scanner, view_scanner_of(*store));
    return scanner->views();
}

Result<std::unique_ptr<ViewScan>> OpeningStore::scan_view(ViewQuery query) {
    STENO_ASSIGN(CallStore* const store, this->store());
    STENO_ASSIGN(ViewScanner* const scanner, view_scanner_of(*store));
    return scanner->scan_view(std::move(query));
}

Result<std::unique_ptr<CallQueries>> OpeningStore::snapshot(unsigned at_once) {
    STENO_ASSIGN(CallStore* const store, this->store());
    return store->snapshot(at_once);
}

Result<StoreStats> OpeningStore::stats() {
    STENO_ASSIGN(CallStore* const store, this->store());
    return store->stats();
}

Result<void> OpeningStore::checkpoint() {
    STENO_ASSIGN(CallStore* const store, this->store());
    return store->checkpoint();
}

}  // namespace steno::store
