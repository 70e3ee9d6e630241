#include "sql/confine.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace steno::sql {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif

/// What the engine and the C library need once all is loaded: the descriptors that are open, memory, time,
/// threads of this process, the end. All else is refused, what kernels to come may offer as well.
constexpr long kAllowed[] = {
    // The channel.
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_sendto, SYS_recvfrom, SYS_ppoll, SYS_close, SYS_fstat,
    SYS_lseek,
#ifdef SYS_poll
    SYS_poll,
#endif
    // Memory.
    SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise,
    // Threads, and waiting for them; clone is judged by its flags.
    SYS_futex, SYS_set_robust_list, SYS_rseq, SYS_sched_yield, SYS_sched_getaffinity, SYS_getcpu, SYS_gettid,
    SYS_getpid, SYS_membarrier,
    // Time and chance.
    SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_getrandom,
#ifdef SYS_time
    SYS_time,
#endif
    SYS_sysinfo, SYS_getrusage, SYS_uname,
    // Signals to itself, and the end.
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall, SYS_exit,
    SYS_exit_group};

/// Of a seccomp filter: "if the loaded value is this, the next statement; else the one after it".
sock_filter if_equal(std::uint32_t value) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
}

Result<void> refuse_system_calls() {
    constexpr sock_filter kRefuse = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    constexpr sock_filter kAllow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    std::vector<sock_filter> filter = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        // Of x86, the second table of system calls has numbers of its own, which stand in no list here.
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
    };
    for (const long call : kAllowed) {
        filter.push_back(if_equal(static_cast<std::uint32_t>(call)));
        filter.push_back(kAllow);
    }
    // Its flags are in memory, where a filter cannot look. "Not known" makes the C library take clone.
    filter.push_back(if_equal(SYS_clone3));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0));
    filter.push_back(kRefuse);
    filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)));  // its low half
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1));
    filter.push_back(kAllow);
    filter.push_back(kRefuse);
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
        return fail(Code::FailedPrecondition, "the process for SQL cannot give up its rights (seccomp)",
                    "this system's kernel, or what the server runs in, must allow seccomp filters");
    return {};
}

void limit(int what, std::uint64_t most) {
    const rlimit bound{most, most};
    (void)::setrlimit(static_cast<__rlimit_resource>(what), &bound);
}

}  // namespace

/// A sanitizer's own memory is many times the program's.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

Result<void> confine(std::uint64_t memory_bytes) {
    (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); fd >= 0) {
        constexpr std::string_view kFirst = "1000";
        (void)!::write(fd, kFirst.data(), kFirst.size());
        ::close(fd);
    }
    (void)::setpriority(PRIO_PROCESS, 0, 5);
    if (!kSanitized) limit(RLIMIT_DATA, memory_bytes);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_MEMLOCK, 0);
    return refuse_system_calls();
}

}  // namespace steno::sql
