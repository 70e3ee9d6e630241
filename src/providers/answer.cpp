#include "providers/answer.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace steno::providers {

namespace {

constexpr std::size_t kPartCost = sizeof(Part);
constexpr std::string_view kRefusal = "refusal";
constexpr std::string_view kUnknown = "\xef\xbf\xbd";  ///< U+FFFD

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Part refusal_part(std::string_view text) {
    Part part;
    part.type = PartType::Other;
    JsonWriter writer(part.value.text);
    writer.begin_object();
    writer.member("type", kRefusal);
    writer.member(kRefusal, text);
    writer.end_object();
    return part;
}

/// Could `fragment` be the beginning of another call's arguments, `sofar` being complete?
bool begins_another(std::string_view sofar, std::string_view fragment) {
    constexpr std::size_t kChecked = 64 << 10;  // keeps the check from making assembly quadratic
    return sofar.ends_with('}') && fragment.starts_with('{') && sofar.size() <= kChecked && is_json(sofar);
}

}  // namespace

Json verbatim(JsonValue value) {
    return value.has_value() ? Json{std::string(value.raw())} : Json{};
}

Json tool_arguments(std::string_view text) {
    const std::string_view content = trimmed(text);
    if (content.empty()) return Json{"{}"};
    if (is_json(content)) return Json{std::string(content)};
    Json quoted;
    append_json_string(quoted.text, text);
    return quoted;
}

Json tool_arguments(JsonValue value) {
    if (value.is_string()) return tool_arguments(value.string());
    return value.has_value() ? verbatim(value) : Json{"{}"};
}

void add_modality(std::vector<std::string>& set, std::string_view name) {
    if (std::ranges::find(set, name) == set.end()) set.emplace_back(name);
}

bool is_cut_short(std::string_view finish_reason) {
    static constexpr std::string_view kReasons[] = {"length",
                                                    "max_tokens",
                                                    "MAX_TOKENS",
                                                    "max_output_tokens",
                                                    "model_length",
                                                    "incomplete",
                                                    "content_filter",
                                                    "refusal",
                                                    "SAFETY",
                                                    "RECITATION",
                                                    "BLOCKLIST",
                                                    "PROHIBITED_CONTENT",
                                                    "SPII",
                                                    "IMAGE_SAFETY",
                                                    "model_context_window_exceeded",
                                                    "insufficient_system_resource",
                                                    "error",  // Mistral
                                                    "ERROR",  // Cohere, with the four below
                                                    "ERROR_LIMIT",
                                                    "ERROR_TOXIC",
                                                    "TIMEOUT",
                                                    "USER_CANCEL",
                                                    "LENGTH",  // Titan, with the next
                                                    "CONTENT_FILTERED",
                                                    "content_filtered"};  // Bedrock
    return std::ranges::find(kReasons, finish_reason) != std::end(kReasons);
}

void Answer::select(std::int64_t choice) {
    if (choices_.size() >= kMaxChoices && !choices_.contains(choice)) return;
    selected_ = &choices_[choice];
}

Answer::Choice& Answer::selected() {
    if (selected_ == nullptr) select(0);
    return *selected_;
}

void Answer::set_role(std::string_view role) {
    std::string& known = selected().message.role;
    if (known.empty()) known = utf8_prefix(role, 200);
}

void Answer::set_finish_reason(std::string_view reason) {
    if (!reason.empty()) selected().finish_reason = utf8_prefix(reason, 200);
}

bool Answer::take(std::size_t bytes) {
    if (kept_ + bytes > kMaxKept) {
        left_out_ += bytes;
        return false;
    }
    kept_ += bytes;
    return true;
}

Part* Answer::begin_part(PartType type) {
    if (!take(kPartCost)) return nullptr;
    Part& part = selected().message.parts.emplace_back();
    part.type = type;
    return &part;
}

void Answer::append(PartType type, std::string_view text) {
    if (text.empty()) return;
    has_output_ = true;
    std::vector<Part>& parts = selected().message.parts;
    const bool continues = !parts.empty() && parts.back().type == type;
    Part* const part = continues ? &parts.back() : begin_part(type);
    if (part != nullptr && take(text.size())) part->text.append(text);
}

