#include "notify/channel.hpp"

#include "base/nearest.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "net/http.hpp"
#include "notify/webhook_signature.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>

namespace steno::notify {

namespace {

namespace dom = simdjson::dom;

constexpr std::array<std::string_view, 4> kKinds{"log", "webhook", "slack", "email"};
constexpr std::size_t kMostRecipients = 20;
constexpr std::size_t kMostUrl = 2000;

/// What belongs to which kind.
std::vector<std::string_view> members_of(Channel::Kind kind) {
    switch (kind) {
        case Channel::Kind::Log:
            return {"kind"};
        case Channel::Kind::Webhook:
            return {"kind", "url", "secret"};
        case Channel::Kind::Slack:
            return {"kind", "url"};
        case Channel::Kind::Email:
            return {"kind", "url", "from", "to", "user", "password", "plain"};
    }
    return {};
}

bool printable_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

Result<void> check_address(std::string_view address) {
    const std::size_t at = address.find('@');
    const bool fine = at != std::string_view::npos && at > 0 && at + 1 < address.size() &&
                      address.find('@', at + 1) == std::string_view::npos && address.size() <= 254 &&
                      printable_ascii(address) &&
                      address.find_first_of("<>,;\"\\()") == std::string_view::npos;
    if (fine) return {};
    return fail(Code::InvalidArgument, fmt::format("\"{}\" is no e-mail address", utf8_prefix(address, 80)),
                "such as ops@example.com");
}

/// The URL up to its path, as one that can be reached; the message shows nothing behind the host.
Result<void> check_url(const Channel& channel) {
    const bool mail = channel.kind == Channel::Kind::Email;
    const std::string_view example =
        mail ? "smtp://mail.example.com:587 or smtps://mail.example.com" : "https://example.com/hooks/steno";
    const std::string_view url = channel.url;
    const auto wrong = [&](std::string_view why) {
        return fail(Code::InvalidArgument, fmt::format("url: {}", why), fmt::format("such as {}", example));
    };
    if (url.empty()) return wrong("it is missing");
    if (url.size() > kMostUrl || !printable_ascii(url)) return wrong("that is no URL");
    const std::size_t scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos) return wrong("it has no scheme");
    const std::string scheme = lower_case(url.substr(0, scheme_end));
    if (mail ? scheme != "smtp" && scheme != "smtps" : scheme != "http" && scheme != "https")
        return wrong(
            fmt::format("the scheme \"{}\" is not for this kind of channel", utf8_prefix(scheme, 20)));
    const std::string_view rest = url.substr(scheme_end + 3);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    if (authority.contains('@'))
        return wrong(mail ? "a name and a password stand in user and password, not in the URL"
                          : "a name and a password cannot stand in it");
    if (url.contains('#')) return wrong("it has a fragment");
    if (mail && authority.size() != rest.size()) return wrong("it ends behind the port");
    if (!net::BaseUrl::parse(fmt::format("http://{}", authority))) return wrong("the host or port is none");
    return {};
}

class Reader {
  public:
    Reader(Channel& channel, dom::object object) : channel_(channel), object_(object) {}

    Result<void> read() {
        STENO_TRY(text("kind", kind_));
        if (kind_.empty()) return fail(Code::InvalidArgument, "kind is missing", kinds());
        const auto known = std::ranges::find(kKinds, std::string_view(kind_));
        if (known == kKinds.end())
            return fail(Code::InvalidArgument, "there is no such kind of channel", kinds());
        channel_.kind = static_cast<Channel::Kind>(known - kKinds.begin());
        STENO_TRY(only_known());
        STENO_TRY(text("url", channel_.url));
        STENO_TRY(text("secret", channel_.secret));
        STENO_TRY(text("from", channel_.from));
        STENO_TRY(text("user", channel_.user));
        STENO_TRY(text("password", channel_.password));
        if (dom::element plain; object_["plain"].get(plain) == simdjson::SUCCESS &&
                                plain.get(channel_.plain) != simdjson::SUCCESS)
            return fail(Code::InvalidArgument, "plain must be true or false");
        return recipients();
    }

  private:
    static std::string kinds() { return fmt::format("{}", fmt::join(kKinds, ", ")); }

    Result<void> only_known() const {
        const auto names = members_of(channel_.kind);
        for (const auto [key, value] : object_) {
            if (key == "name" || std::ranges::find(names, key) != names.end()) continue;
            const std::string_view meant = nearest(key, names);
            return fail(Code::InvalidArgument,
                        fmt::format("a channel of kind {} has no \"{}\"", kind_, utf8_prefix(key, 60)),
                        meant.empty() ? fmt::format("it has {}", fmt::join(names, ", "))
                                      : fmt::format("did you mean {}?", meant));
        }
        return {};
    }
    Result<void> text(std::string_view name, std::string& into) const {
        dom::element value;
        if (object_[name].get(value) != simdjson::SUCCESS || value.is_null()) return {};
        std::string_view found;
        if (value.get(found) != simdjson::SUCCESS || found.size() > 4096)
            return fail(Code::InvalidArgument, fmt::format("{} must be a text", name));
        into = found;
        return {};
    }
    Result<void> recipients() {
        dom::element value;
        if (object_["to"].get(value) != simdjson::SUCCESS) return {};
        std::string_view one;
        if (value.get(one) == simdjson::SUCCESS) {
            for (const std::string_view address : split(one, ',')) channel_.to.emplace_back(address);
            return {};
        }
        dom::array list;
        if (value.get(list) != simdjson::SUCCESS)
            return fail(Code::InvalidArgument, "to must be an address or a list of them");
        for (const dom::element item : list) {
            std::string_view address;
            if (item.get(address) != simdjson::SUCCESS)
                return fail(Code::InvalidArgument, "to must be an address or a list of them");
            channel_.to.emplace_back(address);
        }
        return {};
    }

