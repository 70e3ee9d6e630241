#pragma once

#include "providers/json_edits.hpp"
#include "providers/provider.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What editing a request (Provider::edit_request) is in every provider's language. Nothing that a client
/// wrote is taken out: a prompt's text takes the place of the text that stands where it belongs, and what
/// else is there stays: images, further system messages, the conversation that follows.
namespace steno::providers {

/// A message of the client's, as far as a prompt's text can take its place.
struct EditableMessage {
    enum class Role : unsigned char { System, User, Assistant, Other };
    Role role = Role::Other;
    /// The string that is its one text; absent: there is none, or more than one.
    JsonValue text;
    /// It is what a user says, not what a tool does.
    bool speaks = false;
};

EditableMessage::Role role_of(std::string_view role);

/// Of a message whose content is a string, or a list of parts in which a text has one of these types; none:
/// parts have no types.
EditableMessage editable_message(std::string_view role, JsonValue content,
                                 std::span<const std::string_view> text_types);

/// The system texts that the prompt begins with, and what follows them.
struct PromptTexts {
    std::span<const RequestEdit::Text> system;
    std::span<const RequestEdit::Text> rest;
};
PromptTexts texts_of(const RequestEdit& edit);
/// As one text, with an empty line between them.
std::string joined(std::span<const RequestEdit::Text> texts);

/// Each text in the place of the message that stands there. Fails where roles differ, where there are fewer
/// messages, and where the conversation has gone on beyond the prompt: then the variables at hand may be of
/// what was asked later.
Result<void> replace_texts(std::span<const EditableMessage> messages,
                           std::span<const RequestEdit::Text> texts, JsonEdits& edits);

/// The same in a list whose system messages are its first: the prompt's take the place of these, one by one,
/// and those that are more follow them.
struct ListedMessage {
    JsonValue source;
    EditableMessage message;
};
Result<void> replace_texts_in_list(JsonValue list, std::span<const ListedMessage> messages,
                                   const PromptTexts& texts, JsonEdits& edits);

/// The edit's numbers under these names; "": the language has no such parameter.
struct ParameterNames {
    std::string_view token_limit;
    std::string_view temperature = "temperature";
    std::string_view top_p = "top_p";
    std::string_view top_k = "top_k";
    /// What else the limit may be called. A request that has it under this name gets the edit's under this
    /// name; under both, if it has both.
    std::string_view other_token_limit = {};
};
/// Not so of members that say what is asked, of whom and how it is answered (messages, model, stream, …): an
/// edit's `parameters` leave these as they are.
bool is_parameter(std::string_view name);
void set_parameters(const RequestEdit& edit, const ParameterNames& names, JsonValue object, JsonEdits& edits);

/// What `change` makes of a body that is a JSON object; its error, too, where one of `others` does not fit.
using ChangeBody = std::function<Result<void>(JsonValue body, const RequestEdit& edit, JsonEdits& edits)>;
Result<std::string> edited_body(std::string_view body, const RequestEdit& edit,
                                std::span<const RequestEdit> others, const ChangeBody& change);

}  // namespace steno::providers
