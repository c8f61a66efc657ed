/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sandbox - what a child gives up, once and for ever, before it reads anything from outside
 *
 * The order matters: limits and the bounding set need root; the user goes next, with the capabilities that go with it;
 * then no_new_privs, which landlock and seccomp need; seccomp last, as it forbids all of the above.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <seccomp.h>

#include "container.h"
#include "limits.h"
#include "log.h"

enum what {
	MAY_ACCEPT = 1,		/* take connections */
	MAY_DIAL = 2,		/* make connections and ask name servers */
	MAY_NETLINK = 4,	/* open netlink sockets */
	MAY_BUILD = 8,		/* make a memfd, read files */
	MAY_NET_ADMIN = 16,	/* keep CAP_NET_ADMIN */
	MAY_NOTHING = 32,	/* but read and write what is open, and use memory */
	MAY_FETCH = 64,		/* read certificates, the configuration of names and libraries; sync a file; have threads */
};

static const unsigned role_may[ROLE_COUNT] = {
	[ROLE_COMPILE]	= MAY_BUILD,
	[ROLE_QUEUE]	= MAY_NETLINK | MAY_NET_ADMIN,
	[ROLE_READER]	= MAY_DIAL,
	[ROLE_PROXY]	= MAY_ACCEPT | MAY_DIAL,
	[ROLE_ADMIN]	= MAY_ACCEPT,
	[ROLE_FETCH]	= MAY_DIAL | MAY_FETCH,
};

enum { FETCH_THREADS = 512 };	/* and processes, of the user */

/* --- limits, user, capabilities --------------------------------------------------- */

static int limit_set(int what, rlim_t value)
{
	struct rlimit r;

	if (getrlimit(what, &r) < 0)
		return -errno;
	r.rlim_cur = r.rlim_max = value < r.rlim_max ? value : r.rlim_max;
	return setrlimit(what, &r) < 0 ? -errno : 0;
}

/* a sanitizer's shadow memory has terabytes of addresses */
#ifndef __has_feature
#define __has_feature(x) 0	/* gcc has __SANITIZE_ADDRESS__ */
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { MEMORY_LIMITED = 0 };
/* it looks for leaks at the end, with system calls that are deadly in the sandbox */
int __lsan_is_turned_off(void);
static bool sandboxed;
int __lsan_is_turned_off(void)
{
	return sandboxed;
}
#else
enum { MEMORY_LIMITED = 1 };
#endif

/* where memory runs out, the kernel is to end this process before one that filters */
static void first_to_go(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1000", 4) != 4)
		log_debug("no score for running out of memory: %s", strerror(errno));
	close(fd);
}

/* who reads hostile lists: what it may take of memory and of the disk (the image that is kept, a list) */
static int limits_reading(unsigned may)
{
	int err = limit_set(RLIMIT_FSIZE, may & MAY_FETCH ? (rlim_t)LIMIT_LIST_BYTES :
			    (rlim_t)LIMIT_IMAGE_BYTES + (rlim_t)LIMIT_IMAGE_BYTES / 16);

	first_to_go();
	signal(SIGXFSZ, SIG_IGN);	/* write() then says EFBIG */
	if (!err && MEMORY_LIMITED)
		err = limit_set(RLIMIT_AS, (rlim_t)LIMIT_COMPILE_MIB << 20);
	return err;
}

static int limits_set(unsigned may, uint32_t max_files)
{
	int err = limit_set(RLIMIT_CORE, 0);

	if (!err)	/* of this user, all roles together: no fork; the fetch role may have threads, and seccomp sees to the rest */
		err = limit_set(RLIMIT_NPROC, may & MAY_FETCH ? FETCH_THREADS : 0);
	if (!err)
		err = limit_set(RLIMIT_MEMLOCK, 0);
	if (!err && max_files)
		err = limit_set(RLIMIT_NOFILE, max_files);
	if (!err && may & (MAY_BUILD | MAY_FETCH))
		err = limits_reading(may);
	return err;
}

