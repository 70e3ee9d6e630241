#include "notify/carrier.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "notify/mail.hpp"
#include "notify/webhook_signature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace steno::notify {

namespace {

constexpr std::uint64_t kMostAnswer = 64u << 10;
constexpr std::chrono::milliseconds kLook{50};  ///< how soon it is seen that the program ends

/// One POST, shared by the task on a loop and the thread that waits for it: who gives up leaves it behind.
struct Post {
    net::BaseUrl to;
    net::RequestHead head;
    std::string body;
    net::ClientDeadlines deadlines;
    std::chrono::steady_clock::time_point until;

    std::mutex mutex;
    std::condition_variable ended;
    std::optional<Result<net::ResponseHead>> outcome;
};

net::Task<Result<net::ResponseHead>> exchange(net::HttpClient& client, const Post& post) {
    auto sent = co_await client.send(post.to, post.head, post.body, post.deadlines);
    if (!sent) co_return std::unexpected(std::move(sent).error().error);
    // The answer's head decides; its body is read so that the connection can be used again, if it is short.
    std::uint64_t read = 0;
    while (read < kMostAnswer && std::chrono::steady_clock::now() < post.until) {
        const auto piece = co_await (*sent)->read_some();
        if (!piece || piece->empty()) break;
        read += piece->size();
    }
    co_return (*sent)->head();
}

net::Task<void> run(net::HttpClient& client, std::shared_ptr<Post> post) {
    auto outcome = co_await exchange(client, *post);
    const std::lock_guard lock(post->mutex);
    post->outcome.emplace(std::move(outcome));
    post->ended.notify_all();
}

std::expected<void, Carrier::Failure> judged(const net::ResponseHead& head, const std::string& host) {
    if (head.status / 100 == 2) return {};
    Carrier::Failure failure{
        {Code::Unavailable, fmt::format("{} answered with status {}", host, head.status)}};
    if (head.status / 100 == 3) failure.error.message += "; redirects are not followed";
    if (const auto after = head.headers.get("retry-after")) {
        std::int64_t seconds = 0;
        const auto [end, error] = std::from_chars(after->data(), after->data() + after->size(), seconds);
        if (error == std::errc() && end == after->data() + after->size() && seconds > 0)
            failure.not_before = std::chrono::seconds(std::min<std::int64_t>(seconds, 86'400));
    }
    return std::unexpected(std::move(failure));
}

}  // namespace

std::expected<void, Carrier::Failure> NetworkCarrier::carry(const Channel& channel, std::string_view id,
                                                            const Message& message) {
    net::RequestHead head;
    head.method = "POST";
    head.headers.add("Content-Type", "application/json");
    head.headers.add("User-Agent", "Steno/" STENO_VERSION);
    switch (channel.kind) {
        case Channel::Kind::Log: {
            std::string line = message.title;
            for (const auto& [what, value] : message.facts) line += fmt::format("; {}: {}", what, value);
            if (message.tone == Tone::Warning || message.tone == Tone::Critical)
                log::warning("alert: {}", line);
            else
                log::info("alert: {}", line);
            return {};
        }
        case Channel::Kind::Webhook: {
            std::string body = webhook_body(message);
            // Of this attempt: receivers refuse what was signed long ago.
            const std::int64_t now = clock_.now().unix_nanos / 1'000'000'000;
            const auto signature = webhook_signature(channel.secret, id, now, body);
            if (!signature) return std::unexpected(Failure{signature.error()});
            head.headers.add("webhook-id", std::string(id));
            head.headers.add("webhook-timestamp", std::to_string(now));
            head.headers.add("webhook-signature", *signature);
            return post(channel, std::move(head), std::move(body));
        }
        case Channel::Kind::Slack:
            return post(channel, std::move(head), slack_body(message));
        case Channel::Kind::Email: {
            const auto sent = send_mail(channel, mail_text(message, id, channel.from, channel.to),
                                        {options_.patience, options_.ca_file, &stopping_});
            if (!sent) return std::unexpected(Failure{sent.error()});
            return {};
        }
    }
    return {};
}

std::expected<void, Carrier::Failure> NetworkCarrier::post(const Channel& channel, net::RequestHead head,
                                                           std::string body) {
    const std::string_view url = channel.url;
    const std::size_t path = std::min(url.find_first_of("/?", url.find("://") + 3), url.size());
    const auto to = net::BaseUrl::parse(url.substr(0, path));
    if (!to) return std::unexpected(Failure{{Code::InvalidArgument, "the channel's URL is none"}});
    head.target = url.substr(path);
    if (!head.target.starts_with('/')) head.target.insert(0, "/");

    const auto job = std::make_shared<Post>();
    job->to = *to;
    job->head = std::move(head);
    job->body = std::move(body);
    job->deadlines = {options_.patience, options_.patience, options_.patience};
    const auto begin = std::chrono::steady_clock::now();
    job->until = begin + options_.patience;
    loops_.spawn([&client = client_, job] { return run(client, job); });

    std::unique_lock lock(job->mutex);
    while (!job->outcome && !stopping_ && std::chrono::steady_clock::now() < job->until)
        job->ended.wait_for(lock, kLook);
    if (!job->outcome && stopping_) return std::unexpected(Failure{{Code::Cancelled, "the program ends"}});
    if (!job->outcome)
        return std::unexpected(
            Failure{{Code::DeadlineExceeded, fmt::format("{} did not answer within {} s", to->endpoint.host,
                                                         options_.patience.count() / 1000)}});
    if (!*job->outcome) return std::unexpected(Failure{job->outcome->error()});
    return judged(**job->outcome, to->endpoint.host);
}

}  // namespace steno::notify
