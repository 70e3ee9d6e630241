#include "providers/upload.hpp"

#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "providers/json_view.hpp"

#include <algorithm>

namespace steno::providers {

namespace {

void write_digest(JsonWriter& writer, std::string_view content) {
    writer.member("bytes", static_cast<std::int64_t>(content.size()));
    writer.member("sha256", std::string_view(to_hex(as_text(sha256(content)))));
}

bool is_file_type(std::string_view type) {
    for (const std::string_view family :
         {"image/", "audio/", "video/", "font/", "application/vnd.openxmlformats"}) {
        if (type.starts_with(family)) return true;
    }
    constexpr std::string_view kTypes[] = {"application/octet-stream", "application/pdf",
                                           "application/zip",          "application/gzip",
                                           "application/x-tar",        "application/msword"};
    return std::ranges::find(kTypes, type) != std::end(kTypes);
}

/// Its bytes mean something by themselves: a stream of messages, say.
bool is_text_type(std::string_view type) {
    return type.empty() || type.starts_with("text/") || type == "application/x-www-form-urlencoded";
}

/// Media upload of the Gemini API: https://ai.google.dev/api/files, "X-Goog-Upload-Protocol" and "-Command".
bool is_google_upload(const RequestView& request) {
    const std::string protocol = lower_case(request.header("x-goog-upload-protocol").value_or(""));
    const std::string command = lower_case(request.header("x-goog-upload-command").value_or(""));
    return protocol == "raw" || command.contains("upload");
}

}  // namespace

void append_file_digest(std::string& out, std::string_view content) {
    JsonWriter writer(out);
    writer.begin_object();
    write_digest(writer, content);
    writer.end_object();
}

std::optional<std::string> digest_of_file_body(const RequestView& request) {
    if (request.body.empty()) return std::nullopt;
    const std::string_view sent = request.header("content-type").value_or("");
    const std::string type = lower_case(trim(sent.substr(0, sent.find(';'))));
    if (!is_google_upload(request)) {
        const bool file = is_file_type(type) || (is_text_type(type) && !is_valid_utf8(request.body));
        if (!file || is_json(request.body)) return std::nullopt;
    }
    constexpr std::size_t kShown = 16;  // as much as tells what kind of file it is
    std::string out;
    JsonWriter writer(out);
    writer.begin_object();
    write_digest(writer, request.body);
    if (!type.empty()) writer.member("content_type", std::string_view(utf8_prefix(repaired_utf8(type), 200)));
    writer.member("begins", std::string_view(to_base64(request.body.substr(0, kShown))));
    writer.end_object();
    return out;
}

}  // namespace steno::providers
