#include "ingest/policy.hpp"

#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace steno::ingest {

namespace {

class Cutter {
  public:
    Cutter(Call& call, std::size_t most) : call_(call), most_(most) {}

    void text(const char* path, std::string& text) {
        if (text.size() <= most_) return;
        note(path, text);
        text.resize(utf8_prefix(text, most_).size());
        text.shrink_to_fit();
    }
    /// Its beginning as a JSON string: what is cut through is no value any more.
    void json(const char* path, Json& value) {
        if (value.text.size() <= most_) return;
        note(path, value.text);
        std::string beginning;
        for (std::size_t size = most_;; size = std::min(size - 1, size * most_ / beginning.size())) {
            beginning.clear();
            append_json_string(beginning, utf8_prefix(value.text, size));
            if (size == 0 || beginning.size() <= most_) break;  // what has to be escaped is longer then
        }
        value.text = std::move(beginning);
    }
    void whole(const char* path, std::string& bytes) {
        if (bytes.size() <= most_) return;
        note(path, bytes);
        bytes = {};
    }
    void messages(const char* path, std::vector<Message>& messages) {
        for (Message& message : messages) {
            for (Part& part : message.parts) {
                text(path, part.text);
                json(path, part.value);
                text(path, part.url);
            }
        }
    }

  private:
    void note(const char* path, const std::string& was) {
        const auto [at, is_first] = call_.privacy.truncated.try_emplace(path);
        if (!is_first) return;
        at->second.bytes = static_cast<std::int64_t>(was.size());
        at->second.sha256 = to_hex(as_text(sha256(was)));
    }

    Call& call_;
    const std::size_t most_;
};

}  // namespace

void cut_texts(Call& call, std::size_t most) {
    Cutter cut(call, most);
    cut.text("request.system", call.request.system);
    cut.messages("request.messages", call.request.messages);
    cut.json("request.input", call.request.input);
    cut.json("prompt.variables", call.prompt.variables);
    cut.messages("response.messages", call.response.messages);
    cut.json("response.structured", call.response.structured);
    cut.json("response.output", call.response.output);
    for (ToolCall& tool : call.response.tool_calls) cut.json("response.tool_calls", tool.arguments);
    cut.text("error.stack", call.error.stack);
    cut.whole("raw.request", call.raw.request);
    cut.whole("raw.response", call.raw.response);
    cut.whole("raw.client_request", call.raw.client_request);
    for (std::string* beginning : {&call.preview.prompt, &call.preview.answer})
        beginning->resize(utf8_prefix(*beginning, most).size());
}

void cut_error(Call& call) {
    Cutter(call, kMostWithheldError).text("error.message", call.error.message);
}

}  // namespace steno::ingest
