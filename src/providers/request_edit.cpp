#include "providers/request_edit.hpp"

#include "base/json_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <list>
#include <utility>

namespace steno::providers {

namespace {

using Role = EditableMessage::Role;

std::string_view name_of(Role role) {
    switch (role) {
        case Role::System:
            return "system";
        case Role::User:
            return "user";
        case Role::Assistant:
            return "assistant";
        case Role::Other:
            break;
    }
    return "other";
}

/// Members that say what is asked, of whom and how it is answered: no parameters of a prompt.
constexpr std::array<std::string_view, 11> kNoParameters = {"model",
                                                            "messages",
                                                            "input",
                                                            "instructions",
                                                            "system",
                                                            "prompt",
                                                            "contents",
                                                            "systemInstruction",
                                                            "stream",
                                                            "stream_options",
                                                            "previous_response_id"};

/// Does an object in it have a member twice? Who reads that may take the first, or the last.
bool has_member_twice(JsonValue value, std::vector<std::string_view>& names) {
    if (value.is_object() && value.size() > 1) {
        names.clear();
        std::list<std::string> unescaped;
        for (const auto& [key, member] : value.members()) {
            std::string decoded;
            std::string_view name = key.string_in(decoded);
            if (!decoded.empty()) name = unescaped.emplace_back(std::move(decoded));
            names.push_back(name);
        }
        std::ranges::sort(names);
        if (std::ranges::adjacent_find(names) != names.end()) return true;
    }
    for (const auto& [key, member] : value.members())
        if (has_member_twice(member, names)) return true;
    for (const JsonValue element : value.elements())
        if (has_member_twice(element, names)) return true;
    return false;
}

}  // namespace

EditableMessage::Role role_of(std::string_view role) {
    if (role == "system" || role == "developer") return Role::System;
    if (role == "user") return Role::User;
    return role == "assistant" || role == "model" ? Role::Assistant : Role::Other;
}

EditableMessage editable_message(std::string_view role, JsonValue content,
                                 std::span<const std::string_view> text_types) {
    EditableMessage message;
    message.role = role_of(role);
    int texts = 0;
    if (content.is_string()) {
        message.text = content;
        texts = 1;
    }
    for (const JsonValue part : content.elements()) {
        const JsonValue type = part["type"];
        const bool is_text =
            text_types.empty() || std::ranges::any_of(text_types, [&](auto one) { return type.is(one); });
        if (!is_text || !part["text"].is_string()) continue;
        if (++texts == 1) message.text = part["text"];
    }
    message.speaks = message.role == Role::User && texts > 0;
    if (texts != 1) message.text = {};
    return message;
}

PromptTexts texts_of(const RequestEdit& edit) {
    const auto end = std::ranges::find_if_not(
        edit.texts, [](const auto& text) { return role_of(text.role) == Role::System; });
    return {{edit.texts.begin(), end}, {end, edit.texts.end()}};
}

std::string joined(std::span<const RequestEdit::Text> texts) {
    std::string all;
    for (const RequestEdit::Text& text : texts) {
        if (!all.empty()) all += "\n\n";
        all += text.text;
    }
    return all;
}

Result<void> replace_texts(std::span<const EditableMessage> messages,
                           std::span<const RequestEdit::Text> texts, JsonEdits& edits) {
    if (texts.empty()) return {};
    if (texts.size() > messages.size())
        return fail(Code::FailedPrecondition, "the prompt has more messages than the request");
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (role_of(texts[i].role) != messages[i].role) {
            return fail(Code::FailedPrecondition,
                        fmt::format("where the prompt has a message of the role {}, the request has one of "
                                    "the role {}",
                                    texts[i].role, name_of(messages[i].role)));
        }
        if (messages[i].text.type() == JsonValue::Type::Absent)
            return fail(Code::FailedPrecondition,
                        "a message that the prompt would take the place of has not one text");
        edits.replace_text(messages[i].text, texts[i].text);
    }
    if (std::ranges::any_of(messages.subspan(texts.size()), &EditableMessage::speaks))
        return fail(Code::FailedPrecondition, "the conversation has gone on beyond the prompt");
    return {};
}