    Channel& channel_;
    dom::object object_;
    std::string kind_;
};

Result<void> check_mail(const Channel& channel) {
    STENO_TRY(check_address(channel.from));
    if (channel.to.empty() || channel.to.size() > kMostRecipients)
        return fail(Code::InvalidArgument, fmt::format("to has {} addresses", channel.to.size()),
                    fmt::format("1 to {}", kMostRecipients));
    for (const std::string& address : channel.to) STENO_TRY(check_address(address));
    if (channel.user.empty() != channel.password.empty())
        return fail(Code::InvalidArgument, "a login has a user and a password", "give both, or none");
    const bool smtps = lower_case(channel.url).starts_with("smtps://");
    if (channel.plain && smtps)
        return fail(Code::InvalidArgument, "plain is for smtp://, and this is smtps://");
    return {};
}

}  // namespace

std::string_view to_string(Channel::Kind kind) {
    return kKinds[static_cast<std::size_t>(kind)];
}

Result<void> check_name(std::string_view what, std::string_view name) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    if (!name.empty() && name.size() <= 64 && name.find_first_not_of(kLetters) == std::string_view::npos &&
        name.front() != '.')
        return {};
    return fail(Code::InvalidArgument, fmt::format("\"{}\" is no name of {}", utf8_prefix(name, 80), what),
                "1 to 64 small letters, digits, '-', '_' and '.'");
}

Result<Channel> channel_from_json(std::string_view name, std::string_view json, const Channel* before) {
    STENO_TRY(check_name("a channel", name));
    dom::parser parser;
    dom::object object;
    if (parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS)
        return fail(Code::InvalidArgument, "the channel is no JSON object",
                    R"(such as {"kind": "webhook", "url": "https://example.com/hooks/steno"})");
    Channel channel;
    channel.name = name;
    STENO_TRY(Reader(channel, object).read());
    if (before != nullptr && before->kind == channel.kind) {
        if (channel.url.empty()) channel.url = before->url;
        if (channel.secret.empty()) channel.secret = before->secret;
        // Never another server's, and never in the clear if it did not go so before.
        if (channel.password.empty() && before->url == channel.url && before->user == channel.user &&
            (before->plain || !channel.plain))
            channel.password = before->password;
    }
    if (channel.kind != Channel::Kind::Log) STENO_TRY(check_url(channel));
    if (channel.kind == Channel::Kind::Webhook) {
        if (channel.secret.empty()) channel.secret = new_webhook_secret(system_random());
        STENO_TRY(check_webhook_secret(channel.secret));
    }
    if (channel.kind == Channel::Kind::Email) STENO_TRY(check_mail(channel));
    return channel;
}

std::string settings_of(const Channel& channel) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("kind", to_string(channel.kind));
    const auto text = [&](std::string_view key, const std::string& value) {
        if (!value.empty()) json.member(key, value);
    };
    text("url", channel.url);
    text("secret", channel.secret);
    text("from", channel.from);
    text("user", channel.user);
    text("password", channel.password);
    if (channel.kind == Channel::Kind::Email) {
        json.key("to");
        json.begin_array();
        for (const std::string& address : channel.to) json.string(address);
        json.end_array();
        json.member("plain", channel.plain);
    }
    json.end_object();
    return out;
}

std::string shown_address(const Channel& channel) {
    if (channel.kind == Channel::Kind::Log) return "the server's log";
    if (channel.kind == Channel::Kind::Email) return fmt::format("{}", fmt::join(channel.to, ", "));
    // Of many services the path is the secret.
    const std::size_t host = channel.url.find("://") + 3;
    const std::size_t end = std::min(channel.url.find_first_of("/?", host), channel.url.size());
    return channel.url.substr(0, end) + (channel.url.size() - end > 1 ? "/…" : "");
}

void write_members(JsonWriter& json, const Channel& channel) {
    json.member("name", channel.name);
    json.member("kind", to_string(channel.kind));
    if (channel.kind == Channel::Kind::Webhook || channel.kind == Channel::Kind::Slack)
        json.member("url", shown_address(channel));
    if (channel.kind != Channel::Kind::Email) return;
    json.member("url", channel.url);
    json.member("from", channel.from);
    json.key("to");
    json.begin_array();
    for (const std::string& address : channel.to) json.string(address);
    json.end_array();
    if (!channel.user.empty()) json.member("user", channel.user);
    json.member("plain", channel.plain);
}

}  // namespace steno::notify
