#include "ingest/policy.hpp"

#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "ingest/personal_data.hpp"
#include "record/json_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace steno::ingest {

namespace {

/// Of several at one place the first one counts.
void note(Call& call, const char* path, const std::string& was) {
    const auto [at, is_first] = call.privacy.truncated.try_emplace(path);
    if (!is_first) return;
    at->second.bytes = static_cast<std::int64_t>(was.size());
    at->second.sha256 = to_hex(as_text(sha256(was)));
}

/// Each text of prompts and answers: as `change.text(path, text)`, `change.json(path, value)`, or where a
/// value is still to be read by its members, as `change.strings(path, value)`.
template <class Change>
void each_text(Call& call, Change& change) {
    const auto messages = [&](const char* path, std::vector<Message>& messages) {
        for (Message& message : messages) {
            for (Part& part : message.parts) {
                change.text(path, part.text);
                change.json(path, part.value);
                change.text(path, part.url);
            }
        }
    };
    change.text("request.system", call.request.system);
    messages("request.messages", call.request.messages);
    change.json("request.input", call.request.input);
    change.strings("request.parameters", call.request.parameters);
    change.json("prompt.variables", call.prompt.variables);
    messages("response.messages", call.response.messages);
    change.json("response.structured", call.response.structured);
    change.json("response.output", call.response.output);
    for (ToolCall& tool : call.response.tool_calls) change.json("response.tool_calls", tool.arguments);
    change.text("error.stack", call.error.stack);
}

/// After the closing quote of the JSON string that begins there.
std::size_t end_of_string(std::string_view json, std::size_t at) {
    for (++at; at < json.size() && json[at] != '"';) at += json[at] == '\\' ? 2 : 1;
    return std::min(at + 1, json.size());
}

class Cutter {
  public:
    Cutter(Call& call, std::size_t most) : call_(call), most_(most) {}

    void text(const char* path, std::string& text) {
        if (text.size() <= most_) return;
        note(call_, path, text);
        text.resize(utf8_prefix(text, most_).size());
        text.shrink_to_fit();
    }
    /// Its beginning as a JSON string: what is cut through is no value any more.
    void json(const char* path, Json& value) {
        if (value.text.size() <= most_) return;
        note(call_, path, value.text);
        std::string beginning;
        for (std::size_t size = most_;; size = std::min(size - 1, size * most_ / beginning.size())) {
            beginning.clear();
            append_json_string(beginning, utf8_prefix(value.text, size));
            if (size == 0 || beginning.size() <= most_) break;  // what has to be escaped is longer then
        }
        value.text = std::move(beginning);
    }
    /// What is said in it, but for the names of its members: all else stays, figures are made of it.
    void strings(const char* path, Json& value) {
        const std::string_view was = value.text;
        if (was.size() <= most_) return;
        std::string out;
        std::string said;
        bool is_cut = false;
        for (std::size_t at = 0; at < was.size();) {
            const std::size_t begin = at;
            at = std::min(was.find('"', begin), was.size());
            out += was.substr(begin, at - begin);
            if (at == was.size()) break;
            const std::string_view quoted = was.substr(at, end_of_string(was, at) - at);
            at += quoted.size();
            const std::size_t next = was.find_first_not_of(" \t\r\n", at);
            const bool is_name = next != std::string_view::npos && was[next] == ':';
            said.clear();
            if (is_name || quoted.size() <= most_ + 2 || !JsonReader(quoted).string(said) ||
                said.size() <= most_) {
                out += quoted;
                continue;
            }
            append_json_string(out, utf8_prefix(said, most_));
            is_cut = true;
        }
        if (!is_cut) return;
        note(call_, path, value.text);
        value.text = std::move(out);
    }
    /// Bytes that are of use as a whole alone.
    void whole(const char* path, std::string& bytes) {
        if (bytes.size() <= most_) return;
        note(call_, path, bytes);
        bytes = {};
    }

  private:
    Call& call_;
    const std::size_t most_;
};

class Masker {
  public:
    explicit Masker(Masked& masked) : masked_(masked) {}

    void text(const char*, std::string& text) {
        if (!text.starts_with("data:")) mask_personal_data(text, masked_);  // but for media
    }
    void json(const char*, Json& value) { mask_personal_data_in_json(value.text, masked_); }
    void strings(const char* path, Json& value) { json(path, value); }

  private:
    Masked& masked_;
};

/// A beginning may end within an address or a number, of which the rest would tell who it is.
void drop_cut_data(std::string& beginning) {
    constexpr std::size_t kLongest = 64;
    if (beginning.size() + 4 <= kPreviewBytes)
        return;  // it is the whole, or ends with a letter of four bytes
    std::size_t end = beginning.size() - kLongest;
    // The last word, and numbers before it.
    if (const auto space = beginning.find_last_of(" \n\t"); space != std::string::npos && space > end)
        end = space;
    const auto digit = beginning.find_first_of("0123456789", beginning.size() - kLongest);
    if (digit < end) {
        end = digit;
        while (end > 0 && !std::string_view(" \n\t").contains(beginning[end - 1])) --end;
    }
    beginning.resize(utf8_prefix(beginning, end).size());
}

}  // namespace

void cut_texts(Call& call, std::size_t most) {
    Cutter cut(call, most);
    each_text(call, cut);
    cut.whole("raw.request", call.raw.request);
    cut.whole("raw.response", call.raw.response);
    cut.whole("raw.client_request", call.raw.client_request);
    for (std::string* beginning : {&call.preview.prompt, &call.preview.answer})
        beginning->resize(utf8_prefix(*beginning, most).size());
}

void mask_texts(Call& call) {
    Masked beginnings;  // are counted where they are from
    Masker mask(call.privacy.masked);
    each_text(call, mask);
    mask.text("error.message", call.error.message);
    for (Attempt& attempt : call.attempts) mask.text("attempts", attempt.reason);
    for (std::string* beginning : {&call.preview.prompt, &call.preview.answer}) {
        drop_cut_data(*beginning);
        mask_personal_data(*beginning, beginnings);
        beginning->resize(utf8_prefix(*beginning, kPreviewBytes).size());
    }
    Cutter drop(call, 0);
    drop.whole("raw.request", call.raw.request);
    drop.whole("raw.response", call.raw.response);
    drop.whole("raw.client_request", call.raw.client_request);
}

void apply(const TextRule& rule, Call& call) {
    if (rule.masks_personal_data) mask_texts(call);
    if (rule.limit != 0) cut_texts(call, rule.limit);
}

void cut_error(Call& call) {
    Cutter(call, kMostWithheldError).text("error.message", call.error.message);
}

}  // namespace steno::ingest
