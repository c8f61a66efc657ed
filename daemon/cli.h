/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli - the verbs that start, ask or prepare a running daemon
 *
 * Each takes what main() got from the verb on (argv[0] is the verb) and returns the exit status:
 * 0 yes, 1 no, 2 usage or configuration.  Without -c FILE the rules are those of cli_rules_path().
 */
#ifndef DEJUNK_CLI_H
#define DEJUNK_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "gateway.h"
#include "log.h"

int cli_run(int argc, char **argv);		/* [--json] [-c FILE] [--run-dir DIR] [--state-dir DIR] [-d LEVEL] */
int cli_status(int argc, char **argv);		/* [--json] [--run-dir DIR] */
int cli_reload(int argc, char **argv);		/* [--json] [--exec] [--run-dir DIR] */
int cli_probe(int argc, char **argv);		/* [--json] [-c FILE | ADDRESS:PORT] */
int cli_see(int argc, char **argv);		/* FILE.pcap|- [--json]	(cli_see.c) */
int cli_version(int argc, char **argv);		/* [--json] */
int cli_firewall(int argc, char **argv);	/* load|unload|show|lan [--json] [-c FILE]	(cli_firewall.c) */

int cli_doctor(int argc, char **argv);		/* [--json] [-c FILE] [--run-dir DIR]	(cli_doctor.c) */
int cli_lists(int argc, char **argv);		/* [update [--force] [NAME]]	(cli_lists.c) */

/* --- for cli_*.c --- */

enum { CLI_UPDATE_SECONDS = 3600 };	/* for an update of lists: each may take LIMIT_FETCH_MS */

enum { OPT_JSON = 1, OPT_CONFIG = 2, OPT_RUN_DIR = 4, OPT_LEVEL = 8, OPT_OPERAND = 16, OPT_STATE_DIR = 32, OPT_EXEC = 64 };

struct options {
	const char *config;		/* NULL: not given */
	const char *run_dir;
	const char *state_dir;
	enum log_level level;
	bool json;
	bool exec;
	const char *operand;		/* the first, or NULL */
};

/* cli_options - read options and operands of one verb; --help prints @usage and exits
 * @allowed: OPT_* bits of what the verb takes
 * false: a line was printed, exit with 2 */
bool cli_options(int argc, char **argv, unsigned allowed, const char *usage, struct options *o);
/* cli_ask - the daemon's answer to one request line, allocated; NULL: a line was printed, or *not_running was set */
char *cli_ask(const char *run_dir, const char *request, int seconds, bool *not_running);
/* cli_print - text from the daemon, with control characters taken out */
void cli_print(FILE *out, const char *text);
/* cli_gateway - the gateway section of a rules file; false: errors were printed, exit with 2 */
bool cli_gateway(const char *config, struct gateway *out);

#endif
