#include "sql/runner.hpp"

#include "base/cancellation.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "sql/channel.hpp"
#include "sql/texts.hpp"
#include "store/duckdb/batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <memory>
#include <optional>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace steno::sql {

namespace {

/// The process that runs one query. Killed when it is destroyed.
class Worker {
  public:
    static Result<Worker> start() {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return not_started(errno);
        Worker worker;
        worker.socket_ = ends[0];
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
        posix_spawnattr_t attributes;
        posix_spawnattr_init(&attributes);
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setpgroup(&attributes, 0);  // a Ctrl+C is for us, who end it
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
        std::string name = "steno";
        std::string command = kWorkerCommand;
        char* const arguments[] = {name.data(), command.data(), nullptr};
        char* const environment[] = {nullptr};  // it has no business with ours
        const int error =
            ::posix_spawn(&worker.pid_, "/proc/self/exe", &actions, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        if (error != 0) {
            worker.pid_ = -1;
            return not_started(error);
        }
        return worker;
    }
    Worker(Worker&& other) noexcept
        : pid_(std::exchange(other.pid_, -1)), socket_(std::exchange(other.socket_, -1)) {}
    Worker& operator=(Worker&&) = delete;
    ~Worker() {
        if (socket_ >= 0) ::close(socket_);
        if (pid_ < 0) return;
        (void)::kill(-pid_, SIGKILL);  // its group, which is its own
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    int take_socket() { return std::exchange(socket_, -1); }

  private:
    Worker() = default;
    static std::unexpected<Error> not_started(int error) {
        return fail(Code::Unavailable,
                    fmt::format("the process for SQL cannot be started: {}", std::strerror(error)));
    }

    pid_t pid_ = -1;
    int socket_ = -1;
};

std::string new_secret() {
    std::array<std::uint8_t, 32> bytes{};
    system_random().fill(bytes);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What the worker is told while it works.
class Run {
  public:
    Run(store::ViewScanner& scanner, ingest::CallReader& calls, const Limits& limits, const Reader& reader,
        const std::function<Result<void>()>& wanted, Channel& channel)
        : scanner_(scanner),
          calls_(calls),
          limits_(limits),
          reader_(reader),
          still_wanted_(wanted),
          channel_(channel) {}

    Result<Answer> answer(const std::string& query, std::uint64_t max_rows) {
        STENO_ASSIGN(const auto views, scanner_.views());
        views_ = views;
        STENO_TRY(channel_.send(
            Say::Ask, encode(Question{query, max_rows, limits_.memory_bytes, {views.begin(), views.end()}})));
        for (;;) {
            auto message = channel_.receive();
            if (!message && message.error().code == Code::Unavailable)
                // It has no reason of its own to end: the kernel or the engine had one.
                return fail(Code::ResourceExhausted,
                            "the process that ran the query was ended by the system, or failed",
                            "most likely the query needs more memory than it may have: ask for less, or "
                            "raise the setting sql.memory_mb");
            if (!message) return std::unexpected(std::move(message).error());
            switch (message->what) {
                case Say::Open:
                    STENO_TRY(open(message->body));
                    break;
                case Say::Next:
                    STENO_TRY(next(message->body));
                    break;
                case Say::Close:
                    if (const auto number = number_in(message->body)) scans_.erase(*number);
                    break;
                case Say::Columns: {
                    STENO_ASSIGN(answer_.columns, decode_columns(message->body));
                    types_.clear();
                    for (const AnswerColumn& column : answer_.columns) types_.push_back(column.type);
                    STENO_TRY(reader_.columns(answer_.columns));
                    break;
                }
                case Say::Rows: {
                    STENO_ASSIGN(const bool more, rows(message->body));
                    if (more) break;
                    answer_.truncated = true;
                    return answer_;
                }
                case Say::Done:
                    answer_.truncated = !message->body.empty();
                    return answer_;
                case Say::Problem:
                    return std::unexpected(decode_problem(message->body));
                default:
                    return fail(Code::Internal, "the process that ran the query said what is not for us");
            }
        }
    }

  private:
    static constexpr std::size_t kScansAtOnce = 4;

    static std::optional<std::uint32_t> number_in(std::string_view body) {
        std::uint32_t number = 0;
        if (body.size() != sizeof number) return std::nullopt;
        std::memcpy(&number, body.data(), sizeof number);
        return number;
    }

    /// Scans are not begun before their first rows are asked for.
    Result<void> open(std::string_view body) {
        STENO_ASSIGN(ScanWanted wanted, decode_scan(body, views_));
        wanted_.emplace(opened_++, std::move(wanted));
        if (wanted_.size() > 10'000)
            return fail(Code::ResourceExhausted, "the query reads its tables too often");
        return {};
    }

    Result<void> next(std::string_view body) {
        auto batch = next_batch(body);
        if (!batch) return channel_.send(Say::Problem, encode(batch.error()));
        return channel_.send(Say::Batch, *batch);
    }

    Result<std::string> next_batch(std::string_view body) {
        const auto number = number_in(body);
        if (!number) return fail(Code::Internal, "no scan has that number");
        if (const auto begun = wanted_.find(*number); begun != wanted_.end()) {
            if (scans_.size() == kScansAtOnce)
                return fail(
                    Code::ResourceExhausted,
                    fmt::format("the query reads its tables more than {} times at once", kScansAtOnce),
                    "join fewer, or read a table once, in WITH … AS MATERIALIZED");
            const ScanWanted wanted = std::move(begun->second);
            wanted_.erase(begun);
            store::ViewQuery query{wanted.view, wanted.columns, wanted.conditions, {}, still_wanted_};
            query.texts = wanted.by_reference ? references() : texts();
            STENO_ASSIGN(auto scan, scanner_.scan_view(std::move(query)));
            scans_.emplace(*number, std::move(scan));
        }
        const auto scan = scans_.find(*number);
        if (scan == scans_.end()) return fail(Code::Internal, "no scan has that number");
        STENO_ASSIGN(std::string batch, scan->second->next());
        if (batch.empty()) scans_.erase(scan);
        return batch;
    }

    store::TextSource references() {
        return [this](const store::Row& positions, std::span<const store::ViewText> wanted)
                   -> Result<std::vector<std::optional<std::string>>> {
            std::vector<std::optional<std::string>> out;
            for (const store::ViewText text : wanted) out.emplace_back(reference(secret_, positions, text));
            return out;
        };
    }

    store::TextSource texts() {
        return [this](const store::Row& positions, std::span<const store::ViewText> wanted)
                   -> Result<std::vector<std::optional<std::string>>> {
            STENO_TRY(still_wanted_());
            if (++searched_ > limits_.searched_texts)
                return fail(
                    Code::ResourceExhausted,
                    fmt::format("the query looks into the texts of more than {} calls",
                                limits_.searched_texts),
                    "say which calls by other columns (timestamp, request_id, session_id, agent, model), or "
                    "select the texts without computing with them: these are read for the answer's rows "
                    "only");
            return read_texts(calls_, positions, wanted);
        };
    }

    /// False: the reader has enough.
    Result<bool> rows(std::string_view body) {
        STENO_ASSIGN(const auto batch, store::duckdb::BatchReader::of(body, types_));
        std::vector<FieldValue> cells(types_.size());
        std::vector<std::optional<std::string>> texts;  // of the row, which its cells borrow
        for (std::size_t row = 0; row < batch.rows(); ++row) {
            STENO_TRY(still_wanted_());
            for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = batch.cell(i, row);
            resolve(cells, texts);
            STENO_ASSIGN(const bool more, reader_.row(cells));
            if (!more) return false;
            ++answer_.rows;
        }
        return true;
    }

    /// Puts the texts of the journal in the place of what refers to them. Those of one row are of one call; a
    /// text that stands there more than once is there once.
    void resolve(std::vector<FieldValue>& cells, std::vector<std::optional<std::string>>& texts) {
        std::vector<store::ViewText> wanted;
        std::vector<std::pair<std::size_t, std::size_t>> places;  // of a cell, of its text
        std::optional<store::Row> positions;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const auto* text = std::get_if<std::string_view>(&cells[i]);
            if (text == nullptr) continue;
            auto refers = parse_reference(secret_, *text);
            if (!refers) continue;
            positions = std::move(refers->positions);
            const auto known = std::ranges::find(wanted, refers->text);
            places.emplace_back(i, known - wanted.begin());
            if (known == wanted.end()) wanted.push_back(refers->text);
        }
        texts.clear();
        if (!positions) return;
        texts = read_texts(calls_, *positions, wanted);
        for (const auto& [cell, text] : places)
            cells[cell] = texts[text] ? FieldValue(std::string_view(*texts[text])) : FieldValue();
    }

    store::ViewScanner& scanner_;
    ingest::CallReader& calls_;
    const Limits& limits_;
    const Reader& reader_;
    const std::function<Result<void>()>& still_wanted_;
    Channel& channel_;
    const std::string secret_ = new_secret();
    std::span<const store::View> views_;
    std::uint32_t opened_ = 0;
    std::map<std::uint32_t, ScanWanted> wanted_;
    std::map<std::uint32_t, std::unique_ptr<store::ViewScan>> scans_;
    std::uint64_t searched_ = 0;
    std::vector<FieldType> types_;
    Answer answer_;
};

}  // namespace

Result<Answer> run_query(store::CallStore& store, ingest::CallReader& calls, const Limits& limits,
                         const std::string& query, std::uint64_t max_rows, const Reader& reader) {
    STENO_ASSIGN(store::ViewScanner* const scanner, store::view_scanner_of(store));
    const std::int64_t deadline =
        system_clock().steady_nanos() + std::chrono::nanoseconds(limits.timeout).count();
    STENO_ASSIGN(Worker worker, Worker::start());
    const std::function<Result<void>()> wanted = [&]() -> Result<void> {
        if (Cancellation::asked()) return fail(Code::Cancelled, "nobody waits for this query any more");
        if (system_clock().steady_nanos() >= deadline)
            return fail(Code::DeadlineExceeded,
                        fmt::format("the query took longer than {} s and was stopped",
                                    std::chrono::duration<double>(limits.timeout).count()),
                        "ask for a shorter time or fewer columns, or raise the setting sql.timeout_ms");
        return {};
    };
    Channel channel(worker.take_socket(), wanted, kMostToServer);
    Run run(*scanner, calls, limits, reader, wanted, channel);
    return run.answer(query, max_rows);
}

}  // namespace steno::sql
