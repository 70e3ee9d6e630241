#pragma once

#include "ingest/data_folder.hpp"
#include "store/memory/memory_store.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

/// What the tests of ingest and of those above it share.
namespace steno::ingest {

/// A store that outlives the folder, and that can be told to fail.
class SharedStore {
  public:
    StoreFactory factory() {
        return [this](const std::string&) -> Result<std::unique_ptr<store::CallStore>> {
            if (open_error) return std::unexpected(*std::exchange(open_error, std::nullopt));
            if (!store || fresh) store = store::make_memory_store();
            fresh = false;
            return std::make_unique<Borrowed>(*this);
        };
    }

    std::unique_ptr<store::CallStore> store;
    bool fresh = false;
    std::optional<Error> open_error;
    std::atomic<int> failing_applies{0};
    std::function<void()> before_apply;  ///< set it while nothing is fed

  private:
    class Borrowed final : public store::CallStore {
      public:
        explicit Borrowed(SharedStore& shared) : shared_(shared) {}
        void follow(store::Follower& follower) override { shared_.store->follow(follower); }
        Result<void> apply(std::span<const store::Change> changes,
                           std::span<const store::Watermark> marks) override {
            if (shared_.failing_applies > 0) {
                --shared_.failing_applies;
                return fail(Code::Unavailable, "the store is out");
            }
            if (shared_.before_apply) shared_.before_apply();
            return shared_.store->apply(changes, marks);
        }
        Result<std::vector<store::Watermark>> watermarks() override { return shared_.store->watermarks(); }
        Result<store::Page> find(const store::CallQuery& query) override {
            return shared_.store->find(query);
        }
        Result<std::vector<store::CallPositions>> positions(const store::CallQuery& query) override {
            return shared_.store->positions(query);
        }
        Result<void> forget(std::span<const store::Position> until) override {
            return shared_.store->forget(until);
        }
        Result<void> forget_payloads(std::span<const store::LostPayloads> lost) override {
            return shared_.store->forget_payloads(lost);
        }
        Result<std::optional<store::Row>> get(const Uuid& id,
                                              std::optional<std::string_view> project) override {
            return shared_.store->get(id, project);
        }
        Result<store::AggregateTable> aggregate(const store::AggregateQuery& query) override {
            return shared_.store->aggregate(query);
        }
        Result<std::uint64_t> count(const store::Selection& selection) override {
            return shared_.store->count(selection);
        }
        Result<std::unique_ptr<store::CallQueries>> snapshot(unsigned at_once) override {
            return shared_.store->snapshot(at_once);
        }
        Result<store::StoreStats> stats() override { return shared_.store->stats(); }
        Result<void> checkpoint() override { return {}; }

      private:
        SharedStore& shared_;
    };
};

}  // namespace steno::ingest
