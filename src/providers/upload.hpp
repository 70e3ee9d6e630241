#pragma once

#include "providers/provider.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Files that are uploaded: what the record keeps in the place of their content.
namespace steno::providers {

/// Appends what tells which file it was: `{"bytes":17,"sha256":"…"}`.
void append_file_digest(std::string& out, std::string_view content);

/// If the request's body is a file itself, and no message: what stands for it, its digest with the type that
/// it came under and its first bytes,
/// `{"bytes":17,"sha256":"…","content_type":"audio/mpeg","begins":"SUQzBA…"}` (base64). nullopt if it is not.
/// A file is what is no JSON and comes as image, audio, video, an archive, PDF or octets, or as text that is
/// no UTF-8; and whatever Google's upload headers call the bytes of a file. Linear in the body.
std::optional<std::string> digest_of_file_body(const RequestView& request);

}  // namespace steno::providers
