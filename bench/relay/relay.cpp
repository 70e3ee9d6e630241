// The smallest relay that src/net can be: every request goes to one upstream, whose answer comes back piece
// by piece. It shows what the net module costs by itself. relay.sh runs it beside nginx on the same upstream.

#include "net/http_client.hpp"
#include "net/http_server.hpp"

#include <csignal>
#include <cstdio>
#include <ctime>
#include <sys/resource.h>

using namespace steno;
using namespace steno::net;

namespace {

Task<void> relay(ServerExchange& client, HttpClient& upstreams, const BaseUrl& upstream) {
    auto body = co_await client.read_body(64u << 20);
    if (!body) co_return;
    RequestHead request = client.head();
    request.target = upstream.path + request.target;
    request.headers.remove("host");
    remove_hop_by_hop(request.headers);
    CancelHandle cancel;
    client.on_client_gone([&] { cancel.cancel(); });
    auto sent = co_await upstreams.send(upstream, request, *body, {}, &cancel);
    if (!sent) {
        ResponseHead refusal;
        refusal.status = 502;
        (void)co_await client.respond(refusal, sent.error().error.message);
        co_return;
    }
    ClientExchange& answer = **sent;
    client.on_client_gone([&] { answer.cancel(); });
    ResponseHead head = answer.head();
    remove_hop_by_hop(head.headers);
    if (!co_await client.write_head(head, answer.content_length())) co_return;
    for (;;) {
        const auto piece = co_await answer.read_some();
        if (!piece) co_return;
        if (piece->empty()) break;
        if (!co_await client.write(*piece)) co_return;
    }
    (void)co_await client.finish();
}

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
    const auto listen = argc == 3 ? Endpoint::parse(argv[1]) : std::nullopt;
    const auto upstream = argc == 3 ? BaseUrl::parse(argv[2]) : std::nullopt;
    if (!listen || !upstream) {
        std::fprintf(stderr, "usage: relay HOST:PORT UPSTREAM_URL\n");
        return 2;
    }
    // Blocked before the loops' threads begin, so that they inherit it and the signal waits for sigwait.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    Loops loops(1, 0);
    loops.start();
    {
        HttpClient client(loops, {});
        HttpServer server(loops, {},
                          [&](ServerExchange& exchange) { return relay(exchange, client, *upstream); });
        if (auto listening = server.listen(*listen); !listening) {
            std::fprintf(stderr, "%s\n", listening.error().message.c_str());
            return 1;
        }
        const double before = cpu_seconds();
        int signal = 0;
        sigwait(&signals, &signal);
        std::printf("cpu_seconds %.3f\n", cpu_seconds() - before);
        server.stop(std::chrono::seconds(1));
    }
    loops.stop();
}
