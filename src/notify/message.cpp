#include "notify/message.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace steno::notify {

namespace {

/// Slack cuts or refuses what is longer.
constexpr std::size_t kSlackText = 1500;
constexpr std::size_t kSlackFacts = 10;  ///< fields of a section
constexpr std::size_t kHeader = 900;     ///< of a mail

std::string_view colour(Tone tone) {
    switch (tone) {
        case Tone::Good:
            return "#2eb67d";
        case Tone::Warning:
            return "#ecb22e";
        case Tone::Critical:
            return "#e01e5a";
        default:
            return "#9e9ea6";
    }
}

std::string slack_escaped(std::string_view text) {
    std::string escaped;
    for (const char c : utf8_prefix(text, kSlackText)) {
        if (c == '&')
            escaped += "&amp;";
        else if (c == '<')
            escaped += "&lt;";
        else if (c == '>')
            escaped += "&gt;";
        else
            escaped += c;
    }
    return escaped;
}

void write_markdown(JsonWriter& json, std::string_view text) {
    json.begin_object();
    json.member("type", "mrkdwn");
    json.member("text", text);
    json.end_object();
}

/// RFC 2047 where it needs it: words of at most 75 characters, none of which cuts a letter.
std::string header_text(std::string_view text) {
    const std::string line = one_line(text, kHeader);
    if (std::ranges::all_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x80; }) &&
        line.size() < 200)
        return line;
    std::string encoded;
    for (std::string_view rest = line; !rest.empty();) {
        std::string_view word = utf8_prefix(rest, 42);
        if (word.empty()) word = rest.substr(0, 1);
        encoded += fmt::format("{}=?UTF-8?B?{}?=", encoded.empty() ? "" : "\r\n ", to_base64(word));
        rest.remove_prefix(word.size());
    }
    return encoded;
}

/// "Sun, 22 Nov 2026 01:20:00 +0000" (RFC 5322).
std::string mail_date(Timestamp at) {
    constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    using namespace std::chrono;
    const sys_seconds moment{seconds{at.unix_nanos / 1'000'000'000}};
    const sys_days day = floor<days>(moment);
    const year_month_day date{day};
    const hh_mm_ss time{moment - day};
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays[weekday{day}.c_encoding()],
                       static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                       time.seconds().count());
}

}  // namespace

std::string one_line(std::string_view text, std::size_t most) {
    std::string line;
    const std::string_view kept = utf8_prefix(text, most);
    for (std::string_view rest = kept; !rest.empty();) {
        const std::size_t length = utf8_sequence_length(rest);
        const std::string_view letter = rest.substr(0, std::max<std::size_t>(length, 1));
        const auto first = static_cast<unsigned char>(letter.front());
        const bool control = length == 0 || first < 0x20 || first == 0x7f ||
                             (letter >= "\xc2\x80" && letter <= "\xc2\x9f");  // C1
        const bool separator = letter == "\u2028" || letter == "\u2029";
        const bool turns = (letter >= "\u202a" && letter <= "\u202e") ||
                           (letter >= "\u2066" && letter <= "\u2069") || letter == "\u200e" ||
                           letter == "\u200f";
        line += control || separator || turns ? std::string_view(" ") : letter;
        rest.remove_prefix(letter.size());
    }
    if (kept.size() < text.size()) line += "…";
    return line;
}

std::string to_json(const Message& message) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("type", message.type);
    json.member("tone", static_cast<int>(message.tone));
    json.member("at", message.at.to_string());
    json.member("title", message.title);
    json.key("facts");
    json.begin_array();
    for (const auto& [what, value] : message.facts) {
        json.string(what);
        json.string(value);
    }
    json.end_array();
    json.member_raw("data", message.data);
    json.end_object();
    return out;
}

Result<Message> message_from_json(std::string_view text) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    Message message;
    std::string_view type, at, title;
    std::int64_t tone = 0;
    simdjson::dom::array facts;
    simdjson::dom::element data;
    const bool read =
        parser.parse(text.data(), text.size()).get(object) == simdjson::SUCCESS &&
        object["type"].get(type) == simdjson::SUCCESS && object["tone"].get(tone) == simdjson::SUCCESS &&
        object["at"].get(at) == simdjson::SUCCESS && object["title"].get(title) == simdjson::SUCCESS &&
        object["facts"].get(facts) == simdjson::SUCCESS && object["data"].get(data) == simdjson::SUCCESS;
    const auto moment = read ? Timestamp::parse(at) : std::nullopt;
    if (!moment || tone < 0 || tone > 3)
        return fail(Code::DataLoss, "a notification in the outbox cannot be read");
    message.type = type;
    message.tone = static_cast<Tone>(tone);
    message.at = *moment;
    message.title = title;
    std::vector<std::string> texts;
    for (const simdjson::dom::element fact : facts) {
        std::string_view part;
        if (fact.get(part) == simdjson::SUCCESS) texts.emplace_back(part);
    }
    for (std::size_t i = 0; i + 1 < texts.size(); i += 2)
        message.facts.emplace_back(std::move(texts[i]), std::move(texts[i + 1]));
    message.data = simdjson::minify(data);
    return message;
}

std::string webhook_body(const Message& message) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("type", message.type);
    json.member("timestamp", message.at.to_string());
    json.member("title", message.title);
    json.member_raw("data", message.data);
    json.end_object();
    return out;
}

std::string slack_body(const Message& message) {
    std::string out;
    JsonWriter json(out);
    const std::string title = slack_escaped(message.title);
    json.begin_object();
    json.member("text", title);
    json.key("attachments");
    json.begin_array();
    json.begin_object();
    json.member("color", colour(message.tone));
    json.member("fallback", title);
    json.key("blocks");
    json.begin_array();
    json.begin_object();
    json.member("type", "section");
    if (message.facts.empty()) {
        json.key("text");
        write_markdown(json, "Steno");
    } else {
        json.key("fields");
        json.begin_array();
        for (const auto& [what, value] :
             std::span(message.facts).first(std::min(message.facts.size(), kSlackFacts)))
            write_markdown(json, fmt::format("*{}*\n{}", slack_escaped(what), slack_escaped(value)));
        json.end_array();
    }
    json.end_object();
    json.end_array();
    json.end_object();
    json.end_array();
    json.end_object();
    return out;
}

std::string mail_text(const Message& message, std::string_view id, std::string_view from,
                      const std::vector<std::string>& to) {
    std::string body = message.title + "\n\n";
    std::size_t width = 0;
    for (const auto& [what, value] : message.facts) width = std::max(width, utf8_length(what));
    for (const auto& [what, value] : message.facts)
        body += fmt::format("{}:{}{}\n", what, std::string(width - utf8_length(what) + 1, ' '), value);
    const std::string encoded = to_base64(body);
    std::string mail = fmt::format(
        "Date: {}\r\nFrom: Steno <{}>\r\nTo: {}\r\nMessage-ID: <{}@steno>\r\nSubject: {}\r\n"
        "X-Steno-Delivery: {}\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        mail_date(message.at), one_line(from, kHeader), fmt::join(to, ", "), id, header_text(message.title),
        id);
    for (std::size_t at = 0; at < encoded.size(); at += 76) mail += encoded.substr(at, 76) + "\r\n";
    return mail;
}

}  // namespace steno::notify
