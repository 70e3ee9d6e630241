#pragma once

#include "base/time.hpp"
#include "base/uuid.hpp"
#include "steno/call.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace steno {

/// A call on its way: what was said of it, as fields of the record already. Drafts are used again, so that a
/// call costs the copies of its texts and no allocations.
struct CallScope::Draft {
    Draft* next = nullptr;  ///< in the tracker's lists

    std::string header;  ///< the three parts of the record, from `finish` on complete
    std::string request;
    std::string response;

    // Until then, what the parts will hold besides.
    std::string messages;      ///< items of request.messages
    std::string answer;        ///< text
    std::string answer_parts;  ///< items of the answer's parts, but for the text
    std::string tool_calls;    ///< items of response.tool_calls
    std::string finish_reasons;
    std::string parameters;
    std::string metadata;
    std::string truncated;  ///< items of privacy.truncated
    std::vector<std::string> tags;
    std::map<std::string, Attribute> attributes;

    Context context;
    Uuid id;
    LogLevel level = LogLevel::Detailed;
    LogLevel most = LogLevel::Detailed;  ///< that the environment allows
    std::size_t max_text = 0;
    std::uint8_t status = 1;  ///< as in record/kinds.hpp
    bool failed = false;
    int exceptions = 0;            ///< that were passing by when it began
    std::uint64_t generation = 0;  ///< the process that it began in: Tracker::end
    Timestamp began;
    std::int64_t began_steady = 0;
    std::int64_t first_piece = 0;  ///< steady; 0: none
    std::int64_t pieces = 0;
    std::int64_t finish_reason_count = 0;
    // Beginnings, in case that nothing more is to be kept.
    std::string prompt_preview;  ///< of the last message of the user's
    std::string input_preview;
    std::string result_preview;
    std::string output_types;  ///< items of modality.output; empty: text, if there is an answer

    void clear();
    /// Makes the parts complete: the end, the answer, labels, level.
    void finish();
    /// Bytes of memory, about: those of the texts, and what is kept free for the next ones.
    [[nodiscard]] std::size_t memory() const;
    [[nodiscard]] bool keeps_texts() const { return level == LogLevel::Detailed; }
    [[nodiscard]] bool keeps_previews() const { return level >= LogLevel::Summary; }

  private:
    void write_labels();
    void write_texts();
};

}  // namespace steno
