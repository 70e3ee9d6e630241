#include "providers/stream_usage.hpp"

#include "base/byte_search.hpp"
#include "providers/json_edits.hpp"
#include "providers/sse.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace steno::providers {

namespace {

/// OpenAI's members of a chunk.
constexpr std::string_view kOfUsageChunk[] = {"id",         "object", "created",      "model",
                                              "choices",    "usage",  "service_tier", "system_fingerprint",
                                              "obfuscation"};

/// (The standard library's find stops at each first character of the part, and JSON is full of quotes.)
bool has(std::string_view text, std::string_view part) {
    return memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

}  // namespace

std::optional<std::string> asking_for_usage(std::string_view body) {
    constexpr std::string_view kAsking = R"({"include_usage":true})";
    JsonDocument document;
    if (!document.parse(body)) return std::nullopt;
    const JsonValue root = document.root();
    if (!root.is_object() || root["stream"].boolean() != true) return std::nullopt;
    const JsonValue options = root["stream_options"];
    if (options["include_usage"].boolean() == true) return std::nullopt;

    JsonEdits edits(body);
    if (options.is_object()) {
        edits.set(options, "include_usage", "true");
    } else if (options.type() == JsonValue::Type::Null) {
        edits.replace(options, kAsking);
    } else if (options.type() == JsonValue::Type::Absent) {
        edits.set(root, "stream_options", kAsking);
    } else {
        return std::nullopt;  // for the provider to refuse
    }
    return edits.result();
}

void UsageChunkFilter::keep(std::string_view bytes, std::string& out) {
    if (passing_) {
        out.append(bytes);
        return;
    }
    held_.append(bytes);
    if (held_.size() > kMaxHeld) let_pass(out);
}

void UsageChunkFilter::let_pass(std::string& out) {
    out.append(held_);
    held_.clear();
    passing_ = true;
}

void UsageChunkFilter::feed(std::string_view bytes, std::string& out) {
    while (!bytes.empty()) {
        const char* const end = bytes.data() + bytes.size();
        const char* const line_end =
            first_where(bytes.data(), end, [](auto c) { return (c == '\n') | (c == '\r'); });
        if (const auto length = static_cast<std::size_t>(line_end - bytes.data()); length != 0) {
            if (event_ended_) end_event(out);
            keep(bytes.substr(0, length), out);
            line_bytes_ += length;
            after_cr_ = false;
            bytes.remove_prefix(length);
            continue;
        }
        const char c = bytes.front();
        const bool lf_of_crlf = after_cr_ && c == '\n';
        if (event_ended_ && !lf_of_crlf) end_event(out);
        keep(bytes.substr(0, 1), out);
        bytes.remove_prefix(1);
        after_cr_ = c == '\r';
        if (lf_of_crlf) {
            if (event_ended_) end_event(out);
            continue;
        }
        const bool blank = line_bytes_ == 0;
        line_bytes_ = 0;
        if (!blank) {
            // Hosts that end their events with one line end only: what brings text is not held back for
            // another one.
            if (has(held_, "\"delta\"") || has(held_, "\"text\"")) let_pass(out);
            continue;
        }
        // What ends in a CR may have an LF to come; the event goes out now, so that a client that reads CR
        // alone does not wait, and only a usage chunk keeps its place until then.
        if (c == '\n') {
            end_event(out);
        } else {
            event_ended_ = true;
            if (!is_usage_chunk()) let_pass(out);
        }
    }
}

void UsageChunkFilter::end_event(std::string& out) {
    if (!is_usage_chunk()) out.append(held_);
    held_.clear();
    passing_ = false;
    event_ended_ = false;
}

void UsageChunkFilter::finish(std::string& out) {
    end_event(out);
}

bool UsageChunkFilter::is_usage_chunk() {
    if (!has(held_, "\"usage\"")) return false;
    bool found = false;
    const auto look = [&](const SseEvent& event) {
        if (!document_.parse(event.data)) return;
        const JsonValue root = document_.root();
        found = root["usage"].is_object() && root["choices"].size() == 0;
        // Whatever else such a chunk tells is the client's.
        for (const auto& [key, value] : root.members()) {
            found = found && std::ranges::find(kOfUsageChunk, key.string()) != std::end(kOfUsageChunk);
        }
    };
    SseParser parser(kMaxHeld);
    parser.feed(held_, look);
    parser.finish(look);
    return found;
}

}  // namespace steno::providers
