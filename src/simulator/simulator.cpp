#include "simulator/simulator.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "net/http_server.hpp"
#include "simulator/body_encoder.hpp"
#include "simulator/dice.hpp"
#include "simulator/rate_limits.hpp"
#include "simulator/reply.hpp"
#include "simulator/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <map>
#include <string>
#include <utility>

namespace steno::simulator {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kMaxBody = 256ull << 20;

using Answerer = Reply (*)(const Incoming&);

struct Route {
    Answerer answer = answer_openai;
    std::string_view path;           ///< below the provider's name
    std::string_view provider = {};  ///< that name; empty: there was none
};

/// A provider's name in the path, and who answers for it.
struct Simulated {
    std::string_view name;
    Answerer answer;
};

constexpr Simulated kSimulated[] = {
    {"anthropic", answer_anthropic}, {"azure", answer_azure},   {"gemini", answer_gemini},
    {"cohere", answer_cohere},       {"ollama", answer_ollama}, {"mistral", answer_mistral},
    {"bedrock", answer_bedrock},     {"vertex", answer_vertex},
};

/// Any other name is a host that speaks OpenAI's language. Without a name the path tells.
Route route_of(std::string_view path) {
    const std::string_view without_slash = path.substr(path.starts_with('/') ? 1 : 0);
    const std::string_view name = without_slash.substr(0, without_slash.find('/'));
    if (name == "v1beta" || name == "v1alpha") return {answer_gemini, path};
    if (name == "v1") return {path.starts_with("/v1/messages") ? answer_anthropic : answer_openai, path};
    const std::string_view rest = without_slash.substr(name.size());
    for (const Simulated& provider : kSimulated) {
        if (provider.name == name) return {provider.answer, rest, name};
    }
    return {answer_openai, rest, name};
}

std::uint64_t seed_of(std::uint64_t seed, std::string_view path, std::string_view body) {
    const Sha256 digest = sha256(path, "\n", body);
    std::uint64_t drawn = 0;
    std::memcpy(&drawn, digest.data(), sizeof drawn);
    return drawn ^ (seed * 0x9e3779b97f4a7c15ull);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

bool accepts(const net::Headers& headers, std::string_view coding) {
    const auto accepted = headers.get("accept-encoding");
    if (!accepted) return false;
    return std::ranges::any_of(split(*accepted, ','), [&](std::string_view one) {
        return equals_ignoring_case(trim(one.substr(0, one.find(';'))), coding);
    });
}

net::ResponseHead head_of(const Reply& reply) {
    net::ResponseHead head;
    head.status = reply.status;
    head.headers.add("content-type", reply.content_type);
    for (const auto& [name, value] : reply.headers) head.headers.add(name, value);
    if (reply.stream) head.headers.add("cache-control", "no-cache");
    return head;
}

/// Breaks and dresses the frames as the knobs say, before anything is sent.
void apply_to_frames(Reply& reply) {
    const Knobs& knobs = reply.knobs;
    if (!reply.stream) {
        if (knobs.malformed == "json" && reply.status == 200)
            reply.frames.front().resize(reply.frames.front().size() * 2 / 3);
        return;
    }
    if (knobs.malformed == "sse" || knobs.malformed == "json") {
        constexpr std::size_t kAfter = 2;
        const auto at =
            reply.frames.begin() + static_cast<std::ptrdiff_t>(std::min(kAfter, reply.frames.size() - 1));
        std::string damaged = *at;
        damaged[damaged.size() / 2] ^= 0x20;  // its checksum is another one then
        reply.frames.insert(at, reply.framed ? damaged
                                : reply.sse  ? sse_frame("", R"({"id":"broken","choices":[{"del)")
                                             : R"(,{"candidates":[{)");
    }
    if (knobs.stream_error_after) {
        const auto after = static_cast<std::size_t>(*knobs.stream_error_after);
        if (after < reply.frames.size()) reply.frames.resize(after);
        std::string error = reply.error_frame;
        if (!reply.sse && !reply.framed && reply.frames.empty()) error.replace(0, error.find('{'), "[");
        if (!reply.sse && !reply.framed && !reply.frames.empty() && reply.frames.back().ends_with("]\n"))
            reply.frames.pop_back();
        reply.frames.push_back(error + reply.error_end);
    }
    if (knobs.crlf && reply.sse)
        for (std::string& frame : reply.frames) replace_all(frame, "\n", "\r\n");
}

/// The answer to the smallest question, made once: what `instant` sends.
struct Instant {
    net::ResponseHead head;
    std::string body;
};

}  // namespace

std::string sse_frame(std::string_view event, std::string_view data) {
    return event.empty() ? fmt::format("data: {}\n\n", data)
                         : fmt::format("event: {}\ndata: {}\n\n", event, data);
}

struct Simulator::Impl {
    Impl(net::Loops& loops, SimulatorOptions given)
        : options(given), server(loops, net::ServerOptions{}, [this](net::ServerExchange& exchange) {
              return serve(exchange);
          }) {
        prepare_instants();
    }

