#pragma once

#include "cli/command.hpp"
#include "server/api.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace steno::cli {

/// Where a command finds the record: a running server, or a data folder that no server has.
struct RecordFlags {
    std::string server;  ///< URL
    std::string data;
    std::string api_key_file;
};

void add_record_flags(CLI::App& command, RecordFlags& flags);
/// InvalidArgument: both a server and a folder are named. Said by everything that opens an Api.
Result<void> one_place(const RecordFlags& flags);

/// The API, asked over HTTP or, on a folder of its own, in this process: the same handlers give the same
/// answers.
class Api {
  public:
    virtual ~Api() = default;

    /// --server URL; else the folder (--data, or the configured one): in this process when nobody has it, at
    /// the server named in its server.json when a server has. NotFound when there is no such folder.
    static Result<std::unique_ptr<Api>> open(const Program& program, const RecordFlags& flags);
    /// A server, of which `get` waits for the answer as long as `enough` says no, which is asked every now
    /// and then on the caller's thread. Afterwards this and all further questions are DeadlineExceeded.
    static Result<std::unique_ptr<Api>> open_until(const RecordFlags& flags, std::function<bool()> enough);

    /// `target`: "/api/v1/calls?limit=5". The body of a 2xx answer; a problem becomes its Error.
    virtual Result<std::string> get(const std::string& target) = 0;
    virtual Result<std::string> post(const std::string& target, std::string_view body) = 0;
    virtual Result<std::string> put(const std::string& target, std::string_view body) = 0;
    virtual Result<std::string> patch(const std::string& target, std::string_view body) = 0;
    virtual Result<std::string> remove(const std::string& target) = 0;
    /// The live tail: calls `event(name, data)` until that returns false. Unimplemented without a server.
    virtual Result<void> watch(
        const std::string& target,
        const std::function<bool(std::string_view name, std::string_view data)>& event) = 0;
    /// False: this process answers by itself.
    [[nodiscard]] virtual bool has_server() const = 0;
    /// "http://127.0.0.1:8787" or the folder, for messages.
    [[nodiscard]] virtual std::string where() const = 0;
};

}  // namespace steno::cli
