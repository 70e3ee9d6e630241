#pragma once

#include "net/http_client.hpp"
#include "net/loops.hpp"
#include "notify/courier.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace steno::notify {

/// The real ways: the log, HTTP by the server's own client, mail by libcurl (mail.hpp). Redirects are not
/// followed, of an answer a little is read, and an attempt ends within its patience. Private addresses are
/// allowed: receivers of a tool that people host themselves are often there.
class NetworkCarrier final : public Carrier {
  public:
    struct Options {
        std::chrono::milliseconds patience{15'000};  ///< of one attempt, from the name look-up to the answer
        std::string ca_file;                         ///< PEM to trust besides the system's store, for mail
    };
    /// Both must outlive all attempts; those of HTTP run on the loops.
    NetworkCarrier(net::Loops& loops, net::HttpClient& client, Clock& clock, Options options)
        : loops_(loops), client_(client), clock_(clock), options_(std::move(options)) {}

    std::expected<void, Failure> carry(const Channel& channel, std::string_view id,
                                       const Message& message) override;
    void stop() override { stopping_ = true; }

  private:
    std::expected<void, Failure> post(const Channel& channel, net::RequestHead head, std::string body);

    net::Loops& loops_;
    net::HttpClient& client_;
    Clock& clock_;
    Options options_;
    std::atomic<bool> stopping_{false};
};

}  // namespace steno::notify