    void prepare_instants() {
        const net::Headers none;
        const auto prepare = [&](std::string_view path, std::string_view body, bool stream) {
            const Route route = route_of(path);
            const auto question = path.find('?');
            const Reply reply =
                route.answer({"POST", route.path.substr(0, route.path.find('?')),
                              question == std::string_view::npos ? "" : path.substr(question + 1), &none,
                              body, options.seed});
            Instant instant{head_of(reply), {}};
            for (const std::string& frame : reply.frames) instant.body += frame;
            instants[{std::string(path.substr(0, question)), stream}] = std::move(instant);
        };
        for (const bool stream : {false, true}) {
            const std::string_view flag =
                stream ? ",\"stream\":true,\"stream_options\":{\"include_usage\":true}" : "";
            const std::string_view plain_flag = stream ? ",\"stream\":true" : "";
            prepare(
                "/openai/v1/chat/completions",
                fmt::format(
                    R"({{"model":"gpt-4o-mini","messages":[{{"role":"user","content":"Say ok. [sim text=Ok.]"}}]{}}})",
                    flag),
                stream);
            prepare(
                "/openai/v1/responses",
                fmt::format(R"({{"model":"gpt-4o-mini","input":"Say ok. [sim text=Ok.]"{}}})", plain_flag),
                stream);
            prepare(
                "/anthropic/v1/messages",
                fmt::format(
                    R"({{"model":"claude-haiku-4-5","max_tokens":100,"messages":[{{"role":"user","content":"Say ok. [sim text=Ok.]"}}]{}}})",
                    plain_flag),
                stream);
        }
        constexpr std::string_view kGemini =
            R"({"contents":[{"role":"user","parts":[{"text":"Say ok. [sim text=Ok.]"}]}]})";
        prepare("/gemini/v1beta/models/gemini-2.5-flash:generateContent", kGemini, false);
        prepare("/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", kGemini, false);
    }

    [[nodiscard]] const Instant* instant_for(const net::RequestHead& head, std::string_view body) const {
        if (!head.headers.has("x-sim-instant") && !body.contains("[sim instant=1]")) return nullptr;
        const bool stream = body.contains("\"stream\":true") || body.contains("\"stream\": true");
        const auto found = instants.find({std::string(head.path()), stream});
        return found == instants.end() ? nullptr : &found->second;
    }

    net::Task<void> serve(net::ServerExchange& exchange);

    SimulatorOptions options;
    std::map<std::pair<std::string, bool>, Instant> instants;
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> answered{0};
    std::atomic<std::uint64_t> client_gone{0};
    std::atomic<std::uint64_t> cut{0};
    std::atomic<bool> stopping{false};
    net::HttpServer server;
};

namespace {

/// Sends one reply, piece by piece and in time.
class Delivery {
  public:
    enum class End : std::uint8_t { Answered, ClientGone, Cut };

