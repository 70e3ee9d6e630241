#pragma once

#include "base/uuid.hpp"
#include "record/bounded.hpp"
#include "steno/context.hpp"
#include "steno/tracking.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace steno {

namespace client {
class RequestTotals;
}

/// What a Context holds, and the same as fields of a record, made once for all calls within it.
struct Context::Node {
    std::string session_id;
    std::string request_id;
    std::string user_id;
    std::string agent;
    std::string function;
    std::string operation;
    std::vector<std::string> outer_agents;  ///< around `agent`, outermost first
    std::vector<std::string> outer_functions;
    std::string project;
    std::string environment;
    std::string parent_id;    ///< the call that this is within; empty: none
    std::string trace_id;     ///< 32 hexadecimal digits
    std::string caller_span;  ///< 16, if the trace came in: of the span there that this is within
    std::uint8_t trace_flags = 0;
    std::vector<std::string> tags;
    std::map<std::string, Attribute> attributes;
    std::string prompt_type;
    std::string prompt_name;
    std::string prompt_version;
    std::string variables;  ///< JSON
    std::vector<std::string> missing_variables;
    bool variables_checked = false;
    std::string experiment;  ///< fields of prompt.experiment, by which the prompt was chosen
    /// Numbers the calls of one request; shared by all contexts within it.
    std::shared_ptr<std::atomic<std::int64_t>> sequence;
    std::shared_ptr<client::RequestTotals> totals;  ///< likewise; null: no summary is wanted

    std::string header;   ///< fields of the header part, but for the labels
    std::string labels;   ///< and those, for calls that have none of their own
    std::string request;  ///< fields of the request payload
    void encode();
};

}  // namespace steno

namespace steno::client {

// What a server takes of each (docs/ingest.md), beside kLongestId of names: longer ones are cut here, so that
// the call is not refused.
inline constexpr std::size_t kLongestText = 1000;  ///< of what is shown, and nothing is looked up by
inline constexpr std::size_t kLongestAttribute = 4000;
inline constexpr std::size_t kLongestMetadata = 256u << 10;
inline constexpr std::size_t kMostLabels = 50;  ///< of a context, and as many of a call
inline constexpr std::size_t kMostOuter = 16;   ///< agents around an agent: the outermost, and the last
inline constexpr std::size_t kMostNames = 100;  ///< of placeholders that are missing
inline constexpr std::size_t kLongestPrompt = 4u << 20;  ///< and answer

std::string shortened(std::string_view name);
/// Cut as a server takes it, if there is room for one more; numbers that JSON does not have are left out.
void add_attribute(std::map<std::string, Attribute>& attributes, std::string_view name, Attribute value);

/// The context of calls that begin within a call.
Context below(const Context& context, std::string_view parent_id) noexcept;

/// A call's id in W3C trace context: the last 8 bytes of its id, all of them random but for two bits, as
/// hexadecimal digits.
std::array<char, 16> span_id(const Uuid& call) noexcept;

/// Tags and attributes, as fields of the group "labels".
void write_labels(std::string& out, const std::vector<std::string>& tags,
                  const std::map<std::string, Attribute>& attributes);

/// The placeholders of a template: {name}, {{name}} and ${name}, each once, in their order. A name has
/// letters, digits, '_', '.' and '-', and begins with a letter or '_'.
std::vector<std::string> placeholders(std::string_view text);

}  // namespace steno::client
