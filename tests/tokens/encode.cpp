#include "tokens/encoder.hpp"

#include <fmt/format.h>

#include <iostream>
#include <string>

/// Reads texts from the standard input, each as a line "ENCODING BYTES" and then so many bytes; writes a line
/// of ranks for each.
int main() {
    using namespace steno::tokens;
    std::string name;
    std::size_t bytes = 0;
    while (std::cin >> name >> bytes && std::cin.get() == '\n') {
        std::string text(bytes, '\0');
        std::cin.read(text.data(), static_cast<std::streamsize>(bytes));
        const Encoder& encoder = Encoder::of(name == "cl100k_base" ? Encoding::Cl100k : Encoding::O200k);
        fmt::print("{}\n", fmt::join(encoder.encode(text), " "));
    }
}
