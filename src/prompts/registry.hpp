#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "control/condition.hpp"
#include "control/database.hpp"
#include "prompts/names.hpp"
#include "prompts/prompt.hpp"
#include "prompts/version_cache.hpp"
#include "templates/rendering.hpp"

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steno::prompts {

inline constexpr std::size_t kMaxTags = 50;
inline constexpr std::size_t kMaxPrompts = 10'000;
inline constexpr std::size_t kMaxVersions = 10'000;  ///< of a prompt
inline constexpr std::size_t kMaxLabels = 100;       ///< of a prompt

struct NewVersion {
    std::optional<VersionNumber> number;  ///< absent: the next one
    Content content;
    std::string author;
    std::string notes;
    std::vector<std::string> labels;           ///< that are to stand on it at once
    bool allow_lower = false;                  ///< than one that there is already
    std::optional<Timestamp> created_at = {};  ///< absent: now
};

struct Added {
    Version version;
    bool created = true;  ///< false: there is a version that says the same, and this is it
};

/// A prompt of elsewhere with its versions, to be taken over.
struct NewPrompt {
    std::string name;
    std::string description = {};
    std::vector<std::string> tags = {};
    std::vector<NewVersion> versions = {};
};

struct TakenOver {
    std::int64_t prompts = 0;   ///< that are new
    std::int64_t versions = 0;  ///< that are new
    std::int64_t known = 0;     ///< versions that were there already and say the same
};

using control::Condition;

/// What of a prompt may be changed; absent: it stays.
struct Facts {
    std::optional<std::string> description;
    std::optional<std::vector<std::string>> tags;
    std::optional<bool> archived;
};

struct MoveLabel {
    std::string label;
    std::optional<std::string> version;  ///< absent: it stays where it is
    std::optional<bool> is_protected;    ///< absent: as it is
    std::string by;
    std::string reason;
    bool force = false;  ///< although it is protected
};

/// All prompts of a data folder, kept in the control database. A version never changes; labels stand on
/// versions and move. A change is whole, and on disk when it is answered; of two at the same time one comes
/// after the other, and sees it, also where they are of two processes. Blocking; any thread.
class Registry {
  public:
    /// Makes ready what it keeps. After an error everything else here tries once more, and gives that error.
    Result<void> open(control::Database& database);
    /// Instead: there is no database, for this reason.
    void stay_closed(Error why);

    /// By name. Of each its versions, too.
    Result<std::vector<Prompt>> all();
    /// NotFound, with the nearest name.
    Result<Prompt> get(std::string_view name);
    /// `which`: a version, a label, or nothing: "production" if that stands somewhere, else the latest. Of a
    /// prompt that is archived only a version can be had. NotFound. What was found before is found in a few
    /// microseconds, also while somebody writes, until somebody changes a prompt.
    Result<Version> find(std::string_view name, std::string_view which);
    /// All of a prompt as it was got, with what they say, the lowest first. Those that have gone since with
    /// their prompt are not among them.
    Result<std::vector<Version>> versions(const Prompt& prompt);

    /// A new prompt with its first version. AlreadyExists: one of that name, which may be archived.
    Result<Added> create(const std::string& name, const std::string& description,
                         const std::vector<std::string>& tags, const NewVersion& version, Timestamp now);
    /// A version that says the same as the latest, or as that of the same number, is not made once more.
    /// AlreadyExists: there is one of that number that says something else, or a higher one.
    Result<Added> add_version(std::string_view name, const NewVersion& version, Timestamp now,
                              Condition& condition);
    /// All of them or none. Versions that are there already and say the same are left; lower ones are
    /// allowed. AlreadyExists: a version that says something else. FailedPrecondition: a prompt is archived.
    Result<TakenOver> take_over(const std::vector<NewPrompt>& prompts, Timestamp now);
    Result<Prompt> change(std::string_view name, const Facts& facts, Timestamp now, Condition& condition);
    /// With all its versions and history. FailedPrecondition, unless it is forced: labels stand on them.
    Result<void> remove(std::string_view name, bool force, Condition& condition);

    /// FailedPrecondition: it is protected, and nobody forces it.
    Result<Prompt> move_label(std::string_view name, const MoveLabel& move, Timestamp now,
                              Condition& condition);
    /// Back to where it stood before its last move, which is a move, too: a second time undoes the first.
    /// FailedPrecondition: likewise, or it stood nowhere.
    Result<Prompt> roll_back(std::string_view name, const MoveLabel& move, Timestamp now,
                             Condition& condition);
    /// It stands nowhere afterwards; its history stays, and it stays protected if it was. NotFound;
    /// FailedPrecondition: it is protected, and nobody forces it.
    Result<Prompt> remove_label(std::string_view name, const MoveLabel& move, Timestamp now,
                                Condition& condition);
    /// The last first, at most 1000; also of a label that stands nowhere any more.
    Result<std::vector<Move>> history(std::string_view name, std::string_view label);

    /// A version with its variables filled in, and what it includes.
    Result<Rendering> render(const Version& version, const Value& variables);
    /// What it includes, for who renders it elsewhere.
    Result<Included> included_in(const Version& version);

  private:
    Includes includes();
    Result<control::Database*> database();
    /// One transaction.
    Result<void> write(const std::function<Result<void>(control::Statements&)>& change);
    /// False: there was nothing to change.
    using Doing = std::function<Result<bool>(control::Statements&, Prompt&)>;
    /// The prompt after the change, in one transaction.
    Result<Prompt> changed(std::string_view name, Timestamp now, Condition& condition, const Doing& change);

    std::mutex mutex_;
    control::Database* database_ = nullptr;
    bool open_ = false;
    VersionCache found_;
    Error error_{Code::Unavailable, "the prompts of this folder are not open"};
};

}  // namespace steno::prompts