static int bounding_drop(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno != EPERM)
			return -errno;
		/* a container without CAP_SETPCAP; with no_new_privs nothing can be gained from it */
		log_debug("the bounding set cannot be emptied here");
		break;
	}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return 0;
}

static int capabilities_keep(uint64_t mask)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)mask, .permitted = (uint32_t)mask },
		{ .effective = (uint32_t)(mask >> 32), .permitted = (uint32_t)(mask >> 32) },
	};

	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

static int user_become(uint32_t uid, uint32_t gid, bool keep_caps)
{
	if (prctl(PR_SET_KEEPCAPS, keep_caps ? 1UL : 0UL, 0, 0, 0) < 0 ||
	    setgroups(0, NULL) < 0 ||
	    setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

static int privileges_drop(unsigned may, uint32_t uid, uint32_t gid)
{
	uint64_t keep = may & MAY_NET_ADMIN ? 1ULL << CAP_NET_ADMIN : 0;
	int err = bounding_drop();

	if (!err && geteuid() == 0) {
		if (uid == 0 || gid == 0)
			return -EINVAL;
		err = user_become(uid, gid, keep != 0);
	}
	if (err)
		return err;
	err = capabilities_keep(keep);
	if (err == -EPERM && keep)	/* started without root and without it: the queue says what it lacks */
		err = capabilities_keep(0);
	if (err)
		return err;
	(void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	/* a stopped or looping child must not outlive the monitor and hold its port; forgotten at setresuid, so after it */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	if (uid && setresuid(0, 0, 0) == 0)
		return -ENOTRECOVERABLE;	/* it must not be possible to go back */
	return 0;
}

/* --- landlock --------------------------------------------------------------------- */

/* Numbers and bits of linux/landlock.h, by version of the interface: the header of the build machine may be older
 * than the kernel that runs us. */
enum { LANDLOCK_VERSION = 1, LANDLOCK_PATH_BENEATH = 1 };
static const uint64_t landlock_bits[] = { 0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff };
static const uint64_t landlock_reading = 1 << 2 | 1 << 3;	/* files, directories */

/* what libcurl reads: certificates, how names are resolved, and libraries that it loads late */
static const char *const landlock_fetch[] = {
	"/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
	"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services",
	"/etc/ld.so.cache", "/lib", "/lib64", "/usr/lib", "/usr/lib64",
};

/* what is not there is not needed */
static int landlock_allow(int ruleset, const char *path)
{
	struct {
		uint64_t access;
		int32_t parent;
	} __attribute__((packed)) rule = { .access = landlock_reading, .parent = open(path, O_PATH | O_CLOEXEC) };
	struct stat st;
	int err = 0;

	if (rule.parent < 0)
		return 0;
	if (fstat(rule.parent, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.access = 1 << 2;		/* a file cannot be listed */
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_PATH_BENEATH, &rule, 0) < 0)
		err = -errno;
	close(rule.parent);
	return err;
}

static int landlock(unsigned may)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
	uint64_t handled;
	int fd, err = 0;

	if (version < 1) {
		log_debug("no landlock in this kernel: %s", strerror(errno));
		return 0;
	}
	handled = landlock_bits[version < (long)ARRAY_LEN(landlock_bits) ? version : (long)ARRAY_LEN(landlock_bits) - 1];
	if (may & MAY_BUILD)
		handled &= ~landlock_reading;
	/* what is handled and not allowed by a rule is denied; only the fetch role has rules */
	fd = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(landlock_fetch) && may & MAY_FETCH && !err; i++)
		err = landlock_allow(fd, landlock_fetch[i]);
	if (!err && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* --- seccomp ---------------------------------------------------------------------- */

#define CALL(name) SCMP_SYS(name)

/* what an event loop over sockets needs, whatever its role */
static const int calls_common[] = {
	CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(pread64), CALL(close), CALL(fstat), CALL(lseek),
	CALL(fcntl), CALL(dup), CALL(dup2), CALL(dup3), CALL(pipe2),
	CALL(mmap), CALL(munmap), CALL(mremap), CALL(mprotect), CALL(madvise), CALL(brk),
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(sigaltstack), CALL(wait4), CALL(restart_syscall),
	CALL(exit), CALL(exit_group), CALL(futex), CALL(set_robust_list), CALL(rseq), CALL(sched_yield), CALL(sched_getaffinity),
	CALL(getpid), CALL(getppid), CALL(gettid), CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid),
	CALL(clock_gettime), CALL(clock_getres), CALL(clock_nanosleep), CALL(nanosleep), CALL(gettimeofday), CALL(time),
	CALL(getrandom), CALL(getrusage), CALL(sysinfo), CALL(uname), CALL(times),
	CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait), CALL(epoll_pwait2),
	CALL(poll), CALL(ppoll), CALL(select), CALL(pselect6), CALL(eventfd2), CALL(timerfd_create), CALL(timerfd_settime),
	CALL(sendmsg), CALL(recvmsg), CALL(sendto), CALL(recvfrom), CALL(sendmmsg), CALL(recvmmsg),
	CALL(getsockopt), CALL(setsockopt), CALL(getsockname), CALL(getpeername), CALL(shutdown),
};
static const int calls_alone[] = {
	CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(pread64), CALL(close), CALL(fstat), CALL(lseek),
	CALL(mmap), CALL(munmap), CALL(mremap), CALL(mprotect), CALL(madvise), CALL(brk),
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(sigaltstack), CALL(restart_syscall),
	CALL(exit), CALL(exit_group), CALL(futex),
	CALL(getpid), CALL(gettid), CALL(clock_gettime), CALL(gettimeofday), CALL(time), CALL(getrandom),
};
static const int calls_accept[] = { CALL(accept), CALL(accept4) };
static const int calls_dial[] = { CALL(connect), CALL(bind), CALL(splice), CALL(tee), CALL(close_range) };
static const int calls_netlink[] = { CALL(bind) };
static const int calls_build[] = {
	CALL(memfd_create), CALL(ftruncate), CALL(fallocate), CALL(pwrite64), CALL(msync), CALL(open), CALL(openat), CALL(newfstatat),
	CALL(stat), CALL(statx), CALL(readlink), CALL(access), CALL(getdents64), CALL(fadvise64), CALL(getcwd),
};
static const int calls_fetch[] = {
	CALL(open), CALL(openat), CALL(newfstatat), CALL(stat), CALL(lstat), CALL(statx), CALL(readlink), CALL(readlinkat),
	CALL(access), CALL(faccessat), CALL(getdents64), CALL(fsync), CALL(ftruncate), CALL(socketpair), CALL(pipe), CALL(set_tid_address),
};
/* libraries try these and live with a refusal: EACCES is what landlock says as well */
static const int calls_files[] = {
	CALL(open), CALL(openat), CALL(stat), CALL(lstat), CALL(statx), CALL(readlink), CALL(access), CALL(faccessat),
};
/* nothing of ours ever makes these: whoever does is not us any more */
static const int calls_deadly[] = {
	CALL(execve), CALL(execveat), CALL(ptrace), CALL(process_vm_readv), CALL(process_vm_writev), CALL(mount), CALL(umount2),
	CALL(pivot_root), CALL(chroot), CALL(setns), CALL(unshare), CALL(bpf), CALL(perf_event_open), CALL(userfaultfd),
	CALL(init_module), CALL(finit_module), CALL(delete_module), CALL(kexec_load), CALL(kexec_file_load), CALL(reboot),
	CALL(swapon), CALL(swapoff), CALL(add_key), CALL(request_key), CALL(keyctl), CALL(acct), CALL(settimeofday),
	CALL(clock_settime), CALL(open_by_handle_at), CALL(pidfd_getfd), CALL(io_uring_setup), CALL(io_uring_enter),
};
/* of ioctl: how much is waiting, non-blocking, "is this a terminal" */
static const unsigned ioctl_allowed[] = { 0x541b /* FIONREAD */, 0x5411 /* TIOCOUTQ */, 0x5421 /* FIONBIO */, 0x5401 /* TCGETS */ };

static int rules_add(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int err = seccomp_rule_add(ctx, action, calls[i], 0);

		/* -EDOM: the call does not exist on this machine; -EEXIST: another list has it already */
		if (err && err != -EDOM && err != -EEXIST)
			return err;
	}
	return 0;
}

