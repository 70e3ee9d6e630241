#include "client/draft.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include "client/context_node.hpp"
#include "client/record_writer.hpp"
#include "record/binary.hpp"
#include "record/call.hpp"

#include <algorithm>
#include <utility>

namespace steno {

using client::number;
using client::RecordWriter;

namespace {

constexpr std::size_t kUsualHeader = 320;     ///< asked for at once, rather than step by step
constexpr std::size_t kKeptFree = 64u << 10;  ///< of a text that was large, the memory is given back

/// What stands before the fields of each part (docs/formats/record.md).
void begin_part(std::string& part, Place place) {
    part.clear();
    part.push_back(1);
    part.push_back(static_cast<char>(place));
}
constexpr std::size_t kPartHead = 2;

/// Bytes at the end that may be the beginning of one character.
std::size_t unfinished(std::string_view text) {
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if ((byte & 0xc0) == 0x80) continue;  // one that goes on
        const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        return back < length ? back : 0;
    }
    return 0;
}

/// Each of the draft's texts, to `visit`.
template <class AnyDraft, class Visit>
void for_each_text(AnyDraft& draft, Visit&& visit) {
    for (auto* const text :
         {&draft.header, &draft.messages, &draft.answer, &draft.request, &draft.response, &draft.answer_parts,
          &draft.tool_calls, &draft.finish_reasons, &draft.parameters, &draft.metadata, &draft.truncated,
          &draft.prompt_preview, &draft.input_preview, &draft.result_preview, &draft.output_types})
        visit(*text);
}

}  // namespace

namespace client {

std::string_view kept(std::string& truncated, std::size_t most, std::string_view path,
                      std::string_view text) {
    if (most == 0 || text.size() <= most) return text;
    std::string fields;
    RecordWriter out(fields);
    out.integer(number<Truncation, "bytes">(), static_cast<std::int64_t>(text.size()));
    out.text(number<Truncation, "sha256">(), to_hex(as_text(sha256(text))));
    ByteWriter item(truncated);
    item.text(path);
    item.text(fields);
    return utf8_prefix(text, most);
}

void add_message(std::string& items, std::string_view role, std::string_view text,
                 std::string_view more_parts) {
    // The parts' sizes are known before: written once, without a copy in between.
    const auto varint_size = [](std::size_t value) {
        std::size_t bytes = 1;
        while (value >= 0x80) value >>= 7, ++bytes;
        return bytes;
    };
    const auto field_size = [&](std::size_t length) { return 1 + varint_size(length) + length; };
    const std::size_t part = text.empty() ? 0 : 2 + field_size(text.size());
    const std::size_t parts = (part == 0 ? 0 : varint_size(part) + part) + more_parts.size();
    const std::size_t message =
        (role.empty() ? 0 : field_size(role.size())) + (parts == 0 ? 0 : field_size(parts));
    RecordWriter out(items);
    out.expect(message);
    out.varint(message);
    out.text(number<Message, "role">(), role);
    if (parts == 0) return;
    out.varint(number<Message, "parts">() << 3 | 2);
    out.varint(parts);
    if (part != 0) {
        out.varint(part);
        out.name(number<Part, "type">(), static_cast<std::uint64_t>(PartType::Text));
        out.text(number<Part, "text">(), text);
    }
    out.raw(more_parts);
}

}  // namespace client

CallScope::Draft::Draft() {
    header.reserve(kUsualHeader);
}

void CallScope::Draft::clear() {
    for_each_text(*this, [](std::string& text) {
        text.clear();
        if (text.capacity() > kKeptFree) text.shrink_to_fit();
    });
    tags.clear();
    attributes.clear();
    context = {};
    finish_reason_count = 0;
    answer_characters = 0;
    user_text_size = 0;
    status = static_cast<std::uint8_t>(Status::Success);
    failed = false;
    first_piece = 0;
    pieces = 0;
    lasted = -1;
}

std::size_t CallScope::Draft::memory() const {
    std::size_t size = sizeof *this;
    for_each_text(*this, [&](const std::string& text) { size += text.capacity(); });
    return size;
}

void CallScope::Draft::add_answer(std::string_view text) {
    if (keeps_previews()) {
        answer.append(text);
        return;
    }
    // Only counted, but for a character that the next piece may complete.
    if (!answer.empty()) text = answer.append(text);
    const std::size_t whole = text.size() - unfinished(text);
    answer_characters += static_cast<std::int64_t>(utf8_length(text.substr(0, whole)));
    answer.assign(text.substr(whole));
}

void CallScope::Draft::set_level(LogLevel wanted) {
    const bool had_texts = keeps_texts();
    level = std::min(wanted, most);
    if (had_texts && !keeps_texts() && user_text_size != 0) {
        const auto text = std::string_view(messages).substr(user_text - user_text_size, user_text_size);
        prompt_preview = utf8_prefix(text, kPreviewBytes);
        user_text_size = 0;
    }
}