    Delivery(net::ServerExchange& exchange, Reply& reply, double speed, std::uint64_t seed,
             const std::atomic<bool>& stopping)
        : exchange_(exchange),
          reply_(reply),
          knobs_(reply.knobs),
          speed_(speed),
          dice_(seed),
          stopping_(stopping) {}

    net::Task<End> run() {
        exchange_.on_client_gone([this] { gone_.notify(); });
        const End end = co_await deliver();
        exchange_.on_client_gone({});
        // Also when it is the simulator that stops: half an answer must look like one.
        if (end != End::Answered) exchange_.abort();
        co_return end;
    }

  private:
    static constexpr std::int64_t kFirstFrom = 80;
    static constexpr std::int64_t kFirstTo = 400;
    static constexpr std::int64_t kChunkFrom = 20;
    static constexpr std::int64_t kChunkTo = 60;

    net::Task<End> deliver() {
        if (knobs_.silent) {
            while (co_await pause(milliseconds(200))) continue;
            co_return End::ClientGone;
        }
        if (!co_await delay(knobs_.delay_ms, kFirstFrom, kFirstTo)) co_return End::ClientGone;
        if (knobs_.cut_after == 0 || knobs_.cut_after_bytes == 0) co_return End::Cut;

        net::ResponseHead head = head_of(reply_);
        if (head.headers.has("openai-processing-ms"))
            head.headers.set("openai-processing-ms",
                             fmt::format("{}", std::max<std::int64_t>(1, waited_ms_)));
        if (!knobs_.encoding.empty() && accepts(exchange_.head().headers, knobs_.encoding)) {
            encoder_ = make_body_encoder(knobs_.encoding);
            head.headers.add("content-encoding", knobs_.encoding);
            head.headers.add("vary", "accept-encoding");
        }
        std::optional<std::uint64_t> length;
        if (!reply_.stream && !encoder_) length = reply_.frames.front().size();
        if (!co_await exchange_.write_head(head, length)) co_return End::ClientGone;

        std::int64_t sent = 0;
        for (const std::string& frame : reply_.frames) {
            if (knobs_.cut_after && sent >= *knobs_.cut_after) co_return End::Cut;
            if (sent > 0 && !co_await delay(knobs_.chunk_delay_ms, kChunkFrom, kChunkTo))
                co_return End::ClientGone;
            const std::string coded = encoder_ ? encoder_->encode(frame) : std::string{};
            const End end = co_await send(encoder_ ? std::string_view(coded) : std::string_view(frame));
            if (end != End::Answered) co_return end;
            ++sent;
        }
        if (knobs_.cut_after) co_return End::Cut;
        if (encoder_) {
            const std::string rest = encoder_->finish();
            const End end = co_await send(rest);
            if (end != End::Answered) co_return end;
        }
        const auto finished = co_await exchange_.finish();
        co_return finished ? End::Answered : End::ClientGone;
    }

    net::Task<End> send(std::string_view bytes) {
        bool breaks = false;
        if (knobs_.cut_after_bytes) {
            const std::uint64_t left = static_cast<std::uint64_t>(*knobs_.cut_after_bytes) - written_;
            breaks = bytes.size() >= left;
            bytes = bytes.substr(0, left);
        }
        const std::size_t most = knobs_.split ? static_cast<std::size_t>(*knobs_.split) : bytes.size();
        while (!bytes.empty()) {
            const std::string_view piece = bytes.substr(0, most);
            if (!co_await exchange_.write(piece)) co_return End::ClientGone;
            written_ += piece.size();
            bytes.remove_prefix(piece.size());
        }
        co_return breaks ? End::Cut : End::Answered;
    }

    /// What a knob asks for as it is; otherwise what is lively, scaled.
    net::Task<bool> delay(std::optional<std::int64_t> asked, std::int64_t from, std::int64_t to) {
        const std::int64_t drawn =
            dice_.between(from, to);  // drawn anyway, so that one knob does not shift the others
        const bool at_once = knobs_.instant || speed_ <= 0;
        waited_ms_ = asked     ? *asked
                     : at_once ? 0
                               : static_cast<std::int64_t>(static_cast<double>(drawn) * speed_);
        if (!asked && at_once) co_return !exchange_.client_gone();
        co_return co_await pause(milliseconds(waited_ms_));
    }