static int socket_add(scmp_filter_ctx ctx, int family)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(socket), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0));
}

static int role_add(scmp_filter_ctx ctx, unsigned may)
{
	int err = may & MAY_NOTHING ? rules_add(ctx, SCMP_ACT_ALLOW, calls_alone, ARRAY_LEN(calls_alone)) :
				      rules_add(ctx, SCMP_ACT_ALLOW, calls_common, ARRAY_LEN(calls_common));

	if (!err && may & MAY_ACCEPT)
		err = rules_add(ctx, SCMP_ACT_ALLOW, calls_accept, ARRAY_LEN(calls_accept));
	if (!err && may & MAY_DIAL)
		err = rules_add(ctx, SCMP_ACT_ALLOW, calls_dial, ARRAY_LEN(calls_dial));
	if (!err && may & MAY_DIAL)
		err = socket_add(ctx, AF_INET);
	if (!err && may & MAY_DIAL)
		err = socket_add(ctx, AF_INET6);
	if (!err && may & MAY_NETLINK)
		err = rules_add(ctx, SCMP_ACT_ALLOW, calls_netlink, ARRAY_LEN(calls_netlink));
	if (!err && may & MAY_NETLINK)
		err = socket_add(ctx, AF_NETLINK);
	if (!err && may & MAY_BUILD)
		err = rules_add(ctx, SCMP_ACT_ALLOW, calls_build, ARRAY_LEN(calls_build));
	else if (!err && may & MAY_FETCH)
		err = rules_add(ctx, SCMP_ACT_ALLOW, calls_fetch, ARRAY_LEN(calls_fetch));
	else if (!err)
		err = rules_add(ctx, SCMP_ACT_ERRNO(EACCES), calls_files, ARRAY_LEN(calls_files));
	if (!err && may & MAY_FETCH)	/* clone3() is unknown to it, so that the flags can be seen: a thread, never a process */
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(clone), 1,
				       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM));
	if (!err && !(may & (MAY_BUILD | MAY_FETCH)))	/* some C libraries make fstat() of it */
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(newfstatat), 1,
				       SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
	for (size_t i = 0; i < ARRAY_LEN(ioctl_allowed) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, ioctl_allowed[i], 0));
	/* prlimit64: to look (fourth argument: where the old limits go; third: new ones, none) */
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0, 0));
	if (!err)	/* abort() and raise(), at ourselves */
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	return err;
}

