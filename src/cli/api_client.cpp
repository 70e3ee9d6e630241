#include "cli/api_client.hpp"

#include "base/log.hpp"
#include "cli/composition.hpp"
#include "cli/lean_api.hpp"
#include "cli/server_file.hpp"
#include "net/download.hpp"
#include "net/http_client.hpp"
#include "net/loops.hpp"
#include "providers/sse.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <limits>
#include <optional>
#include <utility>

namespace steno::cli {

namespace {

/// As its problem document names it, so that a command ends the same on a server and on a folder; of an
/// answer without one, by its status.
Code code_of(int status, std::string_view name) {
    for (auto code = Code{}; code <= Code::Internal; code = static_cast<Code>(static_cast<int>(code) + 1))
        if (facts_of(code).name == name) return code;
    return status == 404                    ? Code::NotFound
           : status == 401                  ? Code::Unauthenticated
           : status == 403                  ? Code::PermissionDenied
           : status == 409 || status == 412 ? Code::FailedPrecondition
           : status == 504                  ? Code::DeadlineExceeded
           : status < 500                   ? Code::InvalidArgument
           : status == 503                  ? Code::Unavailable
                                            : Code::Internal;
}

/// An answer that is none: a problem document where there is one.
Error error_of(int status, std::string_view body) {
    simdjson::dom::parser parser;
    simdjson::dom::element problem;
    std::string_view detail;
    std::string_view remedy;
    if (parser.parse(body.data(), body.size()).get(problem) != simdjson::SUCCESS ||
        problem["detail"].get(detail) != simdjson::SUCCESS) {
        return {code_of(status, {}), fmt::format("the server answered with status {}", status)};
    }
    std::string_view code;
    if (problem["code"].get(code) != simdjson::SUCCESS) code = {};
    if (problem["remedy"].get(remedy) != simdjson::SUCCESS) remedy = {};
    return {code_of(status, code), std::string(detail), std::string(remedy)};
}

constexpr std::size_t kMaxAnswer = 256u << 20;  ///< bytes of one that is kept whole

net::Task<Result<net::SimpleResponse>> whole_answer(net::HttpClient& client, const net::BaseUrl& to,
                                                    const net::RequestHead& head, std::string_view body) {
    auto sent = co_await client.send(to, head, body, {});
    if (!sent) co_return std::unexpected(std::move(sent).error().error);
    net::SimpleResponse answer{.head = (*sent)->head(), .body = {}};
    for (;;) {
        STENO_CO_ASSIGN(const std::string_view piece, co_await (*sent)->read_some());
        if (piece.empty()) co_return answer;
        if (answer.body.size() + piece.size() > kMaxAnswer)
            co_return fail(Code::ResourceExhausted, "the answer is too large");
        answer.body.append(piece);
    }
}

/// As net::fetch, but given up when it is `enough`.
Result<net::SimpleResponse> fetch_until(const net::BaseUrl& to, const net::RequestHead& head,
                                        std::string_view body, const std::function<bool()>& enough) {
    constexpr std::chrono::milliseconds kLook{20};
    std::optional<Result<net::SimpleResponse>> outcome;
    net::Loops loops(1, 0);
    net::HttpClient client(loops, {});
    loops.start();
    auto done = std::make_shared<std::promise<void>>();
    const std::future<void> ended = done->get_future();
    loops.spawn([&, done = std::move(done)]() -> net::Task<void> {
        outcome.emplace(co_await whole_answer(client, to, head, body));
        done->set_value();
    });
    bool given_up = enough();
    while (!given_up && ended.wait_for(kLook) != std::future_status::ready) given_up = enough();
    loops.stop();
    if (given_up || !outcome) return fail(Code::DeadlineExceeded, "its answer was not waited for");
    return *std::move(outcome);
}

class RemoteApi final : public Api {
  public:
    RemoteApi(net::BaseUrl url, std::string key, std::function<bool()> enough = {})
        : url_(std::move(url)), key_(std::move(key)), enough_(std::move(enough)) {}

