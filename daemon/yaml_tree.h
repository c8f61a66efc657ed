/* SPDX-License-Identifier: GPL-3.0-or-later */
/* yaml_tree - a YAML document as a small tree with the place of everything (libyaml's events)
 *
 * One document, at most YAML_DEPTH deep, with at most YAML_ANCHORS anchors.  An alias is the node it stands for, shared:
 * the tree never takes more memory than the text, whoever walks it counts what it visits.
 */
#ifndef DEJUNK_YAML_TREE_H
#define DEJUNK_YAML_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "span.h"

enum { YAML_DEPTH = 16, YAML_ANCHORS = 256 };

enum yaml_type { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_type type;
	uint32_t line, column;		/* from 1; column in characters */
	struct span value;		/* YAML_SCALAR */
	size_t count, room;
	struct yaml_node **item;	/* YAML_LIST: values; YAML_MAP: key, value, key, value... */
	struct yaml_node *older;	/* all nodes, for yaml_tree_fini */
	char *anchor;
};

struct yaml_tree {
	struct yaml_node *root;		/* NULL: an empty document */
	struct yaml_node *newest;
	char error[200];		/* yaml_tree_parse failed: what was wrong */
	uint32_t line, column;		/* and where */
};

/* yaml_tree_parse - @text to @t; false: t->error says why.  Undo with yaml_tree_fini in either case. */
bool yaml_tree_parse(struct yaml_tree *t, struct span text);
void yaml_tree_fini(struct yaml_tree *t);

#endif
