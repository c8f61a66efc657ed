/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_build - memory of a build of rules.yaml with big lists, and how much faster the image that was kept is there
 *
 * links: rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz rules_cache maker
 */
#include "bench.h"
#include "../unit/shared.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rules.h"
#include "rules_cache.h"

enum { ROUNDS = 5, NAMES = 1000000,
       SETTLE_US = 3200000 };	/* after which the cache believes the times of files, and does not read them */

static char dir[] = "/tmp/dejunk-bench-build.XXXXXX";

struct result {			/* of a child */
	double build_ms, load_ms, map_ms, peak_bytes, image_bytes;
	bool missing;		/* a list could not be used: not supported yet */
};

static void path_of(char path[128], const char *name)
{
	snprintf(path, 128, "%s/%s", dir, name);
}

static size_t put(const char *name, struct span text)
{
	char path[128];
	FILE *f;

	path_of(path, name);
	f = fopen(path, "w");
	WRONG_IF(!f || fwrite(text.p, 1, text.len, f) != text.len || fclose(f), "cannot write %s", path);
	return text.len;
}

static double ms_since(uint64_t began)
{
	return (double)(bench_ns() - began) / 1e6;
}

/* the most that was resident since the program began (ru_maxrss counts what was before exec, too) */
static double peak_bytes(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	double kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %lf", &kib) == 1)
			break;
	if (f)
		fclose(f);
	WRONG_IF(kib == 0, "how much memory is used cannot be seen");
	return kib * 1024;
}

/* in a process of its own, as the daemon does it: memory is counted from nothing, and the memfd is added, which is no
 * part of a process */
static struct result build_once(const char *yaml, int cache)
{
	const struct rules_opener direct = { rules_open_directly, NULL };
	struct rules_inputs in;
	struct rules_opener opener = { rules_inputs_open, &in };
	struct result r = { 0 };
	struct rules_report report;
	double before = peak_bytes();
	uint64_t began = bench_ns();
	struct stat st;
	int image;

	rules_inputs_init(&in, &direct);
	rules_report_init(&report);
	image = rules_load(yaml, 1, &opener, &report);
	r.build_ms = ms_since(began);
	WRONG_IF(image < 0 || fstat(image, &st) < 0, "%s cannot be built", yaml);
	r.image_bytes = (double)st.st_size;
	r.peak_bytes = peak_bytes() - before + r.image_bytes;
	for (size_t i = 0; i < report.list_count; i++)
		r.missing |= !report.lists[i].in_force;
	WRONG_IF(rules_cache_save(cache, image, &in, span_of("")) < 0, "the cache cannot be written");
	return r;
}

static void load_once(const char *yaml, int cache, struct result *r)
{
	const struct rules_opener direct = { rules_open_directly, NULL };
	double load[ROUNDS], map[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		struct rules_inputs in;
		uint64_t began = bench_ns();
		struct rules *rules;
		char *text, why[200];
		bool renew;
		int fd;

		rules_inputs_init(&in, &direct);
		WRONG_IF(rules_cache_load(cache, yaml, 2, &in, &text, &renew, &fd) != CACHE_USED, "the cache is not used");
		load[i] = ms_since(began);
		began = bench_ns();
		rules = rules_map(fd, why, sizeof(why));
		map[i] = ms_since(began);
		WRONG_IF(!rules, "rules_map: %s", why);
		rules_put(rules);
		rules_inputs_fini(&in);
		free(text);
		close(fd);
	}
	r->load_ms = quantile(load, ROUNDS, 0.5);
	r->map_ms = quantile(map, ROUNDS, 0.5);
}

static void in_child(const char *what, const char *const *name, size_t names, size_t input)
{
	char yaml[128], text[1024] = "lists:\n", label[128];
	struct result answer, *r = &answer;
	int status, pair[2];
	ssize_t n;
	pid_t pid;

	for (size_t i = 0; i < names; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "- file: %s\n", name[i]);
	put("rules.yaml", span_of(text));
	path_of(yaml, "rules.yaml");
	WRONG_IF(pipe(pair) < 0, "no pipe");
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(pair[1], STDOUT_FILENO);
		execl("/proc/self/exe", "bench_build", yaml, (char *)NULL);
		_exit(1);
	}
	close(pair[1]);
	n = read(pair[0], r, sizeof(*r));
	close(pair[0]);
	WRONG_IF(pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0 || n != sizeof(*r), "%s: the build ended badly", what);
	if (r->missing) {
		printf("SKIP %s: a list is in a format that cannot be used\n", what);
		return;
	}
	snprintf(label, sizeof(label), "build: %s, memory to image and input", what);
	figure(label, r->peak_bytes / (r->image_bytes + (double)input), "times", 3, "the bound of the project");
	snprintf(label, sizeof(label), "build: %s, memory", what);
	figure(label, r->peak_bytes / 1e6, "MB", 0, NULL);
	snprintf(label, sizeof(label), "build: %s", what);
	figure(label, r->build_ms, "ms", 0, NULL);
	snprintf(label, sizeof(label), "build: %s, the image that was kept, read and summed up", what);
	figure(label, r->load_ms, "ms", r->build_ms, "to build it");
	snprintf(label, sizeof(label), "build: %s, mapping it", what);
	figure(label, r->map_ms, "ms", 5, "the bound of the project");
}

static bool take(const char *const *from, const char *const *to, size_t n, size_t *input)
{
	for (size_t i = 0; i < n; i++) {
		struct span text = shared_read(from[i]);

		if (!text.p)
			return false;
		*input += put(to[i], text);
		free((char *)(uintptr_t)text.p);
	}
	return true;
}

static size_t put_million(void)
{
	char *text = malloc((size_t)NAMES * 32), *at = text;
	size_t len;

	WRONG_IF(!text, "no memory");
	for (unsigned i = 0; i < NAMES; i++)
		at += sprintf(at, "%x.%x-host.example\n", i * 2654435761u, i % 7919);
	len = put("million", (struct span){ text, (size_t)(at - text) });
	free(text);
	return len;
}

static int child(const char *yaml)
{
	int cache = memfd_create("cache", 0);
	struct result r = build_once(yaml, cache);

	load_once(yaml, cache, &r);
	return write(STDOUT_FILENO, &r, sizeof(r)) != sizeof(r);
}

int main(int argc, char **argv)
{
	static const char *const from[] = {
		"lists/easylist.txt.xz", "lists/easyprivacy.txt.xz", "lists/adguard-base.txt.xz", "lists/adguard-tracking.txt.xz",
		"lists/adguard-cookie-notices.txt.xz", "lists/hagezi-pro-2025.adblock.txt.xz", "lists/ublock-filters.txt.xz",
	};
	static const char *const to[] = { "l0", "l1", "l2", "l3", "l4", "l5", "l6" };
	static const char *const million[] = { "million" };
	size_t names, two = 0, seven = 0;
	char path[128];

	if (argc == 2)
		return child(argv[1]);
	WRONG_IF(!mkdtemp(dir), "no directory");
	names = put_million();
	if (take(from, to, 2, &two)) {
		seven = two;
		if (!take(from + 2, to + 2, 5, &seven))
			seven = 0;
	}
	usleep(SETTLE_US);
	in_child("one million names", million, 1, names);
	if (two)
		in_child("EasyList and EasyPrivacy", to, 2, two);
	if (seven)
		in_child("seven lists", to, 7, seven);
	for (size_t i = 0; i < 7; i++) {
		path_of(path, to[i]);
		unlink(path);
	}
	path_of(path, "million");
	unlink(path);
	path_of(path, "rules.yaml");
	unlink(path);
	rmdir(dir);
	return 0;
}
