/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall - load and remove the table "inet dejunk" by the nft program and nft/dejunk.nft */
#include "firewall.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include "container.h"

#ifndef DEJUNK_DATADIR
#define DEJUNK_DATADIR "/usr/local/share/dejunk"
#endif

enum {
	PORTS_BYTES = 2 * GATEWAY_PORTS * 7 + 8,
	VAR_BYTES = PORTS_BYTES + 16,	/* and a name */
	VARS = 20,
	ARGS = 2 * VARS + 12,
	NFT_SECONDS = 30,	/* nft may run; it waits for others who change the ruleset */
};

/* nft's command line; arguments point into var[] and at literals */
struct command {
	char var[VARS][VAR_BYTES];
	unsigned vars;
	char without[2][FIREWALL_PATH];
	const char *arg[ARGS];
	unsigned args;
	bool check;		/* nothing is to be changed */
};

static const char *const nft_places[] = {
	"/usr/sbin/nft", "/sbin/nft", "/usr/local/sbin/nft", "/usr/bin/nft", "/usr/local/bin/nft",
};

static const char *nft_program(void)
{
	for (size_t i = 0; i < ARRAY_LEN(nft_places); i++)
		if (access(nft_places[i], X_OK) == 0)
			return nft_places[i];
	return NULL;
}

int firewall_file(char path[FIREWALL_PATH])
{
	const char *env = secure_getenv("DEJUNK_NFT");
	char exe[FIREWALL_PATH];
	ssize_t n;

	if (env && *env) {
		snprintf(path, FIREWALL_PATH, "%s", env);
		return access(path, R_OK) == 0 ? 0 : -ENOENT;
	}
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n > 0) {
		char *slash;

		exe[n] = '\0';
		slash = strrchr(exe, '/');
		if (slash)
			*slash = '\0';
		slash = strrchr(exe, '/');	/* the directory above the binary's */
		if (slash)
			*slash = '\0';
		if (snprintf(path, FIREWALL_PATH, "%.*s/nft/dejunk.nft", FIREWALL_PATH - 32, exe) > 0 &&
		    access(path, R_OK) == 0)
			return 0;
	}
	snprintf(path, FIREWALL_PATH, "%s", DEJUNK_DATADIR "/dejunk.nft");
	return access(path, R_OK) == 0 ? 0 : -ENOENT;
}

/* --- the command line ----------------------------------------------------------- */

static void command_arg(struct command *c, const char *arg)
{
	c->arg[c->args++] = arg;
	c->arg[c->args] = NULL;
}

static void command_var(struct command *c, const char *name, const char *value)
{
	char *var = c->var[c->vars++];

	snprintf(var, VAR_BYTES, "%s=%s", name, value);
	command_arg(c, "-D");
	command_arg(c, var);
}

/* the ports of rules.yaml as nft writes a set, each once: it refuses an element that is there twice */
struct ports {
	uint16_t port[2 * GATEWAY_PORTS];
	unsigned n;
};

static void ports_add(struct ports *p, const uint16_t *port, unsigned n)
{
	for (unsigned i = 0; i < n && i < GATEWAY_PORTS; i++) {
		bool again = false;

		for (unsigned j = 0; j < p->n; j++)
			again |= p->port[j] == port[i];
		if (!again)
			p->port[p->n++] = port[i];
	}
}

static void command_ports(struct command *c, const char *name, const struct ports *p)
{
	char text[PORTS_BYTES];
	size_t used = (size_t)snprintf(text, sizeof(text), "{ ");

	for (unsigned i = 0; i < p->n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", i ? ", " : "", p->port[i]);
	snprintf(text + used, sizeof(text) - used, " }");
	command_var(c, name, text);
}

static void command_mark(struct command *c, const char *name, uint32_t bits)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08x", bits);
	command_var(c, name, text);
}

static void command_marks(struct command *c, const struct gateway *g)
{
	uint32_t refuse = gateway_mark(g, MARK_REFUSE), decided = gateway_mark(g, MARK_DECIDED);
	uint32_t ask = gateway_mark(g, FLOW_ASK), refused = gateway_mark(g, FLOW_REFUSED);

	command_mark(c, "mark_refuse", refuse);
	command_mark(c, "mark_decided", decided);
	command_mark(c, "mark_said", refuse | decided);
	command_mark(c, "flow_ask", ask);
	command_mark(c, "flow_refused", refused);
	command_mark(c, "flow_seen", gateway_mark(g, FLOW_SEEN));
	command_mark(c, "flow_ours", ask | refused);
	/* all bits of others; nft has no operator for that */
	command_mark(c, "mark_keep", ~(refuse | decided));
	command_mark(c, "flow_keep_ask", ~ask);
	command_mark(c, "flow_keep_refused", ~refused);
}

