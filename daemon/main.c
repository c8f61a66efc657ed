/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main - the table of verbs; nothing else */
#include <stdio.h>
#include <string.h>

#include "cli_rules.h"
#include "container.h"

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

static int verb_version(int argc, char **argv)
{
	(void)argc, (void)argv;
	puts("dejunk " DEJUNK_VERSION);
	return 0;
}

static const struct verb verbs[] = {
	{ "check", verb_check, "is rules.yaml good? errors with line and caret" },
	{ "explain", verb_explain, "what would happen to a URL or host, and which rule does it" },
	{ "version", verb_version, "print the version" },
};

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "version";

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	fprintf(stderr, "dejunk: unknown verb \"%s\"\n", name);
	return 2;
}
