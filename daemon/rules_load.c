/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_load - the file as a whole: sections, keys, and what every key's function needs */
#include "rules_load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "limits.h"
#include "list_store.h"
#include "regular.h"
#include "rules_loading.h"

struct key {
	enum key_section section;
	const char *name;
	void (*function)(struct load *l, const struct yaml_node *value);
	const char *standard, *example, *help;
};

static const struct key keys[] = {
#define KEY(section, name, function, standard, example, help) \
	{ KEYS_##section, #name, load_##function, standard, example, help },
#include "tbl/rules_key.h"
#undef KEY
};

void rules_load_keys(FILE *out)
{
	static const char *const section[] = { "-", "gateway", "lists", "rules" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		fprintf(out, "%s\t%s\t%s\t%s\t%s\n", section[keys[i].section], keys[i].name, keys[i].standard,
			keys[i].example, keys[i].help);
}

/* --- files ---------------------------------------------------------------- */

int rules_open_directly(void *ctx, const char *path)
{
	char copy[PATH_MAX];
	int fd;

	if (list_is_url(span_of(path))) {
		if (!list_store_path(ctx, span_of(path), copy))
			return -ENAMETOOLONG;
		path = copy;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

int load_read(const struct rules_opener *opener, const char *path, size_t limit, struct span *out)
{
	int fd = opener->open(opener->ctx, path), err = 0;
	size_t len = 0, room;
	char *p = NULL;
	int64_t size;

	*out = (struct span){ NULL, 0 };
	if (fd < 0)
		return fd;
	size = regular_size(fd);
	if (size < 0 || (uint64_t)size > limit) {
		err = size < 0 ? (int)size : -EFBIG;
		goto out_fd;
	}
	room = (size_t)size + 1;	/* one more: to see that it did not grow */
	p = malloc(room);
	if (!p) {
		err = -ENOMEM;
		goto out_fd;
	}
	while (len < room) {
		ssize_t n = read(fd, p + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (err == 0 && len == room)
		err = -EAGAIN;		/* it grows while we read */
	if (err < 0) {
		free(p);
		goto out_fd;
	}
	*out = (struct span){ p, len };
out_fd:
	close(fd);
	return err;
}

/* --- words ---------------------------------------------------------------- */

static size_t distance(struct span a, struct span b)
{
	size_t row[32];

	if (a.len >= ARRAY_LEN(row) || b.len >= ARRAY_LEN(row))
		return 99;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t cost = diagonal + (char_lower(a.p[i - 1]) != char_lower(b.p[j - 1]));

			diagonal = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	return row[b.len];
}

const char *load_nearest(struct span s, const char *const *words, size_t count)
{
	const char *best = NULL;
	size_t least = s.len < 4 ? 1 : s.len < 7 ? 2 : 3;

	for (size_t i = 0; i < count && words[i]; i++) {
		size_t d = distance(s, span_of(words[i]));

		if (d <= least && (!best || d < least)) {
			least = d;
			best = words[i];
		}
	}
	return best;
}

int load_bool(struct span s)
{
	static const char *const yes[] = { "yes", "true", "on" }, *const no[] = { "no", "false", "off" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (span_eq_nocase(s, span_of(yes[i])))
			return 1;
		if (span_eq_nocase(s, span_of(no[i])))
			return 0;
	}
	return -1;
}

int load_yes(struct load *l, const struct yaml_node *value)
{
	const struct yaml_node *s = load_one(l, value, "yes or no");
	int yes = s ? load_bool(s->value) : -1;

	if (s && yes < 0)
		load_error(l, s, "\"%.*s\" is not known here; expected yes or no",
			   (int)(s->value.len > 80 ? 80 : s->value.len), s->value.p);
	return yes;
}

long load_number(struct span s, long min, long max)
{
	long n = 0;

	if (s.len == 0 || s.len > 9)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		n = n * 10 + (s.p[i] - '0');
	}
	return n < min || n > max ? -1 : n;
}

/* what a node is, for messages */
static const char *found(const struct yaml_node *n)
{
	if (n->type == YAML_LIST)
		return n->count ? "a list" : "an empty list";
	return n->type == YAML_MAP ? "a map" : n->value.len ? "a single value" : "nothing";
}

const struct yaml_node *load_one(struct load *l, const struct yaml_node *value, const char *expected)
{
	if (value->type == YAML_LIST && value->count == 1)	/* a list of one is as good as the one */
		value = value->item[0];
	if (value->type == YAML_SCALAR && value->value.len)
		return value;
	load_error(l, value, "found %s; expected %s", found(value), expected);
	return NULL;
}

int load_word(struct load *l, const struct yaml_node *value, const char *const *words)
{
	char expected[200] = "";
	size_t n = 0, len = 0;

	for (; words[n]; n++)
		len += (size_t)snprintf(expected + len, sizeof(expected) - len, "%s%s",
					n == 0 ? "" : words[n + 1] ? ", " : " or ", words[n]);
	value = load_one(l, value, expected);
	if (!value)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (span_eq_nocase(value->value, span_of(words[i])))
			return (int)i;
	load_error(l, value, "\"%.*s\" is not known here; expected %s", (int)(value->value.len > 60 ? 60 : value->value.len),
		   value->value.p, expected);
	return -1;
}

void load_values(struct load *l, const struct yaml_node *value, const char *expected, bool none_too,
		 void (*fn)(struct load *l, const struct yaml_node *scalar))
{
	if (value->type == YAML_LIST && (value->count || none_too)) {
		for (size_t i = 0; i < value->count; i++) {
			const struct yaml_node *item = value->item[i];

			if (++l->values > LIMIT_RULES_VALUES)
				return;		/* rules_load() reports it once */
			if (item->type == YAML_SCALAR && item->value.len)
				fn(l, item);
			else
				load_error(l, item, "found %s; expected %s", found(item), expected);
		}
	} else if (value->type == YAML_SCALAR && value->value.len) {
		l->values++;
		fn(l, value);
	} else {
		load_error(l, value, "found %s; expected %s", found(value), expected);
	}
}

/* --- maps ----------------------------------------------------------------- */

static void unknown_key(struct load *l, const struct yaml_node *key, enum key_section section)
{
	const char *names[ARRAY_LEN(keys) + 1] = { NULL };
	char all[REPORT_TEXT / 2] = "";
	size_t n = 0, len = 0;
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].section == section)
			names[n++] = keys[i].name;
	near = load_nearest(key->value, names, n);
	for (size_t i = 0; i < n && len < sizeof(all); i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "", names[i]);
	if (near)
		load_error(l, key, "unknown key \"%.*s\"; did you mean \"%s\"?",
			   (int)(key->value.len > 60 ? 60 : key->value.len), key->value.p, near);
	else
		load_error(l, key, "unknown key \"%.*s\"; expected one of %s",
			   (int)(key->value.len > 60 ? 60 : key->value.len), key->value.p, all);
}

void load_map(struct load *l, const struct yaml_node *map, enum key_section section, const char *expected,
	      const struct yaml_node **seen)
{
	const struct yaml_node *own[KEY_COUNT] = { NULL };

	if (!seen)
		seen = own;
	if (map->type != YAML_MAP) {
		load_error(l, map, "found %s; expected %s", found(map), expected);
		return;
	}
	for (size_t i = 0; i + 1 < map->count; i += 2) {
		const struct yaml_node *key = map->item[i];
		size_t k;

		if (++l->values > LIMIT_RULES_VALUES)
			return;
		if (key->type != YAML_SCALAR) {
			load_error(l, key, "found %s as a key; expected a word", found(key));
			continue;
		}
		for (k = 0; k < ARRAY_LEN(keys); k++)
			if (keys[k].section == section && span_eq(key->value, span_of(keys[k].name)))
				break;
		if (k == ARRAY_LEN(keys)) {
			unknown_key(l, key, section);
		} else if (seen[k]) {
			load_error(l, key, "\"%s\" again; it is already on line %u, expected it once", keys[k].name,
				   seen[k]->line);
		} else {
			seen[k] = key;
			keys[k].function(l, map->item[i + 1]);
		}
	}
}

/* --- the sections --------------------------------------------------------- */

/* a section that is there but empty is as good as absent */
static bool empty(const struct yaml_node *n)
{
	return n->type == YAML_SCALAR && (n->value.len == 0 || span_eq(n->value, SPAN_LIT("~")) ||
					  span_eq(n->value, SPAN_LIT("null")));
}

void load_top_gateway(struct load *l, const struct yaml_node *value)
{
	if (!empty(value))
		load_map(l, value, KEYS_GATEWAY, "keys of the gateway section, such as \"lan: auto\"", NULL);
}

/* groups, lists and rules are read in this order whatever their order in the file: rules name groups */
void load_top_groups(struct load *l, const struct yaml_node *value) { (void)l, (void)value; }
void load_top_lists(struct load *l, const struct yaml_node *value) { (void)l, (void)value; }
void load_top_rules(struct load *l, const struct yaml_node *value) { (void)l, (void)value; }

static const struct yaml_node *section(const struct yaml_node *root, const char *name)
{
	if (root->type != YAML_MAP)
		return NULL;
	for (size_t i = 0; i + 1 < root->count; i += 2)
		if (root->item[i]->type == YAML_SCALAR && span_eq(root->item[i]->value, span_of(name)))
			return empty(root->item[i + 1]) ? NULL : root->item[i + 1];
	return NULL;
}

static void load_list_of(struct load *l, const struct yaml_node *value, const char *expected,
			 void (*fn)(struct load *l, const struct yaml_node *item))
{
	if (!value)
		return;
	if (value->type != YAML_LIST) {
		load_error(l, value, "found %s; expected %s", found(value), expected);
		return;
	}
	for (size_t i = 0; i < value->count && l->values <= LIMIT_RULES_VALUES; i++)
		fn(l, value->item[i]);
}

static void load_tree(struct load *l, const struct yaml_node *root)
{
	load_map(l, root, KEYS_TOP, "the sections gateway, lists, groups and rules", NULL);
	if (section(root, "groups"))
		load_groups(l, section(root, "groups"));
	load_list_of(l, section(root, "lists"), "a list; each entry begins with \"- file: \" or \"- url: \"", load_list);
	load_list_of(l, section(root, "rules"), "a list; each rule begins with \"- block: \", \"- allow: \" or \"- limit: \"",
		     load_rule);
	if (l->values > LIMIT_RULES_VALUES && l->values < LOAD_STOP)
		rules_report_add(l->report, false, l->path, l->text, 0, 0, "more than %d values", LIMIT_RULES_VALUES);
}

static int load_write(struct load *l, uint64_t generation)
{
	uint32_t dropped[256];
	char why[48];
	int fd = rules_build_write(&l->build, l->path, generation, dropped);

	if (fd < 0) {
		snprintf(why, sizeof(why), "larger than %d bytes", LIMIT_IMAGE_BYTES);
		rules_report_add(l->report, false, l->path, l->text, 0, 0, "cannot write the rule image: %s",
				 fd == -EFBIG ? why : strerror(-fd));
		return fd;
	}
	for (size_t i = 0; i < l->report->list_count && i < 256; i++)
		l->report->lists[i].duplicates = dropped[i];
	return fd;
}

static int by_place(const void *a, const void *b)
{
	const struct rules_note *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

int rules_load(const char *path, uint64_t generation, const struct rules_opener *opener, struct rules_report *report)
{
	struct load l = { .path = path, .opener = opener, .report = report };
	struct yaml_tree tree = { 0 };
	int fd = load_read(opener, path, LIMIT_RULES_FILE_BYTES, &l.text);

	if (fd < 0) {
		if (fd == -EFBIG)
			rules_report_add(report, false, path, (struct span){ "", 0 }, 0, 0, "larger than %d bytes",
					 LIMIT_RULES_FILE_BYTES);
		else
			rules_report_add(report, false, path, (struct span){ "", 0 }, 0, 0, "cannot read it: %s",
					 strerror(-fd));
		return fd;
	}
	rules_build_init(&l.build);
	if (!yaml_tree_parse(&tree, l.text))
		rules_report_add(report, false, path, l.text, tree.line, tree.column, "%s", tree.error);
	else if (tree.root && !empty(tree.root))
		load_tree(&l, tree.root);
	if (l.no_memory)
		rules_report_add(report, false, path, l.text, 0, 0, "out of memory; a build may take %d MiB", LIMIT_COMPILE_MIB);
	fd = report->errors ? -EINVAL : load_write(&l, generation);
	if (report->count)
		qsort(report->notes, report->count, sizeof(report->notes[0]), by_place);
	load_groups_free(&l);
	rules_build_fini(&l.build);
	yaml_tree_fini(&tree);
	free((char *)(uintptr_t)l.text.p);
	return fd;
}
