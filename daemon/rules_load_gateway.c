/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_load_gateway - the keys of the gateway section, and the groups section */
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "rules_loading.h"

#define SHOWN(n)	(int)((n)->value.len > 80 ? 80 : (n)->value.len), (n)->value.p

static void add_lan(struct load *l, const struct yaml_node *s)
{
	struct gateway *g = &l->build.gateway;

	if (span_eq(s->value, SPAN_LIT("auto"))) {
		load_error(l, s, "\"auto\" among names; expected \"lan: auto\" alone, or interfaces");
	} else if (s->value.len >= IFNAMSIZ || strpbrk(s->value.p, "/ \t\n*") || strlen(s->value.p) != s->value.len) {
		load_error(l, s, "\"%.*s\" is no interface name; expected one of at most %d bytes, or auto", SHOWN(s),
			   IFNAMSIZ - 1);
	} else if (g->lans == GATEWAY_LANS) {
		load_error(l, s, "too many interfaces; expected at most %d", GATEWAY_LANS);
	} else {
		memcpy(g->lan[g->lans++], s->value.p, s->value.len + 1);
	}
}

void load_gateway_lan(struct load *l, const struct yaml_node *value)
{
	if (value->type == YAML_SCALAR && span_eq(value->value, SPAN_LIT("auto")))
		return;
	l->build.gateway.lan_auto = 0;
	load_values(l, value, "interface names, or auto", true, add_lan);
}

void load_gateway_self(struct load *l, const struct yaml_node *value)
{
	const struct yaml_node *s = load_one(l, value, "yes, no or auto");
	int yes;

	if (!s)
		return;
	yes = load_bool(s->value);
	if (yes >= 0)
		l->build.gateway.filter_self = yes ? SWITCH_YES : SWITCH_NO;
	else if (!span_eq(s->value, SPAN_LIT("auto")))
		load_error(l, s, "\"%.*s\" is not known here; expected yes, no or auto", SHOWN(s));
}

static void add_port(struct load *l, const struct yaml_node *s, uint16_t *ports, uint8_t *count)
{
	long port = load_number(s->value, 1, 65535);

	if (port < 0) {
		load_error(l, s, "\"%.*s\" is no port; expected a number from 1 to 65535", SHOWN(s));
		return;
	}
	for (unsigned i = 0; i < *count; i++)
		if (ports[i] == port)
			return;
	if (*count == GATEWAY_PORTS)
		load_error(l, s, "too many ports; expected at most %d", GATEWAY_PORTS);
	else
		ports[(*count)++] = (uint16_t)port;
}

static void add_http_port(struct load *l, const struct yaml_node *s)
{
	add_port(l, s, l->build.gateway.http_port, &l->build.gateway.http_ports);
}

static void add_tls_port(struct load *l, const struct yaml_node *s)
{
	add_port(l, s, l->build.gateway.tls_port, &l->build.gateway.tls_ports);
}

void load_gateway_ports(struct load *l, const struct yaml_node *value)
{
	l->build.gateway.http_ports = 0;
	load_values(l, value, "ports from 1 to 65535", false, add_http_port);
}

void load_gateway_tls_ports(struct load *l, const struct yaml_node *value)
{
	l->build.gateway.tls_ports = 0;
	load_values(l, value, "ports from 1 to 65535", false, add_tls_port);
}

void load_gateway_listen(struct load *l, const struct yaml_node *value)
{
	const struct yaml_node *s = load_one(l, value, "a port from 1 to 65535");
	long port = s ? load_number(s->value, 1, 65535) : 0;

	if (port < 0)
		load_error(l, s, "\"%.*s\" is no port; expected a number from 1 to 65535", SHOWN(s));
	else if (s)
		l->build.gateway.listen = (uint16_t)port;
}

