#include "base/json_writer.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/completeness.hpp"
#include "cli/terminal.hpp"
#include "io/file_system.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <iterator>
#include <memory>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct ReplayFlags {
    RecordFlags record;
    std::string id, model, prompt_file, system_file;
    std::vector<std::string> set;
};

Result<std::string> request_body(const ReplayFlags& flags) {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    json.member("call_id", flags.id);
    if (!flags.model.empty()) json.member("model", flags.model);
    for (const auto& [name, file] :
         {std::pair("prompt", &flags.prompt_file), {"system", &flags.system_file}}) {
        if (file->empty()) continue;
        STENO_ASSIGN(const std::string text, io::read_file(io::posix_file_system(), *file, 16 << 20));
        json.member(name, text);
    }
    json.key("set");
    json.begin_object();
    simdjson::dom::parser parser;
    for (const std::string& setting : flags.set) {
        const std::size_t equals = setting.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(Code::InvalidArgument, "\"" + setting + "\" sets nothing", "--set temperature=0.2");
        }
        const std::string value = setting.substr(equals + 1);
        json.key(setting.substr(0, equals));
        if (parser.parse(value).error() == simdjson::SUCCESS) {
            json.raw(value);
        } else {
            json.string(value);
        }
    }
    json.end_object();
    json.end_object();
    return body;
}

std::string answer_of(dom::element call) {
    std::string text;
    dom::array messages;
    if (call.at_pointer("/response/messages").get(messages) != simdjson::SUCCESS)
        return text_at(call, "/error/message");
    for (const dom::element message : messages) {
        dom::array parts;
        if (message["parts"].get(parts) != simdjson::SUCCESS) continue;
        for (const dom::element part : parts) {
            if (text_at(part, "/type") == "tool_call")
                text += "→ " + text_at(part, "/name") + " " + text_at(part, "/value") + "\n";
            text += text_at(part, "/text");
        }
    }
    return text.empty() ? text_at(call, "/error/message") : text;
}

/// Words into lines of at most `width` characters.
std::vector<std::string> wrap(const std::string& text, std::size_t width) {
    std::vector<std::string> lines(1);
    const std::string words = printable(text);
    for (std::size_t at = 0; at < words.size();) {
        const std::size_t end = std::min(words.find(' ', at), words.size());
        const std::string word = words.substr(at, end - at);
        if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back();
        lines.back() += (lines.back().empty() ? "" : " ") + word;
        at = end + 1;
    }
    return lines;
}

void print_side_by_side(dom::element original, dom::element replay, dom::element comparison) {
    Table table({{""}, {"original", false, true}, {"replay", false, true}});
    const auto both = [&](const char* name, auto&& text) {
        table.row({name, text(original), text(replay)}, {Colour::Dim});
    };
    both("id", [](dom::element c) { return text_at(c, "/id"); });
    both("status", [](dom::element c) { return text_at(c, "/status"); });
    both("model", [](dom::element c) { return text_at(c, "/model/requested"); });
    both("tokens", tokens);
    both("cost", [](dom::element c) {
        return has(c, "/cost/total") ? money(text_at(c, "/cost/total"), text_at(c, "/cost/currency"))
                                     : std::string("unknown");
    });
    both("duration", [](dom::element c) { return milliseconds(number_at(c, "/time/duration_ms")); });
    const auto left = wrap(answer_of(original), 60);
    const auto right = wrap(answer_of(replay), 60);
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
        table.row({i == 0 ? "answer" : "", i < left.size() ? left[i] : "", i < right.size() ? right[i] : ""},
                  {Colour::Dim});
    }
    table.print();
    std::string verdict = "\n";
    if (has(comparison, "/similarity"))
        verdict += fmt::format("similarity {:.0f} %", number_at(comparison, "/similarity") * 100);
    if (has(comparison, "/cost_delta")) {
        const std::string delta =
            money(text_at(comparison, "/cost_delta"), text_at(replay, "/cost/currency"));
        verdict += fmt::format(", cost {}{}", delta.starts_with('-') ? "" : "+", delta);
    }
    if (has(comparison, "/latency_delta_ms"))
        verdict += fmt::format(", time {:+.0f} ms", number_at(comparison, "/latency_delta_ms"));
    fmt::print("{}\n", verdict);
}

Result<int> replay(const Program& program, const ReplayFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const std::string wanted, request_body(flags));
    STENO_TRY(Completeness::begin(*api));  // a call that the store does not have yet would be "not found"
    auto answer_text = api->post("/api/v1/replay", wanted);
    if (!answer_text && answer_text.error().code == Code::FailedPrecondition && !api->has_server()) {
        return std::unexpected(
            std::move(answer_text)
                .error()
                .with_context("no server has " + api->where() + ", so that this command sends by itself"));
    }
    if (!answer_text) return std::unexpected(std::move(answer_text).error());
    const std::string& body = *answer_text;
    if (program.json) {
        fmt::print("{}\n", body);
        return 0;
    }
    dom::parser parser;
    dom::element answer;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    print_side_by_side(answer["original"], answer["replay"], answer["comparison"]);
    return 0;
}

}  // namespace

void add_replay(Program& program) {
    CLI::App* command = program.add(
        program.app, "replay", "Send a recorded call again, changed, and compare the answers",
        "  steno replay 3f0c6c1e-… --model gpt-4o-mini\n"
        "  steno replay 3f0c6c1e-… --set temperature=0.2 --set max_tokens=200 --prompt better.txt\n"
        "The key is taken from the server's environment (OPENAI_API_KEY, …); the recorded one is never "
        "kept.\n");
    const auto flags = std::make_shared<ReplayFlags>();
    add_record_flags(*command, flags->record);
    command->add_option("id", flags->id, "the recorded call")->required();
    command->add_option("--model", flags->model, "another model of the same provider");
    command->add_option("--set", flags->set, "NAME=VALUE: a parameter; null removes it; may be repeated");
    command->add_option("--prompt", flags->prompt_file, "file with the text for the last user message");
    command->add_option("--system", flags->system_file,
                        "file with the text for the system prompt (an empty one removes it)");
    command->callback([flags, &program] { program.run = [flags](Program& p) { return replay(p, *flags); }; });
}

}  // namespace steno::cli
