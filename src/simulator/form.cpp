#include "simulator/form.hpp"

#include "base/text.hpp"

#include <boost/json/object.hpp>

#include <algorithm>

namespace steno::simulator {

namespace {

/// `name="value"` in a header line, "" if it is not there.
std::string quoted(std::string_view line, std::string_view name) {
    const std::string wanted = std::string(name) + "=";
    for (std::size_t at = line.find(wanted); at != std::string_view::npos; at = line.find(wanted, at + 1)) {
        if (at > 0 && line[at - 1] != ' ' && line[at - 1] != ';') continue;
        std::string_view value = line.substr(at + wanted.size());
        if (!value.starts_with('"')) return std::string(trim(value.substr(0, value.find(';'))));
        value.remove_prefix(1);
        return std::string(value.substr(0, value.find('"')));
    }
    return {};
}

}  // namespace

UploadedForm read_upload(std::string_view content_type, std::string_view body) {
    UploadedForm form;
    const std::string boundary = quoted(content_type, "boundary");
    if (!content_type.starts_with("multipart/form-data") || boundary.empty()) return form;
    const std::string line = "--" + boundary;
    std::size_t at = body.find(line);
    while (at != std::string_view::npos) {
        const std::size_t begin = at + line.size();
        const std::size_t next = body.find("\r\n" + line, begin);
        if (next == std::string_view::npos) break;
        const std::string_view part = body.substr(begin, next - begin);
        at = next + 2;
        const std::size_t blank = part.find("\r\n\r\n");
        if (blank == std::string_view::npos) continue;
        const std::string_view head = part.substr(0, blank);
        const std::string_view content = part.substr(blank + 4);
        const std::size_t disposition = lower_case(head).find("content-disposition:");
        if (disposition == std::string::npos) continue;
        const std::string_view described =
            head.substr(disposition, head.find('\r', disposition) - disposition);
        const std::string name = quoted(described, "name");
        if (const std::string file = quoted(described, "filename"); !file.empty()) {
            form.files.push_back({name, file, std::string(content)});
        } else {
            form.texts[name] = boost::json::string_view(content.data(), content.size());
        }
    }
    return form;
}

}  // namespace steno::simulator
