#pragma once

#include "base/time.hpp"
#include "base/uuid.hpp"
#include "steno/call.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace steno {

struct Call;

/// A call on its way. The thread that makes the call notes what is said of it: short fields as fields of the
/// record already, texts as copies. What takes longer (counting, cutting, putting the parts together) waits
/// for `encode`, on the thread that delivers. Drafts are used again, so that a call costs the copies of its
/// texts and no allocations.
struct CallScope::Draft {
    Draft* next = nullptr;           ///< in the lists of delivery and pool
    Draft* next_bundle = nullptr;    ///< of the pool's, in the first of a bundle
    std::uint64_t bundle_bytes = 0;  ///< in the pool, of all of a bundle, in the first of it
    std::uint64_t bytes = 0;         ///< `memory`, when it was last asked

    Context context;
    Uuid id;
    Timestamp began;
    std::int64_t began_steady = 0;
    std::int64_t ended_steady = 0;
    std::int64_t lasted = -1;      ///< nanoseconds, of one that is told afterwards; -1: it was measured
    std::int64_t first_piece = 0;  ///< steady; 0: none
    std::int64_t pieces = 0;
    std::int64_t finish_reason_count = 0;
    std::int64_t answer_characters = 0;  ///< of the answer that is not in `answer`, because it is not kept
    std::size_t max_text = 0;
    std::size_t user_text = 0;  ///< where in `messages` the last text of the user's ends, and its size
    std::size_t user_text_size = 0;
    std::uint64_t generation = 0;  ///< the process that it began in: Tracker::end
    int exceptions = 0;            ///< that were passing by when it began
    LogLevel level = LogLevel::Detailed;
    LogLevel most = LogLevel::Detailed;  ///< that the environment allows
    std::uint8_t status = 1;             ///< as in record/kinds.hpp
    bool failed = false;

    std::string header;    ///< fields of the record's three parts
    std::string messages;  ///< items of request.messages
    std::string answer;    ///< text
    std::string request;
    std::string response;
    std::string answer_parts;  ///< items of the answer's parts, but for the text
    std::string tool_calls;    ///< items of response.tool_calls
    std::string finish_reasons;
    std::string parameters;
    std::string metadata;
    std::string truncated;  ///< items of privacy.truncated
    // Beginnings, in case that nothing more is to be kept.
    std::string prompt_preview;
    std::string input_preview;
    std::string result_preview;
    std::string output_types;  ///< items of modality.output; empty: text, if there is an answer
    std::vector<std::string> tags;
    std::map<std::string, Attribute> attributes;

    Draft();
    void clear();
    void add_answer(std::string_view text);
    void set_level(LogLevel wanted);
    /// The last that the calling thread does: notes the time and what the context says.
    void end();

    /// The parts of a record (record/binary.hpp), for `encode` to fill again and again.
    struct Parts {
        std::string header;
        std::string request;
        std::string response;
        std::string answer;  ///< on its way into the response
    };
    /// The call that has ended as a record. May be repeated.
    void encode(Parts& parts) const;

    /// Reads what was said so far, but for texts, into `call`.
    bool read_header(Call& call) const;

    /// Bytes of memory, about: those of the texts, and what is kept free for the next ones.
    [[nodiscard]] std::size_t memory() const;
    [[nodiscard]] bool keeps_texts() const { return level == LogLevel::Detailed; }
    [[nodiscard]] bool keeps_previews() const { return level >= LogLevel::Summary; }

  private:
    void write_facts(std::string& to, std::string_view cut_texts) const;
    void write_texts(Parts& parts, std::string_view shown_answer) const;
};

namespace client {

/// A text as it is kept: whole, or of one that is longer than `most` bytes its beginning; then length and
/// digest of the whole go to `truncated`, under `path`.
std::string_view kept(std::string& truncated, std::size_t most, std::string_view path, std::string_view text);
/// Appends an item of a list of messages: one with a text and other parts, each of which may be empty.
void add_message(std::string& items, std::string_view role, std::string_view text,
                 std::string_view more_parts);

}  // namespace client
}  // namespace steno
