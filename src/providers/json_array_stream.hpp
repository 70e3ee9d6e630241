#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace steno::providers {

/// Cuts one JSON array that arrives in pieces ("[{…},\n{…}]", Gemini's stream without SSE) into its elements,
/// each as soon as it is whole. It only finds where elements end; whether they are JSON is found by whoever
/// parses them.
class JsonArrayStream {
  public:
    using Sink = std::function<void(std::string_view element)>;
    static constexpr std::size_t kDefaultMaxElement = 64 << 20;

    explicit JsonArrayStream(std::size_t max_element_bytes = kDefaultMaxElement)
        : max_element_(max_element_bytes) {}

    void feed(std::string_view bytes, const Sink& sink);

    /// The closing bracket has come; what follows is not looked at.
    [[nodiscard]] bool finished() const { return state_ == State::After; }
    /// Elements that were left out because they were too big.
    [[nodiscard]] std::size_t oversized() const { return oversized_; }
    /// Something stood where it cannot stand in an array of objects; no more elements come.
    [[nodiscard]] bool malformed() const { return state_ == State::Malformed; }

  private:
    enum class State : unsigned char { Before, Between, Element, After, Malformed };
    /// Index after the element's last byte, or npos if it goes on.
    std::size_t scan_element(std::string_view bytes);

    std::size_t max_element_;
    std::string element_;
    State state_ = State::Before;
    int depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
    bool too_big_ = false;
    std::size_t oversized_ = 0;
};

}  // namespace steno::providers
