/* SPDX-License-Identifier: GPL-3.0-or-later */
/* yaml_tree - libyaml's events put together */
#include "yaml_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct builder {
	struct yaml_tree *tree;
	struct yaml_node *stack[YAML_DEPTH];
	unsigned depth;
	bool done;		/* one document was read */
	struct yaml_node *anchored[YAML_ANCHORS];	/* few: an alias looks at them all */
	unsigned anchors;
};

static bool fail(struct yaml_tree *t, const yaml_mark_t *at, const char *why)
{
	snprintf(t->error, sizeof(t->error), "%s", why);
	t->line = (uint32_t)at->line + 1;
	t->column = (uint32_t)at->column + 1;
	return false;
}

static struct yaml_node *node_new(struct builder *b, enum yaml_type type, const yaml_mark_t *at,
				  const yaml_char_t *anchor)
{
	struct yaml_node *n = calloc(1, sizeof(*n));
	struct yaml_tree *t = b->tree;

	if (!n)
		return NULL;
	n->older = t->newest;
	t->newest = n;
	n->type = type;
	n->line = (uint32_t)at->line + 1;
	n->column = (uint32_t)at->column + 1;
	if (anchor) {
		n->anchor = b->anchors < YAML_ANCHORS ? strdup((const char *)anchor) : NULL;
		if (!n->anchor) {
			fail(t, at, b->anchors < YAML_ANCHORS ? "out of memory" : "too many anchors");
			return NULL;
		}
		b->anchored[b->anchors++] = n;
	}
	return n;
}

/* make @n the next item of the open list or map */
static bool attach(struct builder *b, struct yaml_node *n)
{
	struct yaml_node *in;

	if (b->depth == 0) {
		b->tree->root = n;
		return true;
	}
	in = b->stack[b->depth - 1];
	if (in->count == in->room) {
		size_t room = in->room ? in->room * 2 : 8;
		struct yaml_node **item = realloc(in->item, room * sizeof(*item));

		if (!item)
			return false;
		in->item = item;
		in->room = room;
	}
	in->item[in->count++] = n;
	return true;
}

static bool scalar(struct builder *b, const yaml_event_t *e)
{
	struct yaml_node *n = node_new(b, YAML_SCALAR, &e->start_mark, e->data.scalar.anchor);
	char *copy;

	if (!n || !attach(b, n))
		return b->tree->error[0] ? false : fail(b->tree, &e->start_mark, "out of memory");
	copy = malloc(e->data.scalar.length + 1);
	if (!copy)
		return fail(b->tree, &e->start_mark, "out of memory");
	memcpy(copy, e->data.scalar.value, e->data.scalar.length);
	copy[e->data.scalar.length] = '\0';
	n->value = (struct span){ copy, e->data.scalar.length };
	return true;
}

static bool collection(struct builder *b, const yaml_event_t *e, enum yaml_type type, const yaml_char_t *anchor)
{
	struct yaml_node *n;

	if (b->depth == YAML_DEPTH)
		return fail(b->tree, &e->start_mark, "nested too deeply");
	n = node_new(b, type, &e->start_mark, anchor);
	if (!n || !attach(b, n))
		return b->tree->error[0] ? false : fail(b->tree, &e->start_mark, "out of memory");
	b->stack[b->depth++] = n;
	return true;
}

static bool alias(struct builder *b, const yaml_event_t *e)
{
	const char *name = (const char *)e->data.alias.anchor;
	struct yaml_node *n = NULL;

	for (unsigned i = b->anchors; i && !n; i--)	/* the last of that name */
		if (strcmp(b->anchored[i - 1]->anchor, name) == 0)
			n = b->anchored[i - 1];
	if (!n)
		return fail(b->tree, &e->start_mark, "alias of an anchor that was not defined before it");
	for (unsigned i = 0; i < b->depth; i++)
		if (b->stack[i] == n)
			return fail(b->tree, &e->start_mark, "alias within its own anchor");
	return attach(b, n) || fail(b->tree, &e->start_mark, "out of memory");
}

static bool event(struct builder *b, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->done)
			return fail(b->tree, &e->start_mark, "a second document; expected only one");
		b->done = true;
		return true;
	case YAML_SCALAR_EVENT:
		return scalar(b, e);
	case YAML_SEQUENCE_START_EVENT:
		return collection(b, e, YAML_LIST, e->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return collection(b, e, YAML_MAP, e->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return true;
	case YAML_ALIAS_EVENT:
		return alias(b, e);
	default:
		return true;
	}
}

/* bytes that are no text have no line from libyaml: count them */
static void place_offset(struct yaml_tree *t, struct span text, size_t offset)
{
	t->line = t->column = 1;
	for (size_t i = 0; i < offset && i < text.len; i++) {
		t->column++;
		if (text.p[i] == '\n') {
			t->line++;
			t->column = 1;
		}
	}
}

bool yaml_tree_parse(struct yaml_tree *t, struct span text)
{
	struct builder b = { .tree = t };
	yaml_parser_t parser;
	yaml_event_t e;
	bool more = true, good = true;

	memset(t, 0, sizeof(*t));
	if (!yaml_parser_initialize(&parser)) {
		snprintf(t->error, sizeof(t->error), "out of memory");
		return false;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)(text.p ? text.p : ""), text.len);
	while (good && more) {
		if (!yaml_parser_parse(&parser, &e)) {
			char why[sizeof(t->error)];

			snprintf(why, sizeof(why), "%s%s%s", parser.problem ? parser.problem : "not YAML",
				 parser.context ? ", " : "", parser.context ? parser.context : "");
			good = fail(t, &parser.problem_mark, why);
			if (parser.error == YAML_READER_ERROR)
				place_offset(t, text, parser.problem_offset);
			break;
		}
		more = e.type != YAML_STREAM_END_EVENT;
		good = event(&b, &e);
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&parser);
	return good;
}

void yaml_tree_fini(struct yaml_tree *t)
{
	while (t->newest) {
		struct yaml_node *n = t->newest;

		t->newest = n->older;
		free((char *)(uintptr_t)n->value.p);
		free(n->item);
		free(n->anchor);
		free(n);
	}
	t->root = NULL;
}
