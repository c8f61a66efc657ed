/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main - the table of verbs, and the roles behind the hidden verb "child"; nothing else */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "child.h"
#include "cli.h"
#include "cli_rules.h"
#include "compile.h"
#include "container.h"
#include "fetch.h"
#include "packet.h"
#include "prove.h"
#include "proxy.h"
#include "reader.h"

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);	/* argv[0] is the verb; returns the exit status */
	const char *arguments;
	const char *help;
};

static const struct verb verbs[] = {
	{ "run",	cli_run,	"[-c FILE] [--run-dir DIR] [-d LEVEL] ...", "the daemon, in the foreground" },
	{ "status",	cli_status,	"[--run-dir DIR]",		"armed or not and why, processes, counters (the default)" },
	{ "check",	verb_check,	"[FILE]",			"is rules.yaml good? every error with its line and a caret" },
	{ "explain",	verb_explain,	"URL|HOST [-c FILE]",		"what would happen to it, and by which rule" },
	{ "lists",	cli_lists,	"[update [--force] [NAME]]",	"what each list yields and when it is fetched; update: fetch now" },
	{ "reload",	cli_reload,	"[--exec] [--run-dir DIR]",	"rules.yaml and the lists anew; --exec: this program, too" },
	{ "probe",	cli_probe,	"[-c FILE | ADDRESS:PORT]",	"does a proxy's loop answer? prints the UNIX time" },
	{ "firewall",	cli_firewall,	"load|unload|show|lan [-c FILE]",	"the table inet dejunk by itself, inert; run loads it too" },
	{ "see",	cli_see,	"FILE.pcap|-",			"the names that the packets of a capture tell, and how" },
	{ "doctor",	cli_doctor,	"[-c FILE] [--run-dir DIR]",	"what on this machine would get in the way, and what to do about it" },
	{ "version",	cli_version,	"",				"print the version" },
};

/* the processes that "run" starts, by "dejunk child ROLE" */
static const struct {
	enum role role;
	int (*run)(void);
} roles[] = {
	{ ROLE_COMPILE, compile_main },
	{ ROLE_FETCH, fetch_main },
	{ ROLE_QUEUE, packet_main },
	{ ROLE_READER, reader_main },
	{ ROLE_PROXY, proxy_main },
	{ ROLE_ADMIN, admin_main },
	{ ROLE_PROVE, prove_main },
};

static int main_child(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (strcmp(role_name(roles[i].role), name) == 0)
			return roles[i].run();
	return 2;
}

static void main_help(FILE *out)
{
	fputs("dejunk - a transparent filter for a Linux gateway: unwanted hosts, cookies and images\n\n"
	      "usage: dejunk [VERB] [--json] [ARGUMENTS]\n\n", out);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		fprintf(out, "  %-8s %-38s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].help);
	fputs("\nExit status: 0 yes, 1 no, 2 usage or configuration.  Without FILE: ./rules.yaml if it is there, else\n"
	      "/etc/dejunk/rules.yaml.  See dejunk(8) and rules.yaml(5).\n", out);
}

/* a descriptor 0, 1 or 2 that was closed would be given to a socket, and lines be written into it */
static bool main_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return fcntl(STDERR_FILENO, F_GETFD) >= 0;	/* no /dev: good enough if all three are there */
	close(fd);
	return true;
}

int main(int argc, char **argv)
{
	static char *status[] = { "status", NULL };
	const char *name = argc > 1 ? argv[1] : "status";

	if (!main_standard_files())
		return 2;
	if (argc == 3 && strcmp(name, "child") == 0)
		return main_child(argv[2]);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		main_help(stdout);
		return 0;
	}
	if (strcmp(name, "--version") == 0)
		name = "version";
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return argc > 1 ? verbs[i].run(argc - 1, argv + 1) : verbs[i].run(1, status);
	fprintf(stderr, "dejunk: unknown verb \"%s\"; see dejunk --help\n", name);
	return 2;
}
