#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace steno::simulator {

struct UploadedFile {
    std::string field;
    std::string filename;
    std::string content;
};

/// A multipart/form-data body (RFC 7578): texts as members of an object, strings all of them, and files.
struct UploadedForm {
    boost::json::object texts;
    std::vector<UploadedFile> files;
};

/// What is no form, by its content type, or has no boundary gives nothing.
UploadedForm read_upload(std::string_view content_type, std::string_view body);

}  // namespace steno::simulator
