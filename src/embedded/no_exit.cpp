/// What registers the destructors of this library's statics. It does nothing: the last calls of a program are
/// written while it exits, when all that was made after the first call would be gone already; and nothing of
/// the statics is worth more than the memory that goes with the process. In the library alone (exports.map
/// keeps it to itself).
extern "C" int __cxa_atexit(void (*)(void*), void*,
                            void*) noexcept {  // NOLINT: the name is the C++ ABI's (3.3.6.3)
    return 0;
}
