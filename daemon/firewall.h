/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firewall - load and remove the table "inet dejunk" by the nft program and nft/dejunk.nft
 *
 * The file holds all logic; what differs between gateways goes in as variables (nft -D).
 * nft is run by fork and exec from a fixed list of directories, with an empty environment and
 * no shell.  The table is inert afterwards: nftset fills its sets and arms it.
 */
#ifndef DEJUNK_FIREWALL_H
#define DEJUNK_FIREWALL_H

#include <stdint.h>
#include <stdio.h>

#include "gateway.h"

enum {
	FIREWALL_TEXT = 4096,	/* bytes of nft's own words that are kept */
	FIREWALL_PATH = 4096,	/* bytes of a path */
};

/* firewall_file - where dejunk.nft is: $DEJUNK_NFT, else ../nft beside the directory of the
 * running binary (a source tree), else the installed one.  @path is always filled; returns 0, or -ENOENT when
 * no such file can be read (path then is the installed place). */
int firewall_file(char path[FIREWALL_PATH]);
/* firewall_load - put the table in place, replacing an older one, all in one transaction
 * @g:    interfaces are not used, only ports, refuse_with and on_failure
 * @uid:  user of dejunk's processes, exempt on the output hook
 * @file: from firewall_file()
 * @err:  filled with text for people on failure (several lines, no final newline), else ""
 *
 * Blocks while nft runs.  On failure the ruleset is as before.  Returns 0, -ENOENT (no nft program
 * or no file), -EPERM, -EINVAL (nft refused; its words are in @err), or another negative errno. */
int firewall_load(const struct gateway *g, uint32_t uid, const char *file, char err[FIREWALL_TEXT]);
/* firewall_check - as firewall_load(), but only tests the file and variables (nft -c) */
int firewall_check(const struct gateway *g, uint32_t uid, const char *file, char err[FIREWALL_TEXT]);
/* firewall_try - would nft and the kernel take this @input (nft's language)?  Changes nothing; as firewall_check() otherwise */
int firewall_try(const char *input, char err[FIREWALL_TEXT]);
/* firewall_digest - a number for all that firewall_load() would load: the file's text and the variables; 0: it cannot be read */
uint64_t firewall_digest(const struct gateway *g, uint32_t uid, const char *file);
/* firewall_unload - remove the table; that there is none is no error.  Returns as firewall_load(). */
int firewall_unload(char err[FIREWALL_TEXT]);
/* firewall_show - print the command that firewall_load() runs, one shell line */
void firewall_show(FILE *out, const struct gateway *g, uint32_t uid, const char *file);

#endif
