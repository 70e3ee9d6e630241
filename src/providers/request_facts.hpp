#pragma once

#include "providers/json_view.hpp"
#include "record/call.hpp"

#include <initializer_list>
#include <string_view>

namespace steno::providers {

/// request.parameters: every member of the body but those named, verbatim, in one object; absent if there is
/// none.
Json parameters_without(JsonValue body, std::initializer_list<std::string_view> names);

/// modality.input from the parts of the messages and the system text.
void fill_input_modality(Call& call);
/// "image", "audio", "video" for a media type, "pdf" for application/pdf, else "document".
std::string_view modality_of_mime(std::string_view mime);
/// The part type for a media type.
PartType part_type_of_mime(std::string_view mime);
/// The media type of a data: URL, or "".
std::string_view mime_of_data_url(std::string_view url);

}  // namespace steno::providers
