#pragma once

#include "base/error.hpp"
#include "store/duckdb/connection.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace steno::store::duckdb {

/// The connections that reads take turns on. Any thread.
class Readers {
  public:
    /// `patience`: how long a read waits for its turn.
    Readers(std::vector<Connection> connections, std::chrono::milliseconds patience)
        : count_(connections.size()), idle_(std::move(connections)), patience_(patience) {}

    /// Some connections, until it goes. The readers must outlive it.
    class Turn {
      public:
        Turn(Readers& readers, std::vector<Connection> connections)
            : readers_(readers), connections_(std::move(connections)) {}
        Turn(Turn&& other) = default;
        ~Turn();
        /// The first of them; most turns have one.
        Connection* operator->() { return &connections_.front(); }
        Connection& operator*() { return connections_.front(); }
        std::vector<Connection>& all() { return connections_; }

      private:
        Readers& readers_;
        std::vector<Connection> connections_;
    };

    /// All that are asked for, or none: who had some and waited for others would stand in the way of who
    /// does the same. First come, first served. ResourceExhausted: they were not free in time; Cancelled.
    Result<Turn> take(std::size_t connections = 1) { return take(connections, patience_); }
    /// All there are: nobody else reads until it goes. Meanwhile others wait in line.
    Result<Turn> take_all(std::chrono::milliseconds patience) { return take(count_, patience); }

  private:
    Result<Turn> take(std::size_t connections, std::chrono::milliseconds patience);

    const std::size_t count_;
    std::timed_mutex line_;  ///< whoever has it is next
    std::mutex mutex_;
    std::condition_variable freed_;
    std::vector<Connection> idle_;
    const std::chrono::milliseconds patience_;
};

}  // namespace steno::store::duckdb