Result<void> replace_texts_in_list(JsonValue list, std::span<const ListedMessage> messages,
                                   const PromptTexts& texts, JsonEdits& edits) {
    std::size_t systems = 0;
    while (systems < messages.size() && messages[systems].message.role == Role::System) ++systems;
    std::vector<EditableMessage> editable;
    for (const ListedMessage& one : messages) editable.push_back(one.message);
    const std::size_t replaced = std::min(systems, texts.system.size());
    STENO_TRY(replace_texts(std::span(editable).first(systems), texts.system.first(replaced), edits));
    STENO_TRY(replace_texts(std::span(editable).subspan(systems), texts.rest, edits));
    std::string more;
    for (const RequestEdit::Text& text : texts.system.subspan(replaced)) {
        if (!more.empty()) more += ",";
        JsonWriter json(more);
        json.begin_object();
        json.member("role", std::string_view(text.role));
        json.member("content", std::string_view(text.text));
        json.end_object();
    }
    if (more.empty()) return {};
    if (messages.empty()) {
        edits.insert_only(list, more);
    } else if (replaced < messages.size()) {
        edits.insert_before(messages[replaced].source, more);
    } else {
        return fail(Code::FailedPrecondition, "the prompt has more messages than the request");
    }
    return {};
}

bool is_parameter(std::string_view name) {
    return std::ranges::find(kNoParameters, name) == kNoParameters.end();
}

void set_parameters(const RequestEdit& edit, const ParameterNames& names, JsonValue object,
                    JsonEdits& edits) {
    const auto set_limit = [&](std::string_view name, std::string_view json) {
        const auto& [limit, other] = std::pair(names.token_limit, names.other_token_limit);
        const bool has_limit = object[limit].has_value();
        const bool has_other = !other.empty() && object[other].has_value();
        if (has_limit) edits.set(object, limit, json);
        if (has_other) edits.set(object, other, json);
        if (!has_limit && !has_other) edits.set(object, name, json);
    };
    const auto set = [&](std::string_view name, const auto& number) {
        if (!number || name.empty()) return;
        std::string json;
        JsonWriter(json).number(*number);
        if (name == names.token_limit)
            set_limit(name, json);
        else
            edits.set(object, name, json);
    };
    set(names.token_limit, edit.token_limit);
    set(names.temperature, edit.temperature);
    set(names.top_p, edit.top_p);
    set(names.top_k, edit.top_k);
    JsonDocument others;
    if (edit.parameters.empty() || !others.parse(edit.parameters)) return;
    for (const auto& [key, value] : others.root().members()) {
        const std::string name = key.string();
        if (!names.other_token_limit.empty() &&
            (name == names.token_limit || name == names.other_token_limit)) {
            if (!edit.token_limit) set_limit(name, value.raw());
        } else if (is_parameter(name)) {
            edits.set(object, name, value.raw());
        }
    }
}

Result<std::string> edited_body(std::string_view body, const RequestEdit& edit,
                                std::span<const RequestEdit> others, const ChangeBody& change) {
    JsonDocument document;
    if (!document.parse(body) || !document.root().is_object())
        return fail(Code::FailedPrecondition, "the request's body is no JSON object");
    JsonEdits edits(body);
    if (!edits.holds(document.root()))
        return fail(Code::FailedPrecondition, "the request's body is not UTF-8");
    if (std::vector<std::string_view> names; has_member_twice(document.root(), names))
        return fail(Code::FailedPrecondition, "the request's body has a member twice");
    for (const RequestEdit& other : others) {
        JsonEdits of_other(body);
        STENO_TRY(change(document.root(), other, of_other));
    }
    STENO_TRY(change(document.root(), edit, edits));
    return *edits.result();  // there is one: all that was changed is of the document
}

Result<std::string> Provider::edit_request(const RequestView& /*request*/, const RequestEdit& /*edit*/,
                                           std::span<const RequestEdit> /*others*/) const {
    return fail(Code::Unimplemented, "requests in this form cannot be edited");
}

}  // namespace steno::providers
