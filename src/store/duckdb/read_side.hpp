#pragma once

#include "store/answer_cache.hpp"
#include "store/duckdb/duckdb_store.hpp"
#include "store/duckdb/page_reading.hpp"
#include "store/duckdb/part_reading.hpp"
#include "store/duckdb/readers.hpp"

#include <mutex>
#include <utility>
#include <vector>

namespace steno::store::duckdb {

/// What all reads of a store share, and its writer tells them. Any thread.
struct ReadSide {
    ReadSide(const DuckdbOptions& store_options, std::vector<Connection> connections)
        : options(store_options),
          readers(std::move(connections), options.patience),
          parts(answers, options.hours_in_parts, options.timeout),
          pages(answers) {}

    const DuckdbOptions options;
    Readers readers;
    AnswerCache answers;
    PartReading parts;
    PageReading pages;
    /// Held while something becomes visible, and `answers` is told of it, and while a snapshot begins: so
    /// each snapshot knows what it sees.
    std::mutex committing;
};

}  // namespace steno::store::duckdb