/* hexadecimal, as marks are written everywhere; 0: it is not */
static uint32_t mark_of(struct span s)
{
	uint32_t mark = 0;

	if (s.len < 3 || s.len > 10 || s.p[0] != '0' || char_lower(s.p[1]) != 'x')
		return 0;
	for (size_t i = 2; i < s.len; i++) {
		char c = char_lower(s.p[i]);

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return 0;
		mark = mark << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return mark;
}

void load_gateway_mark(struct load *l, const struct yaml_node *value)
{
	const struct yaml_node *s = load_one(l, value, "a mask of five bits, such as 0x0f800000");
	uint32_t mark = s ? mark_of(s->value) : 0;

	if (s && !gateway_mark_good(mark))
		load_error(l, s, "\"%.*s\" is no mask of five bits; expected a hexadecimal number with five bits set, such as 0x0f800000",
			   SHOWN(s));
	else if (s)
		l->build.gateway.mark = mark;
}

void load_gateway_workers(struct load *l, const struct yaml_node *value)
{
	const struct yaml_node *s = load_one(l, value, "a number of processes, or auto");
	long n;

	if (!s || span_eq(s->value, SPAN_LIT("auto")))
		return;
	n = load_number(s->value, 1, LIMIT_WORKERS);
	if (n < 0)
		load_error(l, s, "\"%.*s\" is no number of processes; expected 1 to %d, or auto", SHOWN(s), LIMIT_WORKERS);
	else
		l->build.gateway.workers = (uint16_t)n;
}

/* the words, ended by NULL, stand in the order of the enumeration */
static void word_key(struct load *l, const struct yaml_node *value, const char *const *words, uint8_t *out)
{
	int w = load_word(l, value, words);

	if (w >= 0)
		*out = (uint8_t)w;
}

#define WORDS(...)	((const char *const[]){ __VA_ARGS__, NULL })

void load_gateway_failure(struct load *l, const struct yaml_node *value)
{
	word_key(l, value, WORDS("pass", "block"), &l->build.gateway.on_failure);
}

void load_gateway_refuse(struct load *l, const struct yaml_node *value)
{
	word_key(l, value, WORDS("reset", "drop"), &l->build.gateway.refuse_with);
}

void load_gateway_unlearned(struct load *l, const struct yaml_node *value)
{
	word_key(l, value, WORDS("defer", "refuse"), &l->build.gateway.unlearned);
}

void load_gateway_non_http(struct load *l, const struct yaml_node *value)
{
	word_key(l, value, WORDS("pass", "refuse"), &l->build.gateway.non_http);
}

void load_gateway_tls(struct load *l, const struct yaml_node *value)
{
	word_key(l, value, WORDS("all", "suspect", "off"), &l->build.gateway.tls);
}

void load_gateway_quic(struct load *l, const struct yaml_node *value)
{
	word_key(l, value, WORDS("inspect", "block", "pass"), &l->build.gateway.quic);
}

void load_gateway_dns(struct load *l, const struct yaml_node *value)
{
	word_key(l, value, WORDS("learn", "refuse"), &l->build.gateway.dns);
}

void load_gateway_ech(struct load *l, const struct yaml_node *value)
{
	word_key(l, value, WORDS("pass", "strip"), &l->build.gateway.ech);
}

void load_gateway_doh(struct load *l, const struct yaml_node *value)
{
	word_key(l, value, WORDS("pass", "refuse"), &l->build.gateway.doh);
}

void load_gateway_probe(struct load *l, const struct yaml_node *value)
{
	const struct yaml_node *s = load_one(l, value, "an address and port such as 127.0.0.1:1100, or no");

	if (!s || load_bool(s->value) == 0)
		return;
	if (!addr_parse_port(&l->build.gateway.probe, s->value)) {
		l->build.gateway.probe = (struct addr){ 0 };
		load_error(l, s, "\"%.*s\" is no address with port; expected 127.0.0.1:1100 or [::1]:1100", SHOWN(s));
	}
}

static void add_exempt(struct load *l, const struct yaml_node *s)
{
	struct gateway *g = &l->build.gateway;
	struct prefix p = { 0 };

	if (!prefix_parse_hw(&p, s->value) && !prefix_parse(&p, s->value))
		load_error(l, s, "\"%.*s\" is no address; expected an address or prefix of clients, such as 192.168.1.0/28, or "
			   "\"aa:bb:cc:dd:ee:ff\" in quotes", SHOWN(s));
	else if (g->exempts == GATEWAY_EXEMPT)
		load_error(l, s, "too many exempt clients; expected at most %d", GATEWAY_EXEMPT);
	else
		g->exempt[g->exempts++] = p;
}

void load_gateway_exempt(struct load *l, const struct yaml_node *value)
{
	load_values(l, value, "addresses or prefixes of clients", true, add_exempt);
}

/* --- groups --------------------------------------------------------------- */

static void add_member(struct load *l, const struct yaml_node *s)
{
	struct group *g = &l->groups[l->group_count - 1];
	struct prefix p = { 0 }, *grown;

	if (!prefix_parse_hw(&p, s->value) && !prefix_parse(&p, s->value)) {
		load_error(l, s, "\"%.*s\" is no address; expected an IP address, a prefix, or \"aa:bb:cc:dd:ee:ff\" in quotes",
			   SHOWN(s));
		return;
	}
	grown = realloc(g->prefix, (g->count + 1) * sizeof(*grown));
	if (!grown) {
		l->no_memory = true;
		return;
	}
	g->prefix = grown;
	g->prefix[g->count++] = p;
}

void load_groups(struct load *l, const struct yaml_node *map)
{
	if (map->type != YAML_MAP) {
		load_error(l, map, "found no map; expected names with their addresses, such as \"kids: [192.168.1.64/28]\"");
		return;
	}
	for (size_t i = 0; i + 1 < map->count; i += 2) {
		const struct yaml_node *key = map->item[i];
		struct group *grown;
		size_t same = 0;

		if (key->type != YAML_SCALAR || key->value.len == 0) {
			load_error(l, key, "expected the name of a group");
			continue;
		}
		while (same < l->group_count && !span_eq(l->groups[same].name, key->value))
			same++;
		if (same < l->group_count) {
			load_error(l, key, "group \"%.*s\" again; expected each name once", SHOWN(key));
			continue;
		}
		if (l->group_count == LIMIT_GROUPS) {
			load_error(l, key, "too many groups; expected at most %d", LIMIT_GROUPS);
			return;
		}
		grown = realloc(l->groups, (l->group_count + 1) * sizeof(*grown));
		if (!grown) {
			l->no_memory = true;
			return;
		}
		l->groups = grown;
		l->groups[l->group_count++] = (struct group){ .name = key->value };
		load_values(l, map->item[i + 1], "addresses of clients", false, add_member);
	}
}

void load_groups_free(struct load *l)
{
	for (size_t i = 0; i < l->group_count; i++)
		free(l->groups[i].prefix);
	free(l->groups);
	l->groups = NULL;
	l->group_count = 0;
}
