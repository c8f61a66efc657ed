/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli_rules - the verbs that work on a rules.yaml and need no daemon
 *
 * Exit status: check: 0 good (warnings are no errors), 2 not good or usage.  explain: 0 answered, whatever the
 * answer; 2 usage, or rules that are not good.
 */
#ifndef DEJUNK_CLI_RULES_H
#define DEJUNK_CLI_RULES_H

struct rules;

int verb_check(int argc, char **argv);
int verb_explain(int argc, char **argv);
/* cli_rules_load - build and map a rules.yaml (@state_dir: of fetched lists, NULL: the usual one); what is to be said of it goes to standard error; NULL: it is not good */
struct rules *cli_rules_load(const char *path, const char *state_dir);
/* verb_explain_batch - explain --batch FILE [--lists LIST,... | -c FILE]: asks the lists, or a rules.yaml.  Reads lines of method, type, host of the page ("-": not
 * known) and URL, tab-separated; prints a line each: block, allow (an exception overrode a block) or pass, the list and
 * line, and the filter, tab-separated.  0 answered; 2 usage, or a list or line that cannot be used. */
int verb_explain_batch(int argc, char **argv);

/* cli_rules_path - the file when none is given: ./rules.yaml if it is there, else /etc/dejunk/rules.yaml */
const char *cli_rules_path(void);

#endif
