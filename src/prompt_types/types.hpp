#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "control/author.hpp"
#include "control/database.hpp"
#include "io/file_system.hpp"
#include "prompt_types/published.hpp"
#include "prompt_types/rules.hpp"
#include "prompt_types/settings.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace steno::prompt_types {

using control::Author;

/// InvalidArgument: nothing can be set for a kind of prompt of this name (control/name.hpp). Calls may have
/// it all the same.
Result<void> check_type(std::string_view type);

/// What was set for one kind of prompt.
struct Entry {
    std::string type;
    Settings settings;
    std::int64_t revision = 0;  ///< the number of the last change (Change); 0: the settings are the defaults
    std::optional<Timestamp> created_at;  ///< when somebody set something first
    std::optional<Timestamp> changed_at;
    std::string changed_by;
    bool is_damaged = false;  ///< part of what is stored cannot be understood: see Types
};

/// One change, as the trail has it.
struct Change {
    std::int64_t number = 0;
    Timestamp at;
    Author author;
    std::string type;
    std::string before;  ///< JSON, as to_json writes settings
    std::string after;   ///< empty: the settings were taken back, and the defaults hold
};

/// Why a kind of prompt is switched off by itself.
struct Cause {
    std::string key;     ///< the same cause does it once, also across restarts
    std::string reason;  ///< for people
};

/// The settings of all kinds of prompts of a data folder, kept in the control database, with a trail of all
/// changes. A change is on disk when it is answered, holds for the next call that this process records, and
/// for those of other programs within half a second (published.hpp).
///
/// Until the database can be read, what was published last holds: else texts would be kept for good that
/// nobody wants. In the place of a row that is damaged likewise. Blocking; any thread.
class Types {
  public:
    static constexpr std::size_t kMaxTypes = 10'000;

    struct Options {
        Defaults defaults = {};
        /// Programs that write to the folder themselves keep to these defaults. False: what they were told
        /// last stays, and holds here, too, where it keeps less.
        bool announces = true;
        std::set<std::string, std::less<>> retention_classes = {};  ///< those that retention has rules for
    };
    /// `rules` is what the folder's recorder asks; it must outlive this.
    Types(Rules& rules, io::FileSystem& files, std::string data_folder, Options options);

    /// Reads them, and begins to keep to them. After an error everything else here tries once more, and gives
    /// that error.
    Result<void> open(control::Database& database);
    /// Instead: there is no database, for this reason.
    void stay_closed(Error why);
    /// Without an error all of what is set holds, here and for programs that write to the folder themselves.
    /// Tries once more where that failed.
    Result<void> be_in_force();

    /// What holds here where a kind's settings say nothing.
    [[nodiscard]] const Defaults& defaults() const { return defaults_; }
    /// What somebody who sets this should know, in words; empty: nothing.
    [[nodiscard]] std::string warning(const Settings& settings) const;

    /// Those for which something was set, by name.
    Result<std::map<std::string, Entry, std::less<>>> all();
    /// Of one for which nothing was set: the defaults, revision 0.
    Result<Entry> get(std::string_view type);

    using Edit = std::function<Result<void>(Settings&)>;
    /// Changes all of these or none. `revision`: what they must have, else FailedPrecondition (another was
    /// faster); check_type, of those for which nothing is set yet. What changes nothing leaves no trace.
    /// ResourceExhausted: there are kMaxTypes. When it is done
    /// it is on disk; whether it is in force, too, be_in_force() says.
    Result<std::vector<Entry>> change(const std::vector<std::string>& types, const Edit& edit,
                                      const Author& author, Timestamp now,
                                      std::optional<std::int64_t> revision = {});
    /// The defaults hold again.
    Result<void> reset(const std::string& type, const Author& author, Timestamp now,
                       std::optional<std::int64_t> revision = {});

    /// What its settings name as what goes off is on.
    [[nodiscard]] bool is_on(const Settings& settings) const;
    /// Switches that off, in the trail by "steno". False, and nothing is changed: it is off; the settings
    /// have another revision now; or this cause has done it before, and somebody has switched it on again.
    Result<bool> switch_off(const std::string& type, std::int64_t revision, const Cause& cause,
                            Timestamp now);

    /// The latest first; of one type or, where it is empty, of all.
    Result<std::vector<Change>> changes(std::string_view type, std::uint64_t limit);

  private:
    // All of these need the lock.
    Result<void> be_open();
    /// Of a database that never heard of a setting, beside a file that has some: it was lost, and begun anew
    /// or put back from before. Then the file's settings are set again, with a word in the trail.
    Result<void> take_back();
    /// From now on what is on disk holds.
    Result<void> take_over();
    /// The same after a change that is on disk: be_in_force() makes up for what fails here.
    void take_over_change();
    /// What they have not been told yet.
    Result<void> tell_others();
    /// What was published last holds.
    void fall_back(const Error& why);
    Result<std::map<std::string, Entry, std::less<>>> read();
    /// `published` is read where it is needed, once.
    Entry entry_of(const control::Row& row, std::optional<Published>& published);

    Rules& rules_;
    io::FileSystem& files_;
    const std::string data_folder_;
    const Options options_;
    const Result<Defaults> told_;  ///< the defaults of programs that write to the folder themselves
    const Defaults defaults_;
    std::mutex mutex_;
    control::Database* database_ = nullptr;
    bool open_ = false;                   ///< what holds here is what is on disk
    std::optional<TypeSettings> untold_;  ///< what others are still to be told
    std::string damaged_;                 ///< which rows are, in words
    Error error_{Code::Unavailable, "the settings of prompt types are not open"};
};

}  // namespace steno::prompt_types
