/* SPDX-License-Identifier: GPL-3.0-or-later */
/* handover - what a monitor leaves to the binary that takes its place, written and read */
#include "handover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "reached.h"

#define HANDOVER_MAGIC "dejunk handover "
enum { HANDOVER_BYTES = 1 << 20 };

void handover_init(struct handover *h)
{
	*h = (struct handover){ .version = "" };
#define X(name) h->name = -1;
	HANDOVER_FDS(X)
#undef X
}

/* --- writing ---------------------------------------------------------------------- */

static void handover_print(const struct handover *h, FILE *out)
{
	fprintf(out, HANDOVER_MAGIC "%d\nversion %s\nconfig %s\nstate_dir %s\nbinary %s\nprobe_addr %s\n", HANDOVER_FORMAT,
		h->version, h->config, h->state_dir, h->binary, h->probe_addr);
#define X(name) fprintf(out, #name " %" PRId64 "\n", h->name);
	HANDOVER_FDS(X)
	HANDOVER_NUMBERS(X)
#undef X
	for (const char *line = h->warnings, *end; (end = strchr(line, '\n')); line = end + 1)
		fprintf(out, "warning %.*s\n", (int)(end - line), line);
	for (unsigned i = 0; i < h->listeners; i++)
		fprintf(out, "listen %d\n", h->listen[i]);
	for (unsigned i = 0; i < h->procs; i++) {
		const struct handover_proc *p = &h->proc[i];

		fprintf(out, "proc %s %u %d %d %d %d %d %d %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", p->role,
			p->index, p->pid, p->sock, p->counters, p->ready, p->retired, p->folded, p->restarts,
			p->started_ms, p->leave_ms, p->accepted, p->generation);
	}
	for (int i = 0; i < COUNTER_COUNT; i++)
		fprintf(out, "counter %s\n", counter_name((enum counter)i));
	for (int i = 0; i < LIMIT_IDS; i++)
		fprintf(out, "limit %s\n", limit_name((enum limit_id)i));
}

int handover_write(const struct handover *h)
{
	int fd = memfd_create("dejunk-handover", MFD_CLOEXEC), err = 0;
	FILE *out;

	if (fd < 0)
		return -errno;
	out = fdopen(dup(fd), "w");
	if (!out) {
		err = -errno;
		close(fd);
		return err;
	}
	handover_print(h, out);
	if (fclose(out) != 0 || lseek(fd, 0, SEEK_SET) < 0) {
		err = -errno;
		close(fd);
	}
	return err ? err : fd;
}

/* --- reading ---------------------------------------------------------------------- */

static void handover_proc_line(struct handover *h, const char *value)
{
	struct handover_proc *p = &h->proc[h->procs];
	int ready, retired, folded;

	if (h->procs == CHILDREN_MAX)
		return;
	if (sscanf(value, "%15s %u %d %d %d %d %d %d %u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, p->role, &p->index, &p->pid,
		   &p->sock, &p->counters, &ready, &retired, &folded, &p->restarts, &p->started_ms, &p->leave_ms,
		   &p->accepted, &p->generation) != 13 || p->pid <= 1)
		return;
	p->ready = ready, p->retired = retired, p->folded = folded;
	h->procs++;
}

static int16_t counter_by_name(const char *name)
{
	for (int i = 0; i < COUNTER_COUNT; i++)
		if (strcmp(counter_name((enum counter)i), name) == 0)
			return (int16_t)i;
	return -1;
}

static int16_t limit_by_name(const char *name)
{
	for (int i = 0; i < LIMIT_IDS; i++)
		if (strcmp(limit_name((enum limit_id)i), name) == 0)
			return (int16_t)i;
	return -1;
}

