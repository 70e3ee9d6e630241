#pragma once

#include "net/http_client.hpp"
#include "net/loops.hpp"
#include "simulator/simulator.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace steno::simulator {

struct Event {
    std::string name;
    std::string data;
};

/// The events of a body, by the rules of the format (CR LF too); comments are dropped.
inline std::vector<Event> events_of(std::string body) {
    std::erase(body, '\r');
    std::vector<Event> events;
    Event event;
    while (!body.empty()) {
        const auto end = body.find('\n');
        const std::string line = body.substr(0, end);
        body.erase(0, end == std::string::npos ? body.size() : end + 1);
        if (line.empty()) {
            if (!event.data.empty()) events.push_back(event);
            event = {};
        } else if (line.starts_with("event: ")) {
            event.name = line.substr(7);
        } else if (line.starts_with("data: ")) {
            event.data += line.substr(6);
        }
    }
    return events;
}

/// A simulator without delays on a free port, and a client.
class SimulatorTest : public testing::Test {
  protected:
    SimulatorTest() : loops_(2), simulator_(loops_, SimulatorOptions{7, 0}) {
        loops_.start();
        const auto listening = simulator_.listen({"127.0.0.1", 0});
        EXPECT_TRUE(listening) << listening.error().message;
    }
    ~SimulatorTest() override {
        simulator_.stop();
        loops_.stop();
    }

    [[nodiscard]] net::BaseUrl url() const { return {false, {"127.0.0.1", simulator_.port()}, ""}; }

    Result<net::SimpleResponse> try_post(std::string_view target, std::string_view body,
                                         std::vector<net::Headers::Field> headers = {}) const {
        net::RequestHead head;
        head.method = "POST";
        head.target = target;
        head.headers.add("content-type", "application/json");
        for (auto& [name, value] : headers) head.headers.add(name, value);
        return net::fetch(url(), head, body);
    }
    net::SimpleResponse post(std::string_view target, std::string_view body,
                             std::vector<net::Headers::Field> headers = {}) const {
        auto response = try_post(target, body, std::move(headers));
        EXPECT_TRUE(response) << response.error().message;
        return response ? std::move(*response) : net::SimpleResponse{};
    }
    boost::json::value post_json(std::string_view target, std::string_view body,
                                 std::vector<net::Headers::Field> headers = {}) const {
        return parse(post(target, body, std::move(headers)).body);
    }
    static boost::json::value parse(std::string_view text) {
        boost::json::error_code error;
        auto value = boost::json::parse({text.data(), text.size()}, error);
        EXPECT_FALSE(error) << text;
        return value;
    }
    /// A member by its path ("/choices/0/message"); null when it is not there.
    static boost::json::value at(const boost::json::value& value, std::string_view path) {
        boost::json::error_code error;
        const auto* found = value.find_pointer({path.data(), path.size()}, error);
        return found ? *found : boost::json::value{};
    }
    static std::string text(const boost::json::value& value, std::string_view path) {
        const auto found = at(value, path);
        return found.is_string() ? std::string(found.get_string()) : std::string{};
    }
    static std::int64_t number(const boost::json::value& value, std::string_view path) {
        const auto found = at(value, path);
        return found.is_int64() ? found.get_int64() : -1;
    }

    net::Loops loops_;
    Simulator simulator_;
};

}  // namespace steno::simulator
