#include "cli/alert_channels.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/call_view.hpp"
#include "cli/terminal.hpp"
#include "io/file_system.hpp"

#include <fmt/format.h>

#include <memory>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct ChannelFlags {
    RecordFlags record;
    std::string name, webhook, slack, smtp, from, user, password_file, secret_file;
    std::vector<std::string> to;
    bool plain = false;
};

std::string path_of(const std::string& name, std::string_view behind = {}) {
    return fmt::format("/api/v1/channels/{}{}", net::percent_encode(name), behind);
}

/// Secrets come from files, so that they stand in no history of a shell and no list of processes.
Result<std::string> secret_in(const std::string& file) {
    STENO_ASSIGN(std::string text, io::read_file(io::posix_file_system(), file, 4096));
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    if (text.empty()) return fail(Code::InvalidArgument, file + " is empty");
    return text;
}

Result<std::string> channel_json(const ChannelFlags& flags) {
    if (!flags.webhook.empty() + !flags.slack.empty() + !flags.smtp.empty() != 1)
        return fail(Code::InvalidArgument, "what kind of channel?",
                    "one of --webhook URL, --slack URL, --smtp URL");
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    if (!flags.smtp.empty()) {
        json.member("kind", "email");
        json.member("url", flags.smtp);
        json.member("from", flags.from);
        json.key("to");
        json.begin_array();
        for (const std::string& address : flags.to)
            for (const std::string_view one : split(address, ',')) json.string(one);
        json.end_array();
        if (!flags.user.empty()) json.member("user", flags.user);
        if (!flags.password_file.empty()) {
            STENO_ASSIGN(const std::string password, secret_in(flags.password_file));
            json.member("password", password);
        }
        if (flags.plain) json.member("plain", true);
    } else if (!flags.slack.empty()) {
        json.member("kind", "slack");
        json.member("url", flags.slack);
    } else {
        json.member("kind", "webhook");
        json.member("url", flags.webhook);
        if (!flags.secret_file.empty()) {
            STENO_ASSIGN(const std::string secret, secret_in(flags.secret_file));
            json.member("secret", secret);
        }
    }
    json.end_object();
    return out;
}

/// Of mail both where it goes and through which server.
std::string address_of(dom::element channel) {
    dom::array to;
    std::string text;
    if (channel["to"].get(to) == simdjson::SUCCESS) {
        for (const dom::element address : to)
            text += (text.empty() ? "" : ", ") + std::string(std::string_view(address));
        return fmt::format("{} by {}", text, text_at(channel, "/url"));
    }
    return has(channel, "/url") ? text_at(channel, "/url") : "the server's log";
}

Result<int> list(const Program& program, const ChannelFlags& flags) {
    return ask_alerts(program, flags.record, "GET", "/api/v1/channels", {}, [](dom::element answer) {
        Table table({{"channel"}, {"kind"}, {"to", false, true}});
        dom::array channels;
        if (answer["channels"].get(channels) == simdjson::SUCCESS)
            for (const dom::element channel : channels)
                table.row({text_at(channel, "/name"), text_at(channel, "/kind"), address_of(channel)});
        table.print();
    });
}

Result<int> set_channel(const Program& program, const ChannelFlags& flags) {
    STENO_ASSIGN(const std::string body, channel_json(flags));
    return ask_alerts(program, flags.record, "PUT", path_of(flags.name), body, [](dom::element channel) {
        fmt::print("{} ({}): {}\n", text_at(channel, "/name"), text_at(channel, "/kind"),
                   address_of(channel));
        if (has(channel, "/secret"))
            fmt::print(
                "secret  {}\nIt is shown this once: the receiver checks signatures with it "
                "(Standard Webhooks).\n",
                text_at(channel, "/secret"));
        fmt::print("Try it: steno alerts test {}\n", text_at(channel, "/name"));
    });
}