    Result<std::string> get(const std::string& target) override { return ask("GET", target, {}); }
    Result<std::string> post(const std::string& target, std::string_view body) override {
        return ask("POST", target, body);
    }
    Result<std::string> put(const std::string& target, std::string_view body) override {
        return ask("PUT", target, body);
    }
    Result<std::string> patch(const std::string& target, std::string_view body) override {
        return ask("PATCH", target, body);
    }
    Result<std::string> remove(const std::string& target) override { return ask("DELETE", target, {}); }
    Result<void> watch(const std::string& target,
                       const std::function<bool(std::string_view, std::string_view)>& event) override {
        net::ClientDeadlines deadlines;
        deadlines.idle = std::chrono::seconds(60);  // the server pings every 15 s
        std::string error_body;
        bool going_on = true;
        providers::SseParser parser;
        auto head = net::fetch_stream(
            url_, request("GET", target), {},
            [&](std::string_view piece) {
                if (error_body.size() < 4096) error_body += piece;
                parser.feed(piece, [&](const providers::SseEvent& e) {
                    if (going_on) going_on = event(e.name, e.data);
                });
                return going_on;
            },
            deadlines);
        if (!head) return std::unexpected(std::move(head).error());
        if (head->status != 200) return std::unexpected(error_of(head->status, error_body));
        return {};
    }
    Result<void> stream(const std::string& target,
                        const std::function<Result<void>(std::string_view)>& piece) {
        net::ClientDeadlines deadlines;
        deadlines.idle = std::chrono::seconds(120);
        Result<void> taken;
        int status = 0;
        std::string problem;
        const auto done = net::download(
            url_, request("GET", target), [&](const net::ResponseHead& head) { status = head.status; },
            [&](std::string_view bytes) {
                if (status == 200)
                    taken = piece(bytes);
                else if (problem.size() < (64u << 10))
                    problem += bytes;
                return taken.has_value();
            },
            deadlines);
        if (!taken) return taken;
        if (!done)
            return std::unexpected(Error(done.error()).with_context("the answer of " + url_.to_string()));
        if (status != 200) return std::unexpected(error_of(status, problem));
        return {};
    }
    bool has_server() const override { return true; }
    std::string where() const override { return url_.to_string(); }

  private:
    net::RequestHead request(std::string_view method, const std::string& target) const {
        net::RequestHead head;
        head.method = method;
        head.target = url_.path + target;
        head.headers.add("Accept", "application/json");
        if (!key_.empty()) head.headers.add("Authorization", "Bearer " + key_);
        return head;
    }
    Result<std::string> ask(std::string_view method, const std::string& target, std::string_view body) {
        net::RequestHead head = request(method, target);
        if (!body.empty()) head.headers.add("Content-Type", "application/json");
        auto answer = enough_ ? fetch_until(url_, head, body, enough_) : net::fetch(url_, head, body);
        if (!answer)
            return std::unexpected(std::move(answer).error().with_context("asking " + url_.to_string()));
        if (answer->head.status / 100 != 2)
            return std::unexpected(error_of(answer->head.status, answer->body));
        return std::move(answer->body);
    }

    net::BaseUrl url_;
    std::string key_;
    std::function<bool()> enough_;
};

class LocalApi final : public Api {
  public:
    explicit LocalApi(std::unique_ptr<Composition> parts)
        : parts_(std::move(parts)), services_(parts_->services("")) {}

    Result<std::string> get(const std::string& target) override { return ask("GET", target, {}); }
    Result<std::string> post(const std::string& target, std::string_view body) override {
        return ask("POST", target, std::string(body));
    }
    Result<std::string> put(const std::string& target, std::string_view body) override {
        return ask("PUT", target, std::string(body));
    }
    Result<std::string> patch(const std::string& target, std::string_view body) override {
        return ask("PATCH", target, std::string(body));
    }
    Result<std::string> remove(const std::string& target) override { return ask("DELETE", target, {}); }
    Result<void> watch(const std::string&,
                       const std::function<bool(std::string_view, std::string_view)>&) override {
        return fail(Code::FailedPrecondition, "no server runs on " + where() + ", so nothing new can come",
                    "steno serve --data " + where());
    }
    ingest::DataFolder* data() {
        services_.data.calls().catch_up();
        return &services_.data;
    }
    bool has_server() const override { return false; }
    std::string where() const override { return parts_->data().path(); }

  private:
    Result<std::string> ask(std::string_view method, const std::string& target, std::string body) {
        net::RequestHead head;
        head.method = method;
        head.target = target;
        server::Match found = server::match(head.method, head.path());
        if (found.route == nullptr) return fail(Code::NotFound, "there is no " + target);
        const server::ApiRequest request{head, std::move(found.captures), net::parse_query(head.query()),
                                         std::move(body)};
        STENO_ASSIGN(server::ApiAnswer answer, found.route->handler(services_, request));
        if (answer.true_once_durable)
            STENO_TRY(services_.data.journal().wait_durable(*answer.true_once_durable));
        if (answer.status / 100 != 2) return std::unexpected(error_of(answer.status, answer.body));
        return std::move(answer.body);
    }

