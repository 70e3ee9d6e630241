#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the environment of a program says so that its AI calls come to us. Each variable that is set here is
/// one that a widespread client reads by itself; what the user has set goes on to hold.
namespace steno::intercept {

class Environment {
  public:
    /// "NAME=value", as in environ.
    explicit Environment(char** variables);
    /// Unset and empty are the same.
    [[nodiscard]] std::string_view get(std::string_view name) const;
    void set(const std::string& name, const std::string& value);
    void unset(std::string_view name);
    /// In the order in which they came; what was not there behind them.
    [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

    /// What has been set, and what stood there before, as the value of one variable: for a program that gets
    /// this environment and outlives what it leads to.
    [[nodiscard]] std::string changes() const;
    /// Sets back what `changes` of an environment that this one comes from says.
    void undo(std::string_view changes);

  private:
    std::vector<std::string> lines_;
    std::map<std::string, std::optional<std::string>> before_;  ///< of what was set: what it was
};

/// The URL of another proxy that this environment has its programs use for https; "" if there is none.
std::string_view other_proxy(const Environment& environment);
/// The hosts for which it has them use none.
std::string_view proxy_exempt(const Environment& environment);

/// The base URLs of the official libraries: of `front` ("http://127.0.0.1:PORT"), which has the gateway's
/// paths. One that the user has set is led there if `name_of` knows whose it is: from a URL to "NAME" and the
/// rest of its path. Returns those that could not be: "OPENAI_BASE_URL".
struct NamedUrl {
    std::string name;
    std::string path;
};
std::vector<std::string> set_base_urls(
    Environment& environment, const std::string& front, std::string_view program,
    const std::function<std::optional<NamedUrl>(std::string_view url)>& name_of);

/// The proxy for https, and which addresses need none: this machine's, and what the user says.
void set_proxy(Environment& environment, const std::string& front);

}  // namespace steno::intercept
