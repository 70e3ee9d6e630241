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
    /// ends the waiting.
    Channel(int socket, std::function<Result<void>()> wanted);
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel();

    Result<void> send(Say what, std::string_view body);
    /// Unavailable: the other side has gone. ResourceExhausted: a message of more than kMost bytes.
    Result<Message> receive();
    static constexpr std::uint32_t kMost = 256u << 20;

  private:
    Result<void> wait(short events);
    Result<void> read(char* to, std::size_t size);

    int socket_;
    std::function<Result<void>()> wanted_;
};

/// An Error as the body of a Problem, and back.
std::string encode(const Error& error);
Error decode_problem(std::string_view body);

}  // namespace steno::sql
