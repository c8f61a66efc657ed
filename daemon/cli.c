/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli - run, status, reload, probe, version
 *
 * What comes from the daemon is printed with control characters taken out: this runs on root's terminal.
 */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "addr.h"
#include "cli_rules.h"
#include "container.h"
#include "json.h"
#include "limits.h"
#include "log.h"
#include "monitor.h"
#include "rules.h"
#include "rules_load.h"
#include "rules_report.h"
#include "rundir.h"
#include "statedir.h"

enum {
	ANSWER_BYTES = 1 << 20,		/* of the daemon's answer that is read */
	PROBE_MS = 3000,		/* for the probe to connect and to answer */
	PROBE_BYTES = 64,
};
#define PROBE_DEFAULT "127.0.0.1:1100"

static bool cli_level(const char *text, enum log_level *out)
{
	static const char *const name[] = { "error", "warn", "info", "debug" };

	for (size_t i = 0; i < ARRAY_LEN(name); i++)
		if (strcmp(text, name[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	fprintf(stderr, "dejunk: -d takes error, warn, info or debug, not \"%s\"\n", text);
	return false;
}

bool cli_options(int argc, char **argv, unsigned allowed, const char *usage, struct options *o)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, OPT_JSON },
		{ "config", required_argument, NULL, 'c' },
		{ "run-dir", required_argument, NULL, OPT_RUN_DIR },
		{ "state-dir", required_argument, NULL, OPT_STATE_DIR },
		{ "debug", required_argument, NULL, 'd' },
		{ "exec", no_argument, NULL, OPT_EXEC },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	unsigned bit;
	int c;

	*o = (struct options){ .run_dir = RUNDIR_DEFAULT, .state_dir = STATEDIR_DEFAULT,
				.level = LOG_LEVEL_INFO };
	optind = 1;
	while ((c = getopt_long(argc, argv, "c:d:h", known, NULL)) >= 0) {
		bit = c == 'c' ? OPT_CONFIG : c == 'd' ? OPT_LEVEL : (unsigned)c;
		if (c == '?')
			goto usage;
		if (c == 'h') {
			printf("usage: dejunk %s\n", usage);
			exit(0);
		}
		if (!(allowed & bit)) {
			fprintf(stderr, "dejunk: %s does not take this option: %s\n", argv[0], argv[optind - 1]);
			goto usage;
		}
		if (c == 'c')
			o->config = optarg;
		else if (c == OPT_RUN_DIR)
			o->run_dir = optarg;
		else if (c == OPT_STATE_DIR)
			o->state_dir = optarg;
		else if (c == OPT_JSON)
			o->json = true;
		else if (c == OPT_EXEC)
			o->exec = true;
		else if (c == 'd' && !cli_level(optarg, &o->level))
			return false;
	}
	if (optind < argc && (allowed & OPT_OPERAND))
		o->operand = argv[optind++];
	if (optind == argc)
		return true;
	fprintf(stderr, "dejunk: %s does not take \"%s\"\n", argv[0], argv[optind]);
usage:
	fprintf(stderr, "usage: dejunk %s\n", usage);
	return false;
}

/* --- run -------------------------------------------------------------------------- */

int cli_run(int argc, char **argv)
{
	char **whole = calloc((size_t)argc + 2, sizeof(*whole));	/* for as long as the process lives */
	struct run_options run;
	struct options o;

	if (!whole)
		return 2;
	whole[0] = program_invocation_name;
	memcpy(whole + 1, argv, (size_t)argc * sizeof(*argv));

	if (!cli_options(argc, argv, OPT_JSON | OPT_CONFIG | OPT_RUN_DIR | OPT_STATE_DIR | OPT_LEVEL,
			 "run [--json] [-c FILE] [--run-dir DIR] [--state-dir DIR] [-d error|warn|info|debug]", &o))
		return 2;
	if (LIMITS_SHORT && !getenv("DEJUNK_SHORT_LIMITS")) {
		fputs("dejunk: this one was built with the small limits of its tests, and is not for use\n", stderr);
		return 2;
	}
	run = (struct run_options){ .argv = whole, .config = o.config ? o.config : cli_rules_path(), .run_dir = o.run_dir,
				    .state_dir = o.state_dir, .level = o.level, .json = o.json };
	return monitor_main(&run);
}

/* --- the control socket -------------------------------------------------------------- */

void cli_print(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		fputc((c < ' ' && c != '\n' && c != '\t') || c == 0x7f ? '?' : c, out);
	}
}

