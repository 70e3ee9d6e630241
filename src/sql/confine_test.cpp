#include "sql/confine.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace steno::sql {
namespace {

/// Runs it in a confined process of its own; gives its exit code, or -1 if it was killed.
int confined(const std::function<int()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (!confine(1ULL << 30)) ::_exit(200);
        ::_exit(work());
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct Refused {
    const char* name;
    std::function<long()> call;
};

/// Each would reach beyond the process, if it were let.
std::vector<Refused> refused_calls() {
    static char path[] = "/tmp/steno-confine-test";
    static char value = 'x';
    static std::array<char, 128> room{};
    const auto call = [](long number, auto... arguments) {
        return [=] { return ::syscall(number, arguments...); };
    };
    return {
        {"openat", call(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY, 0600)},
        {"readlinkat", call(SYS_readlinkat, AT_FDCWD, path, room.data(), room.size())},
        {"newfstatat", call(SYS_newfstatat, AT_FDCWD, path, room.data(), 0)},
        {"renameat2", call(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, path, 0)},
        {"mknodat", call(SYS_mknodat, AT_FDCWD, path, 0600, 0)},
        {"utimensat", call(SYS_utimensat, AT_FDCWD, path, nullptr, 0)},
        {"fchmod", call(SYS_fchmod, 0, 0600)},
        {"setxattr", call(SYS_setxattr, path, "user.a", &value, 1, 0)},
        {"unlinkat", call(SYS_unlinkat, AT_FDCWD, path, 0)},
        {"socket", call(SYS_socket, 1, 1, 0)},
        {"socketpair", call(SYS_socketpair, 1, 1, 0, room.data())},
        {"dup", call(SYS_dup, 0)},
        {"pipe2", call(SYS_pipe2, room.data(), 0)},
        {"kill", call(SYS_kill, 0, 0)},
        {"tgkill", call(SYS_tgkill, ::getppid(), ::getppid(), 0)},
        {"rt_sigqueueinfo", call(SYS_rt_sigqueueinfo, ::getppid(), 0, room.data())},
        {"pidfd_open", call(SYS_pidfd_open, ::getppid(), 0)},
        {"prlimit64", call(SYS_prlimit64, 0, 0, nullptr, room.data())},
        {"ptrace", call(SYS_ptrace, 0, 0, 0, 0)},
        {"execve", call(SYS_execve, "/bin/true", nullptr, nullptr)},
        {"clone of a process", call(SYS_clone, 0, 0, 0, 0, 0)},
        {"unshare", call(SYS_unshare, 0)},
        {"shmget", call(SYS_shmget, 0, 4096, 0)},
        {"memfd_create", call(SYS_memfd_create, "a", 0)},
        {"perf_event_open", call(SYS_perf_event_open, room.data(), 0, -1, -1, 0)},
        {"io_uring_setup", call(SYS_io_uring_setup, 1, room.data())},
        {"bpf", call(SYS_bpf, 0, room.data(), room.size())},
        {"setpriority", call(SYS_setpriority, 0, 0, 0)},
        {"prctl", call(SYS_prctl, 38, 0, 0, 0, 0)},
        {"one that is not made yet", call(4000)},
    };
}

TEST(Confine, RefusesWhatReachesBeyondTheProcess) {
    for (const Refused& refused : refused_calls()) {
        const int code = confined([&] {
            errno = 0;
            return refused.call() == -1 ? errno : 0;
        });
        EXPECT_EQ(code, EPERM) << refused.name;
    }
    EXPECT_EQ(confined([] { return ::syscall(SYS_clone3, nullptr, 0) == -1 ? errno : 0; }), ENOSYS);
    EXPECT_NE(::access("/tmp/steno-confine-test", F_OK), 0);
}

TEST(Confine, LeavesMemoryTimeThreadsAndOpenDescriptors) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const int code = confined([&] {
        const std::string text(64 << 20, 'x');
        bool ran = false;
        std::thread([&] { ran = true; }).join();
        timespec now{};
        const bool timed = ::clock_gettime(CLOCK_MONOTONIC, &now) == 0;
        return ran && timed && text.back() == 'x' && ::write(ends[1], "so", 2) == 2 ? 0 : 1;
    });
    EXPECT_EQ(code, 0);
    std::array<char, 2> got{};
    EXPECT_EQ(::read(ends[0], got.data(), got.size()), 2);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST(Confine, BoundsItsMemory) {
    const int code = confined([] {
        void* const memory =
            ::mmap(nullptr, 2ULL << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return memory == MAP_FAILED ? errno : 0;
    });
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    GTEST_SKIP() << "a sanitizer's memory is not bounded";
#endif
    EXPECT_EQ(code, ENOMEM);
}

}  // namespace
}  // namespace steno::sql