static void handover_line(struct handover *h, const char *key, const char *value)
{
	struct { const char *key; char *to; size_t size; } text[] = {
		{ "version", h->version, sizeof(h->version) }, { "config", h->config, sizeof(h->config) },
		{ "state_dir", h->state_dir, sizeof(h->state_dir) }, { "binary", h->binary, sizeof(h->binary) },
		{ "probe_addr", h->probe_addr, sizeof(h->probe_addr) },
	};

	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		if (strcmp(key, text[i].key) == 0)
			snprintf(text[i].to, text[i].size, "%s", value);
#define X(name) if (strcmp(key, #name) == 0) h->name = strtoll(value, NULL, 10);
	HANDOVER_FDS(X)
	HANDOVER_NUMBERS(X)
#undef X
	if (strcmp(key, "listen") == 0 && h->listeners < LIMIT_WORKERS)
		h->listen[h->listeners++] = (int)strtol(value, NULL, 10);
	else if (strcmp(key, "warning") == 0)
		snprintf(h->warnings + strlen(h->warnings), sizeof(h->warnings) - strlen(h->warnings), "%s\n", value);
	else if (strcmp(key, "proc") == 0)
		handover_proc_line(h, value);
	else if (strcmp(key, "counter") == 0 && h->counter_names < HANDOVER_NAMES)
		h->counter[h->counter_names++] = counter_by_name(value);
	else if (strcmp(key, "limit") == 0 && h->limit_names < HANDOVER_NAMES)
		h->limit[h->limit_names++] = limit_by_name(value);
}

static char *handover_slurp(int fd)
{
	char *text = calloc(1, HANDOVER_BYTES + 1);
	size_t used = 0;
	ssize_t n;

	while (text && used < HANDOVER_BYTES && (n = pread(fd, text + used, HANDOVER_BYTES - used, (off_t)used)) > 0)
		used += (size_t)n;
	return text;
}

int handover_read(struct handover *h, int fd, char why[HANDOVER_WHY])
{
	char *text = handover_slurp(fd), *line = text, *end, *value;
	long format;

	handover_init(h);
	if (!text || strncmp(text, HANDOVER_MAGIC, strlen(HANDOVER_MAGIC)) != 0) {
		snprintf(why, HANDOVER_WHY, "what was handed over is not from a dejunk");
		free(text);
		return -1;
	}
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		value = strchr(line, ' ');
		if (!value)
			continue;
		*value++ = '\0';
		handover_line(h, line, value);
	}
	format = strtol(text + strlen("dejunk") + 1 + strlen("handover") + 1, NULL, 10);
	free(text);
	if (format == HANDOVER_FORMAT && h->dir >= 0 && h->pid >= 0 && h->control >= 0 && h->config[0])
		return 0;
	if (format == HANDOVER_FORMAT)
		snprintf(why, HANDOVER_WHY, "what dejunk %.31s hands over is not complete", h->version);
	else
		snprintf(why, HANDOVER_WHY, "dejunk " DEJUNK_VERSION " cannot take over from dejunk %.31s while it runs (format %d, not %ld): restart it",
			 h->version, HANDOVER_FORMAT, format);
	return -1;
}

/* --- descriptors and counters --------------------------------------------------------- */

static void handover_keep_one(int64_t fd)
{
	if (fd >= 0)
		fcntl((int)fd, F_SETFD, 0);
}

void handover_keep(const struct handover *h, int also, bool keep)
{
	close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	if (!keep)
		return;
#define X(name) handover_keep_one(h->name);
	HANDOVER_FDS(X)
#undef X
	for (unsigned i = 0; i < h->listeners; i++)
		handover_keep_one(h->listen[i]);
	for (unsigned i = 0; i < h->procs; i++) {
		handover_keep_one(h->proc[i].sock);
		handover_keep_one(h->proc[i].counters);
	}
	handover_keep_one(also);
}

void handover_fold(const struct handover *h, int fd, uint64_t last[2 * HANDOVER_NAMES], struct counters *into)
{
	unsigned names = h->counter_names + h->limit_names;
	uint64_t *page = mmap(NULL, names * sizeof(*page), PROT_READ, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		return;
	for (unsigned i = 0; i < names; i++) {
		uint64_t more = page[i] - last[i];

		last[i] = page[i];
		if (i < h->counter_names && h->counter[i] >= 0)
			into->n[h->counter[i]] += more;
		else if (i >= h->counter_names && h->limit[i - h->counter_names] >= 0)
			into->reached[h->limit[i - h->counter_names]] += more;
	}
	munmap(page, names * sizeof(*page));
}
