#include "prompt_types/call_log.hpp"

#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "record/kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

namespace steno::prompt_types {

namespace {

/// What a line has room for of texts; one JSON string, so that a line stays one.
std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, utf8_prefix(text, CallLog::kMostText));
    return out;
}

/// One that people or providers give, as it is where it cannot be taken for anything else of the line.
std::string word(std::string_view name) {
    const auto is_special = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\x7f';
    };
    const auto is_c1_control = [](char first, char second) {
        return first == '\xc2' && static_cast<unsigned char>(second) < 0xa0;
    };
    const bool is_plain = is_valid_utf8(name) && name.size() <= CallLog::kMostText &&
                          std::ranges::none_of(name, is_special) &&
                          std::ranges::adjacent_find(name, is_c1_control) == name.end();
    return is_plain ? std::string(name) : quoted(name);
}

void add(std::string& text, std::string_view more) {
    if (more.empty() || text.size() > CallLog::kMostText) return;
    if (!text.empty()) text.push_back('\n');
    text += utf8_prefix(more, CallLog::kMostText);
}

void add(std::string& text, const std::vector<Message>& messages) {
    for (const Message& message : messages) {
        if (text.size() > CallLog::kMostText) return;
        for (const Part& part : message.parts) {
            std::string_view said = part.text;
            if (said.empty()) said = part.value.text;
            if (said.empty()) said = part.mime;  // of media
            if (!said.empty() && !message.role.empty())
                add(text, fmt::format("{}: {}", message.role, utf8_prefix(said, CallLog::kMostText)));
            else
                add(text, said);
        }
    }
}

std::string prompt_of(const Call& call) {
    std::string text;
    if (!call.request.system.empty()) add(text, "system: " + call.request.system);
    add(text, call.request.messages);
    add(text, call.request.input.text);
    return text;
}

std::string answer_of(const Call& call) {
    std::string text;
    add(text, call.response.messages);
    for (const ToolCall& tool : call.response.tool_calls)
        add(text, fmt::format("{}({})", tool.name, utf8_prefix(tool.arguments.text, CallLog::kMostText)));
    add(text, call.response.output.text);
    return text;
}

}  // namespace

std::string log_line(const Call& call, LogLevel level) {
    std::string line =
        fmt::format("call {} {} {}", call.id.to_string(), word(call.prompt.type), to_string(call.status));
    const std::string& model = call.model.requested.empty() ? call.model.served : call.model.requested;
    if (!model.empty()) line += " " + word(model);
    if (call.time.duration)
        line += fmt::format(" {:.3f} s", static_cast<double>(call.time.duration->nanos) / 1e9);
    if (call.usage.input_tokens || call.usage.output_tokens)
        line += fmt::format(" {}+{} tokens",
                            call.usage.input_tokens ? std::to_string(*call.usage.input_tokens) : "?",
                            call.usage.output_tokens ? std::to_string(*call.usage.output_tokens) : "?");
    if (call.cost.total)
        line += fmt::format(" {} {}", call.cost.total->to_string(), word(call.cost.currency));
    if (call.error.type) line += fmt::format(" {}", to_string(*call.error.type));
    const bool has_texts = call.privacy.full_data.value_or(true);
    if (level >= LogLevel::Summary && has_texts) {
        const bool whole = level == LogLevel::Detailed;
        const std::string prompt = whole ? prompt_of(call) : call.preview.prompt;
        const std::string answer = whole ? answer_of(call) : call.preview.answer;
        if (!prompt.empty()) line += " prompt " + quoted(prompt);
        if (!answer.empty()) line += " answer " + quoted(answer);
        if (!call.error.message.empty()) line += " error " + quoted(call.error.message);
    }
    return line;
}

CallLog::CallLog(const Rules& rules, Write write)
    : rules_(rules),
      write_(
          write
              ? std::move(write)
              : [](const Line&
                       line) { log::write(line.failed ? log::Level::Warning : log::Level::Info, line.text); }),
      thread_([this] { run(); }) {}

CallLog::~CallLog() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void CallLog::call_ended(const Call& call) {
    const LogLevel level = rules_.log_level(call);
    if (level == LogLevel::Off || !reaches_a_model(call.kind)) return;
    const bool failed = call.status == Status::Failure;
    try {
        Line line{log_line(call, level), failed};
        const std::scoped_lock lock(mutex_);
        if (waiting_bytes_ + line.text.size() > kMaxWaitingBytes) {
            ++left_out_;
            return;
        }
        waiting_bytes_ += line.text.size();
        waiting_.push_back(std::move(line));
    } catch (const std::exception&) {  // out of memory: a line less
        return;
    }
    changed_.notify_one();
}

void CallLog::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        const std::deque<Line> lines = std::exchange(waiting_, {});
        const std::uint64_t left_out = std::exchange(left_out_, 0);
        waiting_bytes_ = 0;
        lock.unlock();
        for (const Line& line : lines) write_(line);
        if (left_out > 0)
            write_(
                {fmt::format("{} calls are not in this log: it is read more slowly than they come", left_out),
                 true});
        lock.lock();
    }
}

}  // namespace steno::prompt_types
