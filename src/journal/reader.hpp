#pragma once

#include "base/error.hpp"
#include "io/file_system.hpp"
#include "journal/record.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Reading the journal of a data folder. Needs no Journal: a command may read the folder while nothing
/// writes.
namespace steno::journal {

class Journal;

struct StreamInfo {
    Uuid id;
    std::uint64_t first_sequence = 0;  ///< of what is still there; 0: empty
    std::uint64_t durable = 0;         ///< the last sequence that may be read; 0: none
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
    std::int64_t created_unix_nanos = 0;
    bool closed = false;  ///< nothing will be added
    bool live = false;  ///< the stream of the Journal given to Reader::open (others that live are not closed)
    /// Above `durable`: the records up to here were durable once and are lost, as the stream's mark says.
    std::uint64_t lost_through = 0;
    /// What is wrong with it, as far as that can be told without reading it: a damaged mark, a beginning that
    /// nobody removed by a mark, a lost end, is_left_alone(). What is whole is readable all the same.
    std::vector<std::string> damage;
};

/// Why a stream cannot be read here, though nothing need be wrong with it: a newer version has written it
/// (FailedPrecondition), or it is another user's (PermissionDenied). It is left alone, and must keep nobody
/// from the other streams.
inline bool is_left_alone(const Error& error) noexcept {
    return error.code == Code::FailedPrecondition || error.code == Code::PermissionDenied;
}

/// A place in one stream, moving forward. One thread at a time. Must not outlive its Reader.
class Cursor {
  public:
    virtual ~Cursor() = default;
    /// The next record, or nothing at the durable end: ask again when more has become durable. DataLoss: the
    /// bytes at this place are not what was written; the message says where. skip_damage() then goes on
    /// behind it.
    virtual Result<std::optional<Record>> next() = 0;
    /// Goes to the next record that can be trusted: of a plain segment behind the damaged one if its prefix
    /// is whole or the hash chain proves it (restart.hpp), of a sealed one that of the next block, else that
    /// of the next segment. What lies between is lost to this cursor. False if there is none.
    virtual Result<bool> skip_damage() = 0;
    /// The sequence that next() will give.
    [[nodiscard]] virtual std::uint64_t sequence() const = 0;
    /// False: when next() last gave nothing, the stream had ended: nothing will be added to it.
    [[nodiscard]] virtual bool grows() const = 0;
};

/// Any thread, several at once. Opens files when they are first read and keeps a bounded number open, with
/// an index entry for each 16 records.
class Reader {
  public:
    /// With `live` (which must outlive the reader), that journal's stream is readable up to its durable
    /// position, and so are those that other living processes write, as far as these have said (living.hpp;
    /// of one that died since, until it is recovered). Without, all streams are readable as far as they are
    /// whole.
    static Result<std::unique_ptr<Reader>> open(io::FileSystem& files, std::string data_folder,
                                                const Journal* live = nullptr);
    virtual ~Reader() = default;

    /// All streams, oldest first; looks at the folder again each time. One that cannot be read at all is
    /// among them, with the reason in `damage` and nothing to read.
    virtual Result<std::vector<StreamInfo>> streams() = 0;
    /// Their ids alone, in no order: for one look at a folder, and none into it.
    virtual Result<std::vector<Uuid>> ids() = 0;
    /// StreamInfo::durable of one stream, as of now.
    virtual Result<std::uint64_t> durable(Uuid stream) = 0;

    /// Files were replaced by others that hold less: nothing is read from the old ones any more, which stay
    /// open and on the disk otherwise. Cursors that exist go on with what they have.
    virtual void let_go() = 0;

    /// One record. NotFound: no such stream, or not (yet) there; DataLoss: damaged. If only payloads are,
    /// they say so themselves (StoredPayload::damaged); Cursor::next() does the same.
    virtual Result<Record> read(Position position) = 0;

    /// For a text search: which of these records may hold the text, in ASCII case or another, in one of their
    /// payloads. Denies only what the word lists of sealed segments deny; true for all others. No errors:
    /// what cannot be looked up may hold it. Far cheaper for positions of one segment together than one by
    /// one.
    virtual std::vector<bool> may_contain(std::span<const Position> positions, std::string_view text) = 0;

    /// Reads a stream from this sequence on (0 and 1: from its beginning, or from the oldest that is still
    /// there).
    virtual Result<std::unique_ptr<Cursor>> scan(Uuid stream, std::uint64_t from_sequence = 1) = 0;
};

}  // namespace steno::journal
