#include "client/facts.hpp"

#include "base/text.hpp"
#include "client/draft.hpp"
#include "client/tracker.hpp"
#include "record/binary.hpp"

namespace steno::client {

namespace {

/// Before the fields of a part stand its version and its place (docs/formats/record.md).
constexpr std::size_t kPartHead = 2;

/// Cuts the texts of messages that are too long; of the first one so cut at `path`, length and digest are
/// kept.
void cut_texts(CallScope::Draft& draft, std::vector<Message>& messages, std::string_view path) {
    bool noted = false;
    for (Message& message : messages) {
        for (Part& part : message.parts) {
            if (part.text.size() <= draft.max_text) continue;
            if (!std::exchange(noted, true)) kept(draft.truncated, draft.max_text, path, part.text);
            part.text.resize(utf8_prefix(part.text, draft.max_text).size());
        }
    }
}

void append(std::string& part, const Call& facts, Place place) {
    const std::string encoded = encode(facts, place);
    if (encoded.size() > kPartHead) part.append(encoded, kPartHead);
}

}  // namespace

void add_facts(CallScope& scope, Call facts) noexcept {
    CallScope::Draft* const draft = scope.draft();
    if (draft == nullptr) return;
    guarded([&] {
        facts.id = draft->id;
        draft->status = static_cast<std::uint8_t>(facts.status);
        draft->failed = facts.status == Status::Failure;
        draft->prompt_preview = std::move(facts.preview.prompt);
        draft->result_preview = std::move(facts.preview.answer);
        facts.preview = {};
        draft->messages.clear();
        draft->user_text_size = 0;
        draft->answer.clear();
        draft->answer_characters = 0;
        draft->parameters = std::move(facts.request.parameters.text);
        facts.request.parameters = {};
        if (draft->max_text != 0) {
            cut_texts(*draft, facts.request.messages, "request.messages");
            cut_texts(*draft, facts.response.messages, "response.messages");
        }
        append(draft->header, facts, Place::Header);
        append(draft->request, facts, Place::RequestPayload);
        append(draft->response, facts, Place::ResponsePayload);
    });
}

}  // namespace steno::client
