#include "providers/request_facts.hpp"

#include "base/json_writer.hpp"
#include "providers/answer.hpp"

#include <algorithm>

namespace steno::providers {

Json parameters_without(JsonValue body, std::initializer_list<std::string_view> names) {
    Json parameters;
    JsonWriter writer(parameters.text);
    writer.begin_object();
    for (const auto [key, value] : body.members()) {
        if (std::ranges::any_of(names, [&](std::string_view name) { return key.is(name); })) continue;
        writer.member_raw(key.string(), value.raw());
    }
    writer.end_object();
    if (parameters.text == "{}") parameters.text.clear();
    return parameters;
}

std::string_view modality_of_mime(std::string_view mime) {
    for (const std::string_view kind : {"image", "audio", "video"}) {
        if (mime.starts_with(kind)) return kind;
    }
    return mime.starts_with("application/pdf") ? "pdf" : "document";
}

PartType part_type_of_mime(std::string_view mime) {
    if (mime.starts_with("image/")) return PartType::Image;
    if (mime.starts_with("audio/")) return PartType::Audio;
    if (mime.starts_with("video/")) return PartType::Video;
    return PartType::Document;
}

std::string_view mime_of_data_url(std::string_view url) {
    if (!url.starts_with("data:")) return {};
    url.remove_prefix(5);
    return url.substr(0, std::min<std::size_t>(url.find_first_of(";,"), 200));
}

void fill_input_modality(Call& call) {
    std::vector<std::string>& set = call.modality.input;
    if (!call.request.system.empty()) add_modality(set, "text");
    for (const Message& message : call.request.messages) {
        for (const Part& part : message.parts) {
            switch (part.type) {
                case PartType::Text:
                case PartType::ToolResult:
                    add_modality(set, "text");
                    break;
                case PartType::Image:
                    add_modality(set, "image");
                    break;
                case PartType::Audio:
                    add_modality(set, "audio");
                    break;
                case PartType::Video:
                    add_modality(set, "video");
                    break;
                case PartType::Document:
                    add_modality(set, modality_of_mime(part.mime));
                    break;
                default:
                    break;
            }
        }
    }
}

}  // namespace steno::providers