static int seccomp_enter(unsigned may)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int err;

	if (!ctx)
		return -ENOMEM;
	/* other ABIs of this machine (32-bit) have no rules: their calls kill, which is libseccomp's default */
	err = role_add(ctx, may);
	if (!err)
		err = rules_add(ctx, SCMP_ACT_KILL_PROCESS, calls_deadly, ARRAY_LEN(calls_deadly));
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);	/* binary tree: fewer tests a call */
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}

static int enter(unsigned may, uint32_t uid, uint32_t gid, uint32_t max_files)
{
	int err;

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
	sandboxed = true;
#endif
	tzset();
	err = limits_set(may, max_files);
	if (!err)
		err = privileges_drop(may, uid, gid);
	if (!err)
		err = landlock(may);
	if (!err && may & MAY_NOTHING && prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		err = -errno;
	if (!err)
		err = seccomp_enter(may);
	return err;
}

int sandbox_enter(enum role role, uint32_t uid, uint32_t gid, uint32_t max_files)
{
	if ((unsigned)role >= ROLE_COUNT || role == ROLE_MONITOR || role == ROLE_PROVE)
		return -EINVAL;
	return enter(role_may[role], uid, gid, max_files);
}

int sandbox_enter_alone(uint32_t uid, uint32_t gid)
{
	return enter(MAY_NOTHING, uid, gid, 0);
}