char *cli_ask(const char *run_dir, const char *request, int seconds, bool *not_running)
{
	struct timeval limit = { .tv_sec = seconds };
	size_t used = 0;
	char *answer;
	ssize_t n;
	int fd = rundir_connect(run_dir);

	*not_running = fd == -ENOENT || fd == -ECONNREFUSED || fd == -ENOTDIR;
	if (fd < 0) {
		if (!*not_running)
			fprintf(stderr, "dejunk: %s/control: %s\n", run_dir, strerror(-fd));
		return NULL;
	}
	answer = malloc(ANSWER_BYTES);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (!answer || send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
		n = -1;
	} else {
		while (used < ANSWER_BYTES - 1 && (n = recv(fd, answer + used, ANSWER_BYTES - 1 - used, 0)) > 0)
			used += (size_t)n;
	}
	close(fd);
	if (answer && used) {
		answer[used] = '\0';
		return answer;
	}
	fprintf(stderr, "dejunk: %s/control: %s\n", run_dir,
		n < 0 && errno == EAGAIN ? "no answer in time" : n < 0 ? strerror(errno) : "the daemon did not answer");
	free(answer);
	return NULL;
}

static int cli_not_running(const struct options *o, bool status)
{
	struct json j = { .out = stdout };
	static const char *const zero[] = { "connections", "requests", "blocked", "cookies", "images", "refused_syns" };

	if (!o->json) {
		fprintf(status ? stdout : stderr, "not armed: dejunk is not running (nobody answers in %s)\n", o->run_dir);
		return 1;
	}
	json_open(&j, NULL, '{');
	json_bool(&j, status ? "armed" : "ok", false);
	json_string(&j, status ? "reason" : "errors", "dejunk is not running");
	for (size_t i = 0; status && i < ARRAY_LEN(zero); i++)
		json_number(&j, zero[i], 0);
	json_close(&j, '}');
	putchar('\n');
	return 1;
}

static bool cli_begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

int cli_status(int argc, char **argv)
{
	bool not_running, armed;
	struct options o;
	char *answer;

	if (!cli_options(argc, argv, OPT_JSON | OPT_RUN_DIR, "status [--json] [--run-dir DIR]", &o))
		return 2;
	answer = cli_ask(o.run_dir, o.json ? "status\n" : "status text\n", LIMIT_CONTROL_MS / 1000, &not_running);
	if (!answer)
		return not_running ? cli_not_running(&o, true) : 1;
	armed = cli_begins(answer, "{\"armed\":true") || cli_begins(answer, "armed");
	cli_print(stdout, answer);
	free(answer);
	return armed ? 0 : 1;
}

/* the answer to reload or reload --exec, told; true: it was done */
static bool cli_reloaded(const struct options *o, const char *answer, const char *done, const char *failed)
{
	bool ok = cli_begins(answer, "{\"ok\":true") || cli_begins(answer, "ok\n");
	const char *said = strchr(answer, '\n');

	if (o->json) {
		cli_print(stdout, answer);
		return ok;
	}
	cli_print(stderr, said ? said + 1 : "");
	if (ok)
		puts(done);
	else
		fprintf(stderr, "dejunk: %s\n", failed);
	return ok;
}

int cli_reload(int argc, char **argv)
{
	bool not_running, ok;
	struct options o;
	char *answer;

	if (!cli_options(argc, argv, OPT_JSON | OPT_RUN_DIR | OPT_EXEC, "reload [--exec] [--json] [--run-dir DIR]", &o))
		return 2;
	if (o.exec)
		answer = cli_ask(o.run_dir, o.json ? "upgrade\n" : "upgrade text\n",
				 (LIMIT_COMPILE_MS + LIMIT_PROVE_MS + LIMIT_UPGRADE_MS + LIMIT_CONTROL_MS) / 1000, &not_running);
	else
		answer = cli_ask(o.run_dir, o.json ? "reload\n" : "reload text\n",
				 (LIMIT_COMPILE_MS + 2 * LIMIT_CONTROL_MS) / 1000, &not_running);
	if (!answer)
		return not_running ? cli_not_running(&o, false) : 1;
	if (o.exec)
		ok = cli_reloaded(&o, answer, "taken over by the new binary", "no upgrade, the old binary goes on");
	else
		ok = cli_reloaded(&o, answer, "reloaded", "not reloaded, the old rules stay");
	free(answer);
	return ok ? 0 : o.exec ? 1 : 2;
}