/* command_without - let the file include what directory @name beside it has: what takes a base chain out again */
static void command_without(struct command *c, char path[FIREWALL_PATH], const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');
	int dir = slash ? (int)(slash - file) : 1;

	snprintf(path, FIREWALL_PATH, "%.*s/%s", dir, slash ? file : ".", name);
	command_arg(c, "-I");
	command_arg(c, path);
}

static void command_load(struct command *c, const struct gateway *g, uint32_t uid, const char *file, bool check)
{
	static const char *const hello[] = { "hello_all", "hello_suspect", "hello_none" };
	static const char *const quic[] = { "quic_inspect", "quic_block", "quic_pass" };
	struct ports http = { .n = 0 }, tls = { .n = 0 };
	char text[16];

	memset(c, 0, sizeof(*c));
	command_arg(c, "nft");
	c->check = check;
	if (check)
		command_arg(c, "-c");
	snprintf(text, sizeof(text), "%u", g->listen);
	command_var(c, "listen", text);
	ports_add(&http, g->http_port, g->http_ports);
	command_ports(c, "http_ports", &http);
	ports_add(&tls, g->tls_port, g->tls_ports);
	command_ports(c, "tls_ports", &tls);
	ports_add(&http, g->tls_port, g->tls_ports);
	command_ports(c, "web_ports", &http);
	command_var(c, "hello", hello[g->tls <= TLS_OFF ? g->tls : TLS_OFF]);
	command_var(c, "hello_asked", g->tls == TLS_OFF ? "hello_none" : "hello_all");
	command_var(c, "hello_rest", g->tls == TLS_ALL ? "hello_all" : "hello_none");
	command_var(c, "quic", quic[g->quic <= GATEWAY_QUIC_PASS ? g->quic : GATEWAY_QUIC_PASS]);
	command_var(c, "refuse", g->refuse_with == REFUSE_DROP ? "say_drop" : "say_reset");
	snprintf(text, sizeof(text), "%u", uid);
	command_var(c, "uid", text);
	command_marks(c, g);
	if (g->refuse_with == REFUSE_RESET)
		command_without(c, c->without[0], file, "reset");
	if (g->on_failure == FAILURE_PASS)
		command_without(c, c->without[1], file, "pass");
	command_arg(c, "-f");
	command_arg(c, file);
}

