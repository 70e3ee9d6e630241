#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace steno::sql {

/// What the server and its worker say to each other. Behind each stands what its body is.
enum class Say : char {
    Ask = 'Q',      ///< to the worker: the question, JSON (question.hpp)
    Open = 'O',     ///< from it: a scan, JSON; its number is how many were opened before
    Next = 'N',     ///< from it: u32 scan; the answer is Batch or Problem
    Close = 'X',    ///< from it: u32 scan
    Batch = 'B',    ///< to it: rows (store/duckdb/batch.hpp); empty: there are no more
    Columns = 'C',  ///< from it: those of the answer, JSON
    Rows = 'R',     ///< from it: rows of the answer
    Done = 'D',     ///< from it: that was all
    Problem = 'P',  ///< either way: JSON of an Error
};

struct Message {
    Say what = Say::Done;
    std::string body;
};

/// Messages over a socket of the machine. One thread.
class Channel {
  public:
    /// Owns the socket. `wanted` is asked before each message and every 20 ms while it waits; its error
    /// ends the waiting. `most` bytes may have a message that comes.
    Channel(int socket, std::function<Result<void>()> wanted, std::uint32_t most);
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel();

    Result<void> send(Say what, std::string_view body);
    /// Unavailable: the other side has gone. ResourceExhausted: the message is too large.
    Result<Message> receive();

  private:
    Result<void> wait(short events);
    Result<void> read(char* to, std::size_t size);

    int socket_;
    std::function<Result<void>()> wanted_;
    std::uint32_t most_;
};

/// A row of the answer, before the journal's texts stand in it.
inline constexpr std::uint32_t kMostOfRow = 8u << 20;
/// The server holds a message in its own memory: some rows, or one that is large.
inline constexpr std::uint32_t kMostToServer = 2 * kMostOfRow;
/// The worker gets batches of a view's rows, which end with the first that makes them large.
inline constexpr std::uint32_t kMostToWorker = 128u << 20;

/// An Error as the body of a Problem, and back.
std::string encode(const Error& error);
Error decode_problem(std::string_view body);

}  // namespace steno::sql