    /// False when the client has gone, or the simulator stops.
    net::Task<bool> pause(milliseconds duration) {
        if (exchange_.client_gone() || stopping_) co_return false;
        if (duration.count() == 0) co_return true;
        const bool notified = co_await gone_.wait_for(duration);
        co_return !notified && !exchange_.client_gone() && !stopping_;
    }

    net::ServerExchange& exchange_;
    Reply& reply_;
    const Knobs& knobs_;
    double speed_;
    Dice dice_;
    const std::atomic<bool>& stopping_;
    net::Event gone_;
    std::unique_ptr<BodyEncoder> encoder_;
    std::uint64_t written_ = 0;
    std::int64_t waited_ms_ = 0;  ///< the last time: what processing took
};

}  // namespace

net::Task<void> Simulator::Impl::serve(net::ServerExchange& exchange) {
    ++requests;
    if (exchange.head().headers.has("sec-websocket-key")) {
        const Route held = route_of(exchange.head().path());
        if (has_session(held.path)) {
            const std::uint64_t drawn = seed_of(options.seed, exchange.head().target, "");
            co_await serve_session(exchange, held.path, drawn, options.speed, stopping);
            ++answered;
            co_return;
        }
    }
    auto body = co_await exchange.read_body(kMaxBody);
    if (!body) {
        if (body.error().code == Code::ResourceExhausted) {
            net::ResponseHead head;
            head.status = 413;
            head.headers.add("content-type", "application/json");
            if (co_await exchange.respond(
                    head,
                    R"({"error":{"message":"The request is too large.","type":"invalid_request_error"}})"))
                ++answered;
        } else {
            ++client_gone;
        }
        co_return;
    }
    if (const Instant* instant = instant_for(exchange.head(), *body)) {
        const auto sent = co_await exchange.respond(instant->head, instant->body);
        ++(sent ? answered : client_gone);
        co_return;
    }
    const Route route = route_of(exchange.head().path());
    const std::uint64_t seed = seed_of(options.seed, exchange.head().path(), *body);
    Incoming incoming;
    incoming.method = exchange.head().method;
    incoming.path = route.path;
    incoming.query = exchange.head().query();
    incoming.headers = &exchange.head().headers;
    incoming.body = *body;
    incoming.seed = seed;
    incoming.created = options.created.value_or(system_clock().now().unix_nanos / 1'000'000'000);
    Reply reply = route.answer(incoming);
    if (used_up(reply.knobs) && reply.status < 400) {
        const net::Headers asking = asking_for_refusal(exchange.head().headers, reply.knobs);
        incoming.headers = &asking;
        reply = route.answer(incoming);
    }
    set_limit_headers(reply, route.provider);
    apply_to_frames(reply);
    Delivery delivery(exchange, reply, options.speed, seed, stopping);
    switch (co_await delivery.run()) {
        case Delivery::End::Answered:
            ++answered;
            break;
        case Delivery::End::ClientGone:
            ++client_gone;
            break;
        case Delivery::End::Cut:
            ++cut;
            break;
    }
}

Simulator::Simulator(net::Loops& loops, SimulatorOptions options)
    : impl_(std::make_unique<Impl>(loops, options)) {}

Simulator::~Simulator() {
    stop();
}

Result<void> Simulator::listen(const net::Endpoint& endpoint) {
    return impl_->server.listen(endpoint);
}

std::uint16_t Simulator::port() const {
    return impl_->server.port();
}

void Simulator::stop() {
    if (impl_->stopping.exchange(true)) return;
    impl_->server.stop(milliseconds(500));
}

Simulator::Counts Simulator::counts() const {
    return {impl_->requests, impl_->answered, impl_->client_gone, impl_->cut};
}

}  // namespace steno::simulator