void Answer::append(PartType type, JsonValue text) {
    std::string decoded;
    std::string_view content = text.string_in(decoded);
    if (content.empty()) return;
    Choice& choice = selected();
    std::vector<Part>& parts = choice.message.parts;
    const std::uint32_t first = std::exchange(choice.half, 0);
    if (const std::uint32_t second = first == 0 ? 0 : text.second_half_at_begin();
        second != 0 && !parts.empty() && parts.back().type == type && parts.back().text.ends_with(kUnknown)) {
        parts.back().text.resize(parts.back().text.size() - kUnknown.size());
        append_utf8(parts.back().text, 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        content.remove_prefix(kUnknown.size());
    }
    append(type, content);
    choice.half = text.first_half_at_end();
}

void Answer::append_refusal(std::string_view text) {
    if (text.empty()) return;
    has_output_ = true;
    std::vector<Part>& parts = selected().message.parts;
    const bool continues =
        !parts.empty() && parts.back().type == PartType::Other && parts.back().name == kRefusal;
    Part* const part = continues ? &parts.back() : begin_part(PartType::Other);
    if (part == nullptr || !take(text.size())) return;
    part->name = kRefusal;
    part->text.append(text);  // becomes `value` at the end
}

void Answer::add(Part part) {
    has_output_ = true;
    const std::size_t size = kPartCost + part.text.size() + part.id.size() + part.name.size() +
                             part.value.text.size() + part.url.size();
    if (take(size)) selected().message.parts.push_back(std::move(part));
}

void Answer::add_verbatim(JsonValue value) {
    Part part;
    part.type = PartType::Other;
    part.value = verbatim(value);
    if (!part.value.text.empty()) add(std::move(part));
}

void Answer::append_tool_call(std::int64_t slot, std::string_view id, std::string_view name,
                              std::string_view arguments) {
    has_output_ = true;
    Choice& choice = selected();
    const auto known = choice.tool_slots.find(slot);
    Part* part = known == choice.tool_slots.end() ? nullptr : &choice.message.parts[known->second];
    const bool other_id = part != nullptr && !id.empty() && !part->id.empty() && id != part->id;
    const bool again =
        part != nullptr && id.empty() && !name.empty() && begins_another(part->text, arguments);
    if (part == nullptr || other_id || again) {
        part = begin_part(PartType::ToolCall);
        if (part == nullptr) return;
        choice.tool_slots[slot] = choice.message.parts.size() - 1;
    }
    if (!take(id.size() + name.size() + arguments.size())) return;
    if (part->id.empty()) part->id = id;
    if (part->name.empty()) part->name = name;
    part->text.append(arguments);  // becomes `value` at the end
}

void Answer::add_tool_call(std::string_view id, std::string_view name, JsonValue arguments) {
    Part part;
    part.type = PartType::ToolCall;
    part.id = id;
    part.name = name;
    part.value = tool_arguments(arguments);
    add(std::move(part));
}

void Answer::restart() {
    choices_.clear();
    selected_ = nullptr;
    kept_ = 0;
    left_out_ = 0;
}

bool Answer::all_finished() const {
    return !choices_.empty() && std::ranges::none_of(choices_, [](const auto& entry) {
        return entry.second.finish_reason.empty();
    });
}

bool Answer::cut_short() const {
    return std::ranges::any_of(choices_,
                               [](const auto& entry) { return is_cut_short(entry.second.finish_reason); });
}

void Answer::move_to(Call& call) {
    if (choices_.empty()) return;
    std::int64_t characters = 0;
    std::string first_text;
    bool first = true;
    for (auto& [index, choice] : choices_) {
        if (!choice.finish_reason.empty()) call.response.finish_reasons.push_back(choice.finish_reason);
        if (choice.message.role.empty()) choice.message.role = "assistant";
        for (Part& part : choice.message.parts) {
            switch (part.type) {
                case PartType::Text:
                    characters += static_cast<std::int64_t>(utf8_length(part.text));
                    add_modality(call.modality.output, "text");
                    if (first) first_text += part.text;
                    break;
                case PartType::ToolCall:
                    if (part.value.text.empty()) part.value = tool_arguments(part.text);
                    part.text.clear();
                    call.response.tool_calls.push_back({part.id, part.name, part.value, {}});
                    break;
                case PartType::Image:
                    add_modality(call.modality.output, "image");
                    break;
                case PartType::Audio:
                    add_modality(call.modality.output, "audio");
                    break;
                case PartType::Video:
                    add_modality(call.modality.output, "video");
                    break;
                case PartType::Other:
                    if (part.name == kRefusal) part = refusal_part(part.text);
                    break;
                default:
                    break;
            }
        }
        call.response.messages.push_back(std::move(choice.message));
        first = false;
    }
    call.response.output_chars = characters;
    const std::string_view content = trimmed(first_text);
    if ((content.starts_with('{') || content.starts_with('[')) && is_json(content)) {
        call.response.structured.text = content;
        add_modality(call.modality.output, "json");
    }
    if (left_out_ != 0) {
        call.privacy.truncated["response.messages"].bytes = static_cast<std::int64_t>(kept_ + left_out_);
    }
    restart();
}

}  // namespace steno::providers
