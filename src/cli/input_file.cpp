#include "cli/input_file.hpp"

#include "io/file_system.hpp"

#include <fmt/format.h>

#include <iostream>

namespace steno::cli {

Result<std::string> read_input(const std::string& file, std::uint64_t most) {
    if (file != "-") return io::read_file(io::posix_file_system(), file, most);
    std::string text(most + 1, '\0');
    std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > most)
        return fail(Code::ResourceExhausted,
                    fmt::format("standard input has more than the {} bytes that it may have", most));
    return text;
}

}  // namespace steno::cli
