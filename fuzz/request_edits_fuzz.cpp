// Requests that an experiment edits: the first byte says whose request it is, the second what a variant
// changes, and the rest is the body. What comes out is JSON that says what the variant says, differs from
// what came only there, and stays as it is when it is edited so once more.
#include "fuzz.hpp"
#include "providers/json_view.hpp"
#include "providers/provider.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

using namespace steno;
using fuzz::expect;
using providers::JsonDocument;
using providers::JsonValue;

namespace {

struct Target {
    std::string_view upstream;
    std::string_view path;
};
constexpr std::array kTargets{
    Target{"openai", "/v1/chat/completions"},
    Target{"groq", "/v1/chat/completions"},
    Target{"openai", "/v1/responses"},
    Target{"anthropic", "/v1/messages"},
    Target{"gemini", "/v1beta/models/gemini-2.5-flash:generateContent"},
    Target{"mistral", "/v1/chat/completions"},
    Target{"openai", "/v1/embeddings"},
};

providers::RequestEdit edit_of(std::uint8_t bits, std::string_view model) {
    providers::RequestEdit edit;
    if (bits & 1) edit.model = model;
    if (bits & 2) edit.temperature = 0.25;
    if (bits & 4) edit.token_limit = 7;
    if (bits & 8) edit.top_k = 40;
    if (bits & 16) edit.parameters = R"({"seed":1,"max_tokens":9,"messages":[],"stop":["\u00e9"]})";
    if (bits & 32) edit.texts.push_back({"system", "a\n\"b\" \xc3\xa9"});
    if (bits & 64) edit.texts.push_back({"user", "c\\"});
    if (bits & 128) edit.texts.push_back({"assistant", ""});
    return edit;
}

/// Members of a body that such an edit may change or add.
bool may_change(std::string_view name, std::uint8_t bits) {
    const auto is_of = [&](std::initializer_list<std::string_view> names) {
        return std::ranges::find(names, name) != names.end();
    };
    if ((bits & 1) && is_of({"model", "max_tokens", "max_completion_tokens"})) return true;
    if ((bits & 2) && name == "temperature") return true;
    if ((bits & (4 | 16)) && is_of({"max_tokens", "max_completion_tokens", "max_output_tokens"})) return true;
    if ((bits & 8) && name == "top_k") return true;
    if ((bits & 16) && is_of({"seed", "stop"})) return true;
    if ((bits & (2 | 4 | 8 | 16)) && is_of({"generationConfig", "generation_config"})) return true;
    return (bits & (32 | 64 | 128)) && is_of({"messages", "input", "instructions", "system", "contents",
                                              "systemInstruction", "system_instruction"});
}

/// Every member of `one` that the edit does not concern stands in `other` with the very same bytes.
void expect_the_rest_in(JsonValue one, JsonValue other, std::uint8_t bits) {
    for (const auto& [key, value] : one.members()) {
        const std::string name = key.string();
        if (!may_change(name, bits)) expect(other[name].raw() == value.raw());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const Target& target = kTargets[data[0] % kTargets.size()];
    const bool model_in_path = target.upstream == "gemini";
    const auto bits = static_cast<std::uint8_t>(model_in_path ? data[1] & ~1 : data[1]);
    const std::string_view body = fuzz::as_text(data + 2, size - 2);
    const providers::Provider& provider = providers::find_provider(target.upstream).provider();
    const auto edited = [&](std::string_view request, const providers::RequestEdit& edit,
                            const std::vector<providers::RequestEdit>& others = {}) {
        return provider.edit_request(
            {"POST", target.path, "", [](std::string_view) { return std::nullopt; }, request}, edit, others);
    };

    const providers::RequestEdit edit = edit_of(bits, "n\xc3\xa9\"w");
    const auto out = edited(body, edit);
    if (!out) {
        expect(!out.error().message.empty());
        // Nor does anybody take part for whom it is what others get.
        expect(!edited(body, {}, {edit}));
        return 0;
    }
    expect(edited(body, {}, {edit}).value() == body);
    JsonDocument before;
    JsonDocument after;
    expect(before.parse(body) && after.parse(*out));
    expect_the_rest_in(before.root(), after.root(), bits);
    expect_the_rest_in(after.root(), before.root(), bits);
    if (bits & 1) expect(after.root()["model"].string() == edit.model);
    // (Elsewhere one of these names is a member like any other.)
    if ((bits & 4) && target.path.ends_with("/chat/completions")) {
        for (const std::string_view name : {"max_tokens", "max_completion_tokens"})
            expect(!after.root()[name].has_value() || after.root()[name].integer() == 7);
    }
    // (A limit that a variant adds with another model is then taken for the client's, and gets the new name.)
    if ((bits & 17) == 17) return 0;
    const auto again = edited(*out, edit);
    expect(again && *again == *out);
    return 0;
}