void firewall_show(FILE *out, const struct gateway *g, uint32_t uid, const char *file)
{
	struct command c;

	command_load(&c, g, uid, file, false);
	for (unsigned i = 0; i < c.args; i++) {
		const char *a = c.arg[i];
		bool plain = a[strspn(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=./+,:@")] == '\0';

		fputs(i ? " " : "", out);
		if (plain) {
			fputs(a, out);
			continue;
		}
		putc('\'', out);
		for (; *a; a++) {
			if (*a == '\'')
				fputs("'\\''", out);
			else
				putc(*a, out);
		}
		putc('\'', out);
	}
	putc('\n', out);
}

/* --- running it ----------------------------------------------------------------- */

/* in the child, between fork and exec: async-signal-safe calls only */
static void child_exec(const char *program, const struct command *c, const char *input, int err_fd)
{
	static char *const no_env[] = { NULL };
	sigset_t none;
	int in[2], null = open("/dev/null", O_RDWR);

	/* even a test registers the chains and takes them back, whereupon the kernel drops whatever waits in any queue of
	 * the namespace (nf_queue_nf_hook_drop): so it is made in an empty one */
	if (c->check)
		(void)unshare(CLONE_NEWNET);
	if (input) {	/* a few bytes: they fit a pipe */
		if (pipe(in) < 0 || write(in[1], input, strlen(input)) < 0)
			_exit(127);
		close(in[1]);
	}
	if (dup2(input ? in[0] : null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(err_fd, STDERR_FILENO) < 0)
		_exit(127);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	alarm(NFT_SECONDS);
	execve(program, (char *const *)c->arg, no_env);
	_exit(127);
}

/* read_all - what nft says, up to what fits; the rest is read and thrown away */
static void read_all(int fd, char err[FIREWALL_TEXT])
{
	size_t used = 0;
	char sink[512];

	for (;;) {
		bool full = used + 1 >= FIREWALL_TEXT;
		ssize_t n = read(fd, full ? sink : err + used, full ? sizeof(sink) : FIREWALL_TEXT - 1 - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (!full)
			used += (size_t)n;
	}
	while (used && (err[used - 1] == '\n' || err[used - 1] == ' '))
		used--;
	err[used] = '\0';
}

/* run - run nft, with @input on its standard input where that is not NULL
 * Safe within a libev program: libev reaps children in its loop only, and we wait right here. */
static int run(const struct command *c, const char *input, char err[FIREWALL_TEXT])
{
	const char *program = nft_program();
	int fd[2], status = 0, ret;
	pid_t pid;

	err[0] = '\0';
	if (!program) {
		snprintf(err, FIREWALL_TEXT, "there is no nft program on this machine (Debian package nftables)");
		return -ENOENT;
	}
	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		ret = -errno;
		close(fd[0]);
		close(fd[1]);
		return ret;
	}
	if (pid == 0)
		child_exec(program, c, input, fd[1]);
	close(fd[1]);
	read_all(fd[0], err);
	close(fd[0]);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		err[0] = '\0';	/* warnings are nobody's concern */
		return 0;
	}
	if (WIFSIGNALED(status)) {
		snprintf(err, FIREWALL_TEXT, "%s was killed by signal %d", program, WTERMSIG(status));
		return -EINTR;
	}
	if (!err[0])
		snprintf(err, FIREWALL_TEXT, "%s ended with status %d", program, WEXITSTATUS(status));
	return strstr(err, "Operation not permitted") ? -EPERM : -EINVAL;
}

static int readable(const char *file, char err[FIREWALL_TEXT])
{
	int saved = access(file, R_OK) < 0 ? errno : 0;

	if (saved)
		snprintf(err, FIREWALL_TEXT, "%s: %s", file, strerror(saved));
	return -saved;
}

/* whole - are all files there?  To nft one that is not is no error, and the chain that it takes out would stay */
static int whole(const struct command *c, const char *file, char err[FIREWALL_TEXT])
{
	static const char *const name[] = { "dejunk-without-early.nft", "dejunk-without-unleased.nft" };
	char path[FIREWALL_PATH + 64];
	int e = readable(file, err);

	for (size_t i = 0; i < ARRAY_LEN(name) && !e; i++) {
		snprintf(path, sizeof(path), "%s/%s", c->without[i], name[i]);
		if (c->without[i][0])
			e = readable(path, err);
	}
	return e;
}

static int load(const struct gateway *g, uint32_t uid, const char *file, bool check, char err[FIREWALL_TEXT])
{
	struct command c;
	int e;

	command_load(&c, g, uid, file, check);
	e = whole(&c, file, err);
	return e ? e : run(&c, NULL, err);
}

int firewall_load(const struct gateway *g, uint32_t uid, const char *file, char err[FIREWALL_TEXT])
{
	return load(g, uid, file, false, err);
}

int firewall_check(const struct gateway *g, uint32_t uid, const char *file, char err[FIREWALL_TEXT])
{
	return load(g, uid, file, true, err);
}

int firewall_try(const char *input, char err[FIREWALL_TEXT])
{
	struct command c;

	memset(&c, 0, sizeof(c));
	c.check = true;
	command_arg(&c, "nft");
	command_arg(&c, "-c");
	command_arg(&c, "-f");
	command_arg(&c, "-");
	return run(&c, input, err);
}

uint64_t firewall_digest(const struct gateway *g, uint32_t uid, const char *file)
{
	char text[4096];
	uint64_t digest = 0;
	FILE *f = fopen(file, "re");
	struct command c;
	size_t n;

	if (!f)
		return 0;
	while ((n = fread(text, 1, sizeof(text), f)) > 0)
		digest = XXH3_64bits_withSeed(text, n, digest);
	fclose(f);
	command_load(&c, g, uid, "", false);
	for (unsigned i = 0; i < c.args; i++)
		digest = XXH3_64bits_withSeed(c.arg[i], strlen(c.arg[i]), digest);
	return digest ? digest : 1;
}

/* "delete" of a table that is not there is an error, "add" of one that is there is not: so both, in one transaction */
int firewall_unload(char err[FIREWALL_TEXT])
{
	struct command c;

	memset(&c, 0, sizeof(c));
	command_arg(&c, "nft");
	command_arg(&c, "-f");
	command_arg(&c, "-");
	return run(&c, "table inet dejunk\ndelete table inet dejunk\n", err);
}
