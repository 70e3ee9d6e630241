#pragma once

#include "base/time.hpp"
#include "prompts/version_number.hpp"
#include "templates/content.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace steno::prompts {

/// A version without its content: what lists show.
struct VersionFacts {
    VersionNumber number = VersionNumber::first();
    std::string goal;
    std::string model;
    std::string author;
    std::string notes;
    std::string sha256;     ///< of the content, hexadecimal
    std::int64_t size = 0;  ///< bytes of the content as JSON
    Timestamp created_at;
};

struct Label {
    std::string name;
    std::optional<std::string> version;  ///< absent: it stands nowhere
    bool is_protected = false;           ///< moves only when it is forced
    Timestamp moved_at;
};

struct Move {
    Timestamp at;
    std::string by;
    std::string reason;
    std::optional<std::string> from;
    std::optional<std::string> to;  ///< absent: it was taken away
    bool is_rollback = false;
};

struct Prompt {
    std::int64_t id = 0;
    std::string name;
    std::string description;
    std::vector<std::string> tags;
    std::int64_t revision = 0;  ///< counts its changes
    Timestamp created_at;
    Timestamp changed_at;
    std::optional<Timestamp> archived_at;
    std::vector<VersionFacts> versions;  ///< the highest first
    std::vector<Label> labels;           ///< by name, without "latest"

    /// For ETag and If-Match: another whenever something of the prompt is.
    [[nodiscard]] std::string tag() const;
    [[nodiscard]] std::vector<std::string> labels_of(const VersionNumber& version) const;
};

struct Version {
    std::string prompt;  ///< its name
    VersionFacts facts;
    Content content;
    std::vector<std::string> labels;  ///< "latest", too
};

}  // namespace steno::prompts
