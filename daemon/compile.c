/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compile - the compile role: asks the monitor for files, builds, hands over the image, ends */
#include "compile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "errand.h"
#include "ipc.h"
#include "log.h"
#include "messages.h"
#include "rules.h"
#include "rules_cache.h"
#include "rules_load.h"
#include "sandbox.h"

enum { COMPILE_BUILT = 0, COMPILE_FAILED = 1, COMPILE_UNSAVED = 3 };

static void transmit(uint16_t type, uint32_t seq, const void *body, size_t len, int fd)
{
	struct pollfd p = { .fd = IPC_FD, .events = POLLOUT };
	int err;

	if (len > IPC_BODY_MAX)
		len = IPC_BODY_MAX;
	while ((err = ipc_send(IPC_FD, type, seq, body, len, fd)) == -EAGAIN)
		poll(&p, 1, -1);
	if (err < 0)
		exit(ERRAND_BROKEN);
}

/* a rules_opener.open: the monitor opens, for we may not */
static int open_by_monitor(void *ctx, const char *path)
{
	uint32_t *seq = ctx;
	const struct ipc_message *m;
	struct msg_done done;

	transmit(MSG_OPEN, ++*seq, path, strlen(path), -1);
	do {
		m = errand_receive(MSG_OPENED);
		if (m->head.seq != *seq && m->fd >= 0)
			close(m->fd);
	} while (m->head.seq != *seq);
	if (m->fd >= 0)
		return m->fd;
	if (m->len < sizeof(done))
		die(ERRAND_BROKEN, "an answer without descriptor or error");
	memcpy(&done, m->body, sizeof(done));
	return done.error > 0 ? -done.error : -EIO;
}

/* all memory of what follows goes with the process */

/* the image of @cache, if it is still the right one; else -1 and why not */
static int from_cache(int cache, const char *path, uint64_t generation, struct rules_inputs *in, char **text,
		      struct msg_built *built)
{
	struct rules *r;
	bool renew;
	char why[256] = "it is damaged";
	int fd;

	switch (rules_cache_load(cache, path, generation, in, text, &renew, &fd)) {
	case CACHE_USED:
		r = rules_map(fd, why, sizeof(why));	/* as all who get it will: it must not fail there */
		if (r) {
			rules_put(r);
			*built = (struct msg_built){ .cache = BUILT_FROM_CACHE, .save = renew && !in->failed };
			return fd;
		}
		close(fd);
		break;
	case CACHE_OUTDATED:
		log_debug("the cached rule image is outdated");
		return -1;
	case CACHE_FOREIGN:
		log_info("the cached rule image is not used: another dejunk made it; building");
		return -1;
	case CACHE_BROKEN:
		break;
	case CACHE_SYSTEM:
		snprintf(why, sizeof(why), "it cannot be read");
		break;
	}
	log_warn("the cached rule image is not used: %s; building", why);
	built->cache = BUILT_CACHE_BAD;
	return -1;
}

/* write the cache into the file that the monitor sends, if it does */
static int save(int image, const struct rules_inputs *in, const char *text)
{
	const struct ipc_message *m = errand_receive(MSG_SAVE);
	int err;

	if (m->fd < 0)
		return ERRAND_BROKEN;
	err = rules_cache_save(m->fd, image, in, span_of(text));
	if (err < 0)
		log_warn("the rule image cannot be kept for the next start: %s", strerror(-err));
	return err < 0 ? COMPILE_UNSAVED : COMPILE_BUILT;
}

static void answer_built(int fd, const struct msg_built *built, const char *text)
{
	static uint8_t body[IPC_BODY_MAX];
	size_t len = strlen(text), room = sizeof(body) - sizeof(*built);

	memcpy(body, built, sizeof(*built));
	memcpy(body + sizeof(*built), text, len < room ? len : room);
	transmit(MSG_BUILT, 0, body, sizeof(*built) + (len < room ? len : room), fd);
}

/* what was read of each list; of an image that was kept it was said before */
static void say_lists(const struct rules_report *report)
{
	char line[400];

	for (size_t i = 0; i < report->list_count; i++) {
		const struct rules_list_note *l = &report->lists[i];

		if (!l->in_force && !l->observe)
			continue;	/* a warning says why, unless it is idle */
		rules_report_list(l, line, sizeof(line));
		log_info("%s: %s", l->file, line);
	}
}

/* @cache: a descriptor, or -1 */
static int build(int cache, const char *path, uint64_t generation)
{
	uint32_t seq = 0;
	struct rules_opener monitor = { open_by_monitor, &seq }, opener = { rules_inputs_open, NULL };
	struct msg_built built = { .cache = BUILT_WITHOUT };
	struct rules_inputs in;
	struct rules_report report;
	char *text = NULL;
	int fd = -1;

	rules_inputs_init(&in, &monitor);
	if (cache >= 0)
		fd = from_cache(cache, path, generation, &in, &text, &built);
	if (fd < 0) {
		rules_inputs_fini(&in);
		opener.ctx = &in;
		rules_report_init(&report);
		fd = rules_load(path, generation, &opener, &report);
		text = rules_report_text(&report);
		if (fd >= 0)
			say_lists(&report);
		built.save = fd >= 0 && text && !in.failed;
	}
	if (!text)
		text = strdup("");
	if (fd < 0 || !text) {
		transmit(MSG_FAILED, 0, text ? text : "", text ? strlen(text) : 0, -1);
		return COMPILE_FAILED;
	}
	answer_built(fd, &built, text);
	return built.save ? save(fd, &in, text) : COMPILE_BUILT;
}

int compile_main(void)
{
	const struct ipc_message *m;
	struct msg_settings settings;
	struct msg_rules rules;
	char path[PATH_MAX];
	size_t len;
	int err;

	errand_begin("compile", &settings);
	err = sandbox_enter(ROLE_COMPILE, settings.uid, settings.gid, settings.max_files);
	if (err < 0)
		die(ERRAND_BROKEN, "cannot drop privileges: %s", strerror(-err));
	m = errand_receive(MSG_RULES);
	len = m->len - sizeof(rules);
	if (m->len <= sizeof(rules) || len >= sizeof(path) || memchr(m->body + sizeof(rules), '\0', len))
		die(ERRAND_BROKEN, "rules without a path");
	memcpy(&rules, m->body, sizeof(rules));
	memcpy(path, m->body + sizeof(rules), len);
	path[len] = '\0';
	return build(m->fd, path, rules.generation);
}