void CallScope::Draft::end() {
    ended_steady = lasted < 0 ? system_clock().steady_nanos() : began_steady + lasted;
    const Context::Node* const node = context.node().get();
    if (node != nullptr && keeps_texts()) request.append(node->request);
    if (tags.empty() && attributes.empty()) {
        if (node != nullptr) header.append(node->labels);
    } else if (node == nullptr || node->labels.empty()) {
        client::write_labels(header, tags, attributes);
    } else {
        std::vector<std::string> all = node->tags;
        for (std::string& tag : tags) {
            if (std::ranges::find(all, tag) == all.end()) all.push_back(std::move(tag));
        }
        attributes.insert(node->attributes.begin(), node->attributes.end());  // its own stay as they are
        client::write_labels(header, all, attributes);
    }
    // While the call waits to be delivered, these need no memory besides.
    tags.clear();
    attributes.clear();
    context = {};
}

void CallScope::Draft::encode(Parts& parts) const {
    std::string cut_texts = truncated;
    const std::string_view shown_answer =
        keeps_texts() ? client::kept(cut_texts, max_text, "response.messages", answer) : answer;
    begin_part(parts.header, Place::Header);
    begin_part(parts.request, Place::RequestPayload);
    begin_part(parts.response, Place::ResponsePayload);
    parts.header.append(header);
    write_facts(parts.header, cut_texts);
    write_texts(parts, shown_answer);
    for (std::string* const part : {&parts.request, &parts.response}) {
        if (part->size() == kPartHead) part->clear();
    }
}

bool CallScope::Draft::read_header(Call& call) const {
    std::string part;
    begin_part(part, Place::Header);
    return decode(part.append(header), call).has_value();
}

void CallScope::Draft::write_facts(std::string& to, std::string_view cut_texts) const {
    const std::int64_t duration = std::max<std::int64_t>(ended_steady - began_steady, 0);
    const std::int64_t characters = answer_characters + static_cast<std::int64_t>(utf8_length(answer));
    RecordWriter head(to);
    head.name(number<Call, "status">(), status);
    head.moment(number<Call, "ended_at">(), {began.unix_nanos + duration, began.offset_minutes});
    head.group(number<Call, "time">(), [&](RecordWriter& time) {
        time.integer(number<Timing, "duration_ms">(), duration);
        if (first_piece == 0) return;
        time.integer(number<Timing, "time_to_first_token_ms">(),
                     std::max<std::int64_t>(first_piece - began_steady, 0));
    });
    if (pieces != 0) {
        head.group(number<Call, "request">(),
                   [&](RecordWriter& out) { out.boolean(number<RequestFacts, "stream">(), true); });
    }
    head.group(number<Call, "response">(), [&](RecordWriter& out) {
        out.items(number<ResponseFacts, "finish_reasons">(), finish_reasons);
        if (pieces != 0) out.integer(number<ResponseFacts, "chunks">(), pieces);
        if (characters != 0) out.integer(number<ResponseFacts, "output_chars">(), characters);
    });
    if (characters != 0 || !output_types.empty()) {
        constexpr std::string_view kText{"\4text", 5};  // a list of one
        head.group(number<Call, "modality">(), [&](RecordWriter& out) {
            out.items(number<Modality, "output">(), output_types.empty() ? kText : output_types);
        });
    }
    head.group(number<Call, "labels">(),
               [&](RecordWriter& out) { out.text(number<Labels, "metadata">(), metadata); });
    // That the texts are not kept at all; of a summary their beginnings are.
    head.group(number<Call, "privacy">(), [&](RecordWriter& out) {
        if (!keeps_previews()) out.boolean(number<Privacy, "full_data">(), false);
        if (keeps_texts()) out.items(number<Privacy, "truncated">(), cut_texts);
    });
}

void CallScope::Draft::write_texts(Parts& parts, std::string_view shown_answer) const {
    RecordWriter asked(parts.request);
    RecordWriter said(parts.response);
    if (keeps_texts()) {
        asked.raw(request);
        said.raw(response);
        asked.group(number<Call, "request">(),
                    [&](RecordWriter& out) { out.items(number<RequestFacts, "messages">(), messages); });
        if (!shown_answer.empty() || !answer_parts.empty()) {
            parts.answer.clear();
            client::add_message(parts.answer, "assistant", shown_answer, answer_parts);
            said.group(number<Call, "response">(), [&](RecordWriter& out) {
                out.items(number<ResponseFacts, "messages">(), parts.answer);
                out.items(number<ResponseFacts, "tool_calls">(), tool_calls);
            });
        }
    } else if (keeps_previews()) {
        said.group(number<Call, "preview">(), [&](RecordWriter& out) {
            out.text(number<Preview, "prompt">(), prompt_preview.empty() ? input_preview : prompt_preview);
            out.text(number<Preview, "answer">(),
                     answer.empty() ? result_preview : utf8_prefix(answer, kPreviewBytes));
        });
    }
    asked.group(number<Call, "request">(),
                [&](RecordWriter& out) { out.text(number<RequestFacts, "parameters">(), parameters); });
}

}  // namespace steno