/* --- probe -------------------------------------------------------------------------------- */

bool cli_gateway(const char *config, struct gateway *out)
{
	struct rules_opener opener = { .open = rules_open_directly };
	struct rules_report report;
	struct rules *rules = NULL;
	char why[256], *text;
	int fd;

	rules_report_init(&report);
	fd = rules_load(config, 1, &opener, &report);
	if (fd < 0) {
		text = rules_report_text(&report);
		fputs(text ? text : "dejunk: out of memory\n", stderr);
		free(text);
	} else {
		rules = rules_map(fd, why, sizeof(why));
		close(fd);
		if (!rules)
			fprintf(stderr, "dejunk: %s: %s\n", config, why);
	}
	rules_report_fini(&report);
	if (!rules)
		return false;
	*out = *rules_gateway(rules);
	rules_put(rules);
	return true;
}

static bool cli_probe_address(const char *config, struct addr *out)
{
	static struct gateway g;

	if (!cli_gateway(config, &g))
		return false;
	*out = g.probe;
	if (!out->family)
		fprintf(stderr, "dejunk: %s sets no gateway.probe\n", config);
	return out->family != 0;
}

/* 0 and the line that the probe wrote, or a negative errno */
static int cli_probe_ask(const struct addr *a, char line[PROBE_BYTES])
{
	struct timeval limit = { .tv_sec = PROBE_MS / 1000, .tv_usec = PROBE_MS % 1000 * 1000 };
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(a, &ss);
	size_t used = 0;
	ssize_t n;
	int err, fd = socket(a->family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));	/* connect() too */
	if (connect(fd, (struct sockaddr *)&ss, len) < 0) {
		err = errno == EINPROGRESS ? -ETIMEDOUT : -errno;
		close(fd);
		return err;
	}
	while (used < PROBE_BYTES - 1 && (n = recv(fd, line + used, PROBE_BYTES - 1 - used, 0)) > 0)
		used += (size_t)n;
	err = n < 0 ? (errno == EAGAIN ? -ETIMEDOUT : -errno) : 0;
	close(fd);
	line[used] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	if (!err && (!line[0] || line[strspn(line, "0123456789")]))
		err = -EPROTO;
	return err;
}

int cli_probe(int argc, char **argv)
{
	struct json j = { .out = stdout };
	char text[ADDR_TEXT], line[PROBE_BYTES] = "";
	struct options o;
	struct addr a;
	int err;

	if (!cli_options(argc, argv, OPT_JSON | OPT_CONFIG | OPT_OPERAND, "probe [--json] [-c FILE | ADDRESS:PORT]", &o))
		return 2;
	if (o.config) {
		if (!cli_probe_address(o.config, &a))
			return 2;
	} else if (!addr_parse_port(&a, span_of(o.operand ? o.operand : PROBE_DEFAULT))) {
		fprintf(stderr, "dejunk: \"%s\" is not ADDRESS:PORT\n", o.operand);
		return 2;
	}
	err = cli_probe_ask(&a, line);
	addr_format_port(&a, text);
	if (o.json) {
		json_open(&j, NULL, '{');
		json_bool(&j, "ok", !err);
		json_string(&j, "address", text);
		if (err)
			json_string(&j, "error", strerror(-err));
		else
			json_number(&j, "time", strtoull(line, NULL, 10));
		json_close(&j, '}');
		putchar('\n');
	} else if (err) {
		fprintf(stderr, "dejunk: the probe at %s: %s\n", text,
			err == -EPROTO ? "something else answered" : strerror(-err));
	} else {
		puts(line);
	}
	return err ? 1 : 0;
}

/* --- version --------------------------------------------------------------------------------- */

int cli_version(int argc, char **argv)
{
	struct options o;

	if (!cli_options(argc, argv, OPT_JSON, "version [--json]", &o))
		return 2;
	fputs(o.json ? "{\"version\":\"" DEJUNK_VERSION "\"}" : "dejunk " DEJUNK_VERSION, stdout);
	puts(LIMITS_SHORT && !o.json ? " with the small limits of its tests: not for use" : "");
	return 0;
}
