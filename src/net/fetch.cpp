#include "net/download.hpp"
#include "net/http_client.hpp"

#include <optional>

namespace steno::net {
namespace {

struct Transfer {
    const BaseUrl& to;
    const RequestHead& head;
    std::string_view body;
    const ClientDeadlines deadlines;
    const std::function<void(const ResponseHead&)>& answered;
    const std::function<bool(std::string_view)>& piece;
    HttpClient& client;
};

Task<Result<ResponseHead>> transfer(const Transfer& job) {
    auto sent = co_await job.client.send(job.to, job.head, job.body, job.deadlines);
    if (!sent) co_return std::unexpected(std::move(sent).error().error);
    ClientExchange& exchange = **sent;
    if (job.answered) job.answered(exchange.head());
    for (;;) {
        STENO_CO_ASSIGN(const std::string_view bytes, co_await exchange.read_some());
        if (bytes.empty() || !job.piece(bytes)) break;
    }
    co_return exchange.head();
}

}  // namespace

namespace {

Result<ResponseHead> run(const BaseUrl& to, const RequestHead& head, std::string_view body,
                         const std::function<void(const ResponseHead&)>& answered,
                         const std::function<bool(std::string_view)>& piece, ClientDeadlines deadlines) {
    Loops loops(1, 0);
    HttpClient client(loops, {});
    loops.start();
    const Transfer job{to, head, body, deadlines, answered, piece, client};
    std::optional<Result<ResponseHead>> outcome;
    loops.run([&]() -> Task<void> { outcome.emplace(co_await transfer(job)); });
    loops.stop();
    if (!outcome) return fail(Code::Internal, "the request ended by an exception; see the log");
    return *std::move(outcome);
}

}  // namespace

Result<ResponseHead> fetch_stream(const BaseUrl& to, const RequestHead& head, std::string_view body,
                                  const std::function<bool(std::string_view)>& piece,
                                  ClientDeadlines deadlines) {
    return run(to, head, body, {}, piece, deadlines);
}

Result<void> download(const BaseUrl& from, const RequestHead& head,
                      const std::function<void(const ResponseHead&)>& answered,
                      const std::function<bool(std::string_view)>& piece, ClientDeadlines deadlines) {
    STENO_TRY(run(from, head, {}, answered, piece, deadlines));
    return {};
}

Result<SimpleResponse> fetch(const BaseUrl& to, const RequestHead& head, std::string_view body,
                             ClientDeadlines deadlines, std::uint64_t max_body) {
    SimpleResponse response;
    bool too_large = false;
    auto keep = [&](std::string_view piece) {
        too_large = response.body.size() + piece.size() > max_body;
        if (!too_large) response.body.append(piece);
        return !too_large;
    };
    STENO_ASSIGN(response.head, fetch_stream(to, head, body, keep, deadlines));
    if (too_large)
        return fail(Code::ResourceExhausted,
                    "the answer is larger than " + std::to_string(max_body) + " bytes");
    return response;
}

}  // namespace steno::net
