#pragma once

#include "base/error.hpp"
#include "base/json_writer.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace steno::notify {

/// Somewhere to send messages to. Made by channel_from_json, so that one that exists can be sent to.
struct Channel {
    enum class Kind : std::uint8_t {
        Log,      ///< the server's log
        Webhook,  ///< a POST, signed
        Slack,    ///< an incoming webhook of Slack's kind
        Email,
    };
    std::string name;
    Kind kind = Kind::Log;
    std::string url;     ///< http(s):// of Webhook and Slack; smtp(s)://HOST[:PORT] of Email
    std::string secret;  ///< of Webhook: whsec_…
    // Of Email.
    std::string from;
    std::vector<std::string> to;
    std::string user;
    std::string password;
    bool plain = false;  ///< smtp:// without STARTTLS: only where the way to the server is trusted
};

std::string_view to_string(Channel::Kind kind);

/// Small letters, digits, '-', '_' and '.', 1 to 64: as it stands in paths and commands.
Result<void> check_name(std::string_view what, std::string_view name);

/// Reads {"kind", "url", "secret", …}. A Webhook without a secret gets a new one. `before`: what the channel
/// was, whose secrets stay where the new settings say none; may be null. InvalidArgument, without any secret,
/// says what to change.
Result<Channel> channel_from_json(std::string_view name, std::string_view json, const Channel* before);

/// With its secrets: for the database alone.
std::string settings_of(const Channel& channel);
/// The members of the JSON object that the API shows: without secrets, and of URLs only the host, because
/// whoever knows the rest may post.
void write_members(JsonWriter& json, const Channel& channel);
/// What of its address may be seen: "https://hooks.slack.com/…".
std::string shown_address(const Channel& channel);

}  // namespace steno::notify
