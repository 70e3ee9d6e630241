#include "base/log.hpp"

#include "base/json_writer.hpp"
#include "base/repeats.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>

namespace steno::log {

namespace {

struct Sink {
    // Ours alone: a program that this is a library of may have a registered logger of this name.
    std::shared_ptr<spdlog::logger> logger =
        std::make_shared<spdlog::logger>("steno", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    Level level = Level::Info;
    bool json = false;
    std::mutex mutex;
    Repeats repeats;  ///< guarded by the mutex
    Sink() {
        logger->set_level(spdlog::level::trace);
        logger->set_pattern("%H:%M:%S.%e %^%-7l%$ %v");
    }
};

Sink& sink() {
    static auto& sink = *new Sink;  // for ever: what is destroyed at the program's end may log
    return sink;
}

spdlog::level::level_enum spdlog_level(Level level) {
    switch (level) {
        case Level::Debug:
            return spdlog::level::debug;
        case Level::Info:
            return spdlog::level::info;
        case Level::Warning:
            return spdlog::level::warn;
        case Level::Error:
            return spdlog::level::err;
        case Level::Off:
            break;
    }
    return spdlog::level::off;
}

std::string_view name_of(Level level) {
    static constexpr std::string_view kNames[] = {"debug", "info", "warning", "error", "off"};
    return kNames[static_cast<std::size_t>(level)];
}

}  // namespace

void configure(Level level, bool json) {
    sink().level = level;
    sink().json = json;
    if (json) sink().logger->set_pattern("%v");
}

bool enabled(Level level) noexcept {
    return level >= sink().level;
}

namespace {

/// What a terminal or a collector could take for more than text: control characters, of one byte or two
/// (C1: U+0080 to U+009F, among which is a terminal's CSI), as JSON escapes them; bytes that are no UTF-8 as
/// U+FFFD. So one event stays one line, and of a JSON line the value stays what it was.
std::string without_controls(std::string_view text) {
    std::string line;
    line.reserve(text.size());
    while (!text.empty()) {
        const auto first = static_cast<unsigned char>(text[0]);
        const std::size_t length = utf8_sequence_length(text);
        const auto last = static_cast<unsigned char>(text[length == 2 ? 1 : 0]);
        const bool is_c1 = length == 2 && first == 0xc2 && last < 0xa0;
        if (length == 0)
            line += "\xef\xbf\xbd";
        else if (first < 0x20 || first == 0x7f || is_c1)
            line += fmt::format("\\u{:04x}", last);
        else
            line += text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return line;
}

void write_line(Level level, std::string_view message) {
    if (!sink().json) {
        sink().logger->log(spdlog_level(level), "{}", without_controls(message));
        return;
    }
    std::string line;
    JsonWriter json(line);
    json.begin_object();
    json.member("time", system_clock().now().to_string());
    json.member("level", name_of(level));
    json.member("message", message);
    json.end_object();
    sink().logger->log(spdlog_level(level), "{}", without_controls(line));
}

}  // namespace

void write(Level level, std::string_view message) {
    Repeats::Verdict verdict;
    if (level != Level::Debug) {
        const std::lock_guard lock(sink().mutex);
        verdict = sink().repeats.judge(message, system_clock().steady_nanos());
    }
    for (const std::string& told : verdict.told) write_line(Level::Warning, told);
    if (verdict.write) write_line(level, message);
}

}  // namespace steno::log
