#pragma once

/// The process that runs people's SQL. It is started for one query, gets the rows that it asks for over its
/// socket, and ends. It has no files and no secrets, and may be killed at any time: nothing of the record is
/// its own.
namespace steno::sql {

/// As main() of that process; `socket` is its end of the channel. Gives the exit code.
int run_worker(int socket);

}  // namespace steno::sql
