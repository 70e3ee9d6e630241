#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steno::notify {

/// How it should look.
enum class Tone : std::uint8_t { Plain, Good, Warning, Critical };

/// What is told, in a form that every kind of channel can show.
struct Message {
    std::string type;  ///< for programs: "alert.firing", "test"
    Tone tone = Tone::Plain;
    Timestamp at;
    std::string title;                                       ///< one line
    std::vector<std::pair<std::string, std::string>> facts;  ///< for people: what, and its value
    std::string data = "{}";                                 ///< for programs: a JSON object
};

/// What was recorded, for titles and facts: at most about so many bytes, without what ends a line, steers a
/// terminal or turns the direction of writing. Nothing in it can look like another line or header.
std::string one_line(std::string_view text, std::size_t most);

/// As the outbox keeps it.
std::string to_json(const Message& message);
Result<Message> message_from_json(std::string_view json);

/// {"type", "timestamp", "title", "data"}, as the Standard Webhooks specification recommends.
std::string webhook_body(const Message& message);
/// For an incoming webhook of Slack, or of what takes the same (Mattermost, Rocket.Chat): text, and an
/// attachment with blocks. What was recorded cannot mention anybody or make a link.
std::string slack_body(const Message& message);
/// RFC 5322, plain text in UTF-8, lines of at most 998 bytes, CRLF. A repeat has the same Message-ID.
std::string mail_text(const Message& message, std::string_view id, std::string_view from,
                      const std::vector<std::string>& to);

}  // namespace steno::notify
