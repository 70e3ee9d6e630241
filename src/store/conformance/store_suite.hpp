#pragma once

#include "store/call_store.hpp"
#include "store/number_scan.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

/// What every backend must do, as tests: a backend's test file instantiates StoreSuite with itself, and links
/// store_suite_cases.cpp, store_suite_queries.cpp, store_suite_aggregates.cpp and
/// store_suite_snapshots.cpp.
namespace steno::store::conformance {

struct Backend {
    std::string name;
    /// Opens the store in this folder, which may hold what an earlier one left there.
    std::function<Result<std::unique_ptr<CallStore>>(const std::string& folder)> open;
    bool durable = true;  ///< what was applied is there when it is opened again
};

inline std::string name_of(const ::testing::TestParamInfo<Backend>& backend) {
    return backend.param.name;
}

class StoreSuite : public ::testing::TestWithParam<Backend> {
  protected:
    void SetUp() override;
    void TearDown() override;

    CallStore& store() { return *store_; }
    void reopen();
    /// Applies and expects success.
    void apply(const std::vector<Change>& changes, const std::vector<Watermark>& watermarks = {});
    void apply(const std::vector<Call>& calls);
    /// All rows, oldest first, page by page.
    static std::vector<Row> all_rows(CallQueries& calls);

    std::filesystem::path folder_;
    std::unique_ptr<CallStore> store_;
};

/// A position in some stream.
Position at(std::uint64_t sequence);
Change upsert(const Call& call, std::uint64_t sequence, bool may_exist = false);
/// Calls as programs make them: few models, users and tags, small numbers, some fields absent.
std::vector<Call> plausible_calls(std::size_t count, std::uint64_t seed);
/// The same calls in plain memory.
std::unique_ptr<CallStore> oracle_of(const std::vector<Call>& calls);
/// One that fits some plausible calls.
Selection random_selection(std::mt19937_64& random);
/// One that groups, buckets and measures them somehow.
AggregateQuery random_aggregate(std::mt19937_64& random);
/// Sums of floating-point numbers may differ in the last digit.
void expect_same(const AggregateTable& got, const AggregateTable& wanted, const std::string& what);
/// Numbers and texts of calls that a backend gives, in an order of their own.
using NumberRow = std::pair<std::vector<double>, std::vector<std::string>>;
std::vector<NumberRow> numbers_of(CallQueries& calls, const NumberQuery& query);
Field field(std::string_view path);

template <class T>
T value(Result<T> result) {
    if (!result) {
        ADD_FAILURE() << result.error().message << " (" << result.error().remedy << ")";
        return T{};
    }
    return std::move(*result);
}

}  // namespace steno::store::conformance