    std::unique_ptr<Composition> parts_;
    server::Services services_;
};

Result<std::unique_ptr<Api>> remote(std::string_view url_text, const std::string& api_key_file,
                                    std::function<bool()> enough = {}) {
    const auto url = net::BaseUrl::parse_server(url_text);
    if (!url) {
        return fail(Code::InvalidArgument, "that is no URL of a server",
                    "such as http://127.0.0.1:8787 or unix:/run/steno.sock");
    }
    STENO_ASSIGN(const auto keys, read_api_keys(api_key_file));
    return std::make_unique<RemoteApi>(*url, keys.empty() ? "" : keys.front(), std::move(enough));
}

Result<std::unique_ptr<Api>> open_api(const Program& program, const RecordFlags& flags,
                                      std::int64_t most_store_memory_mb) {
    STENO_TRY(one_place(flags));
    if (!flags.server.empty()) return remote(flags.server, flags.api_key_file);
    STENO_ASSIGN(Config config, program.config(flags.data));
    config.store_memory_mb = std::min(config.store_memory_mb, most_store_memory_mb);
    log::configure(std::max(config.log_level, log::Level::Warning), config.log_json);
    if (!io::posix_file_system().exists(config.data_dir + "/journal")) {
        return fail(Code::NotFound, "there is no record in " + config.data_dir,
                    "name its folder with --data DIR, or a server with --server URL");
    }
    if (::access(config.data_dir.c_str(), W_OK) != 0 && errno == EROFS) {
        return fail(Code::FailedPrecondition,
                    config.data_dir +
                        " is on a file system that can only be read; looking into a record "
                        "brings its store up to date, which writes",
                    "copy the folder to where it can be written; steno verify works on it as it is");
    }
    auto parts = Composition::open(config, Composition::Use::Look);
    if (parts) return std::make_unique<LocalApi>(std::move(*parts));
    if (parts.error().code != Code::FailedPrecondition) return std::unexpected(std::move(parts).error());
    STENO_ASSIGN(const ServerNote server, server_of(config.data_dir));
    return remote(server.url, flags.api_key_file.empty() ? config.api_key_file : flags.api_key_file);
}

}  // namespace

void add_record_flags(CLI::App& command, RecordFlags& flags) {
    command.add_option("--server", flags.server, "URL of a running server");
    command.add_option("--data", flags.data,
                       "a data folder (default steno-data); its server is asked if one runs");
    command.add_option("--api-key-file", flags.api_key_file, "file with the server's key, if it wants one");
}

Result<void> one_place(const RecordFlags& flags) {
    if (flags.server.empty() || flags.data.empty()) return {};
    return fail(Code::InvalidArgument, "--server and --data each say where the record is",
                "one of them: --server URL asks a server, --data DIR looks into a folder");
}

Result<std::unique_ptr<Api>> Api::open(const Program& program, const RecordFlags& flags) {
    return open_api(program, flags, std::numeric_limits<std::int64_t>::max());
}

Result<std::unique_ptr<Api>> open_lean(const Program& program, const RecordFlags& flags) {
    constexpr std::int64_t kEnough = 192;
    return open_api(program, flags, kEnough);
}

Result<void> stream(Api& api, const std::string& target,
                    const std::function<Result<void>(std::string_view)>& piece) {
    auto* const remote_api = dynamic_cast<RemoteApi*>(&api);
    if (remote_api == nullptr) return fail(Code::Unimplemented, "no server runs on " + api.where());
    return remote_api->stream(target, piece);
}

ingest::DataFolder* data_of(Api& api) {
    auto* const local = dynamic_cast<LocalApi*>(&api);
    return local == nullptr ? nullptr : local->data();
}

store::CallStore* store_of(Api& api) {
    ingest::DataFolder* const data = data_of(api);
    return data == nullptr ? nullptr : &data->store();
}

Result<std::unique_ptr<Api>> Api::open_until(const RecordFlags& flags, std::function<bool()> enough) {
    return remote(flags.server, flags.api_key_file, std::move(enough));
}

}  // namespace steno::cli
