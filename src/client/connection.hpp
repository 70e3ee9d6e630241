#pragma once

#include "base/error.hpp"
#include "net/http.hpp"
#include "net/http_client.hpp"
#include "net/loops.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

namespace steno::client {

/// Requests to one Steno server, each on a connection that is kept alive, and a thread that waits for them.
class Connection {
  public:
    /// InvalidArgument: the address is none, or the key cannot be one.
    static Result<std::unique_ptr<Connection>> to(const std::string& server, const std::string& api_key);
    Connection(net::BaseUrl server, std::string api_key);
    /// What is under way is answered before, with an error.
    ~Connection();

    struct Request {
        std::string method = "GET";
        std::string path;          ///< and query
        std::string content_type;  ///< of the body; empty: none
        std::string known_tag;     ///< for If-None-Match; empty: none
        std::string_view body;     ///< to stay until it is answered
        std::size_t max_answer = 4u << 20;
    };
    struct Answer {
        int status = 0;
        std::string entity_tag;
        bool is_problem = false;  ///< in the words of a Steno server (RFC 9457)
        std::string body;
        /// With this code, as the API's answers have one: "not_found".
        [[nodiscard]] bool is_problem_of(std::string_view code) const;
    };
    /// Any thread. Calls `answered`, once, on the connection's thread. `patience` is for each step. NotFound:
    /// nobody listens there. Anything else: try again later.
    void ask(Request request, std::chrono::milliseconds patience,
             std::function<void(Result<Answer>)> answered);
    /// Any thread: what is under way is answered soon, with an error, and so is what is asked from now on.
    void cancel();

    /// An answer that is none of what was asked for, as an error. Unauthenticated: it wants another key.
    /// NotFound: it is no Steno server, or does not know what was asked for. InvalidArgument: it will never
    /// take that. ResourceExhausted: it is too much at once. Unavailable: try again later.
    [[nodiscard]] Error refusal(const Answer& answer) const;
    /// NotFound: whoever is there is no Steno server.
    [[nodiscard]] Error not_steno(int status) const;

  private:
    struct UnderWay;
    net::Task<Result<Answer>> exchange(const Request& request, std::chrono::milliseconds patience);
    net::Task<Result<Answer>> exchange(const Request& request, std::chrono::milliseconds patience,
                                       UnderWay& under_way);

    const net::BaseUrl server_;
    const std::string api_key_;
    net::Loops loops_;
    net::HttpClient client_;
    // Of the loop's thread: what is waited for, and that nothing is to be any more.
    std::list<UnderWay> under_way_;
    bool cancelled_ = false;
};

}  // namespace steno::client