Result<int> test(const Program& program, const ChannelFlags& flags) {
    bool delivered = false;
    STENO_ASSIGN(
        const int done,
        ask_alerts(
            program, flags.record, "POST", path_of(flags.name, "/test"), "{}", [&](dom::element answer) {
                delivered = text_at(answer, "/delivered") == "true";
                if (delivered)
                    fmt::print("delivered in {} ms, id {}\n", text_at(answer, "/took_ms"),
                               text_at(answer, "/id"));
                else
                    fmt::print("{}: {}\n{}", paint("not delivered", Colour::Red),
                               printable(text_at(answer, "/error")),
                               has(answer, "/remedy") ? printable(text_at(answer, "/remedy")) + "\n" : "");
            }));
    return program.json || delivered ? done : facts_of(Code::Unavailable).exit_code;
}

}  // namespace

Result<int> ask_alerts(const Program& program, const RecordFlags& record, std::string_view method,
                       const std::string& target, const std::string& body,
                       const std::function<void(dom::element)>& show) {
    STENO_ASSIGN(const auto api, Api::open(program, record));
    STENO_ASSIGN(const std::string answer, method == "GET"    ? api->get(target)
                                           : method == "PUT"  ? api->put(target, body)
                                           : method == "POST" ? api->post(target, body)
                                                              : api->remove(target));
    if (program.json) {
        fmt::print("{}\n", answer);
        return 0;
    }
    dom::parser parser;
    dom::element parsed;
    if (parser.parse(answer.data(), answer.size()).get(parsed) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    show(parsed);
    return 0;
}

void add_alert_channels(Program& program, CLI::App& alerts) {
    const auto flags = std::make_shared<ChannelFlags>();
    const auto make = [&](CLI::App& parent, const char* name, const char* help, const char* examples,
                          auto run, bool named) {
        CLI::App* command = program.add(parent, name, help, examples);
        add_record_flags(*command, flags->record);
        if (named) command->add_option("channel", flags->name, "the channel's name")->required();
        command->callback(
            [flags, run, &program] { program.run = [flags, run](Program& p) { return run(p, *flags); }; });
        return command;
    };
    make(alerts, "test", "Send a test message to a channel, now", "  steno alerts test ops\n", test, true);
    CLI::App* channels = alerts.add_subcommand("channels", "Where alerts are sent to");
    channels->require_subcommand(1);
    make(*channels, "list", "All channels, without their secrets", "  steno alerts channels list\n", list,
         false);
    CLI::App* setter = make(
        *channels, "set", "Make a channel, or change it",
        "  steno alerts channels set ops --webhook https://example.com/hooks/steno\n"
        "  steno alerts channels set team --slack https://hooks.slack.com/services/T000/B000/XXXX\n"
        "  steno alerts channels set mail --smtp smtp://mail.example.com:587 --from steno@example.com \\\n"
        "      --to ops@example.com --user steno --password-file ./password\n",
        set_channel, true);
    setter->add_option("--webhook", flags->webhook, "URL that gets signed JSON (Standard Webhooks)");
    setter->add_option("--secret-file", flags->secret_file,
                       "file with its secret, whsec_… (default: a new one)");
    setter->add_option("--slack", flags->slack, "URL of an incoming webhook of Slack's kind");
    setter->add_option("--smtp", flags->smtp, "mail server: smtp://HOST:PORT (STARTTLS) or smtps://HOST");
    setter->add_option("--from", flags->from, "sender of the mail");
    setter->add_option("--to", flags->to, "recipient; may be repeated");
    setter->add_option("--user", flags->user, "login at the mail server");
    setter->add_option("--password-file", flags->password_file, "file with its password");
    setter->add_flag("--plain", flags->plain,
                     "send without TLS: only where the way to the server is trusted");
    make(
        *channels, "remove", "Remove a channel; what waits for it is given up",
        "  steno alerts channels remove ops\n",
        [](Program& p, const ChannelFlags& f) {
            return ask_alerts(p, f.record, "DELETE", path_of(f.name), {}, [](dom::element gone) {
                fmt::print("{} is removed\n", text_at(gone, "/removed"));
            });
        },
        true);
}

}  // namespace steno::cli
