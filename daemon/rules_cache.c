/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_cache - what a build read, and its image, written to a file and taken back */
#include "rules_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "image.h"
#include "maker.h"
#include "whole.h"

enum {
	CACHE_VERSION = 1,
	CHUNK = 1 << 17,			/* bytes read and written at a time: stays in the processor's cache */
	INPUTS_MAX = LIMIT_LISTS + 1,
	FRONT_MAX = sizeof(struct cache_input) * INPUTS_MAX + PATH_MAX * INPUTS_MAX + CACHE_TEXT_MAX + 4096,
	SETTLED_MS = 3000,			/* longer than a unit of any file system's times */
};

static const char cache_magic[8] = "dejunk\nc";

struct cache_head {
	char magic[8];
	uint32_t version, inputs;
	uint64_t maker[2];
	uint64_t inputs_bytes;			/* all struct cache_input with their paths; a multiple of 8 */
	uint64_t text_bytes;
	uint64_t image_bytes;
	uint64_t sum[2];			/* XXH3, 128 bits, of inputs and text: no file is asked for that a damage made up */
};

static void sum_of(const void *p, size_t len, uint64_t sum[2])
{
	XXH128_hash_t h = XXH3_128bits(p, len);

	sum[0] = h.low64;
	sum[1] = h.high64;
}

/* --- inputs ----------------------------------------------------------------- */

void rules_inputs_init(struct rules_inputs *in, const struct rules_opener *opener)
{
	*in = (struct rules_inputs){ .opener = opener };
}

void rules_inputs_fini(struct rules_inputs *in)
{
	for (size_t i = 0; i < in->count; i++)
		free(in->input[i].path);
	free(in->input);
	*in = (struct rules_inputs){ .opener = in->opener };
}

static int64_t ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct cache_input fact_of(int fd)
{
	struct cache_input f = { 0 };
	struct timespec now;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return f;
	clock_gettime(CLOCK_REALTIME, &now);
	f = (struct cache_input){ .size = (uint64_t)st.st_size, .inode = st.st_ino, .device = st.st_dev,
				  .mtime_ns = ns_of(st.st_mtim), .ctime_ns = ns_of(st.st_ctim) };
	f.settled = f.ctime_ns < ns_of(now) - SETTLED_MS * 1000000LL;
	return f;
}

/* the XXH3 of @bytes bytes of @fd from its beginning; false: it has not got as many */
static bool hash_file(int fd, uint64_t bytes, uint64_t hash[2])
{
	uint8_t *chunk = malloc(CHUNK);
	XXH3_state_t state;
	XXH128_hash_t h;
	uint64_t at = 0;

	XXH3_128bits_reset(&state);
	while (chunk && at < bytes) {
		ssize_t n = pread(fd, chunk, bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		XXH3_128bits_update(&state, chunk, (size_t)n);
		at += (uint64_t)n;
	}
	free(chunk);
	h = XXH3_128bits_digest(&state);
	hash[0] = h.low64;
	hash[1] = h.high64;
	return at == bytes;
}

/* note that @path is @fact */
static void input_put(struct rules_inputs *in, const char *path, const struct cache_input *fact)
{
	void *grown;
	char *copy;

	if (in->failed)
		return;
	grown = realloc(in->input, (in->count + 1) * sizeof(in->input[0]));
	copy = strdup(path);
	if (grown)
		in->input = grown;
	if (!grown || !copy || in->count == INPUTS_MAX || strlen(path) >= PATH_MAX) {
		free(copy);
		in->failed = true;
		return;
	}
	in->input[in->count].fact = *fact;
	in->input[in->count].fact.path_len = (uint32_t)strlen(path);
	in->input[in->count++].path = copy;
}

int rules_inputs_open(void *ctx, const char *path)
{
	struct rules_inputs *in = ctx;
	int fd = in->opener->open(in->opener->ctx, path);
	struct cache_input fact = { .error = fd < 0 ? -fd : 0 };

	if (fd >= 0) {
		fact = fact_of(fd);
		/* before it is read for the build: if it changes in between, the hash is of what is gone */
		if (!hash_file(fd, fact.size < LIMIT_LIST_BYTES ? fact.size : LIMIT_LIST_BYTES, fact.hash))
			in->failed = true;
	}
	input_put(in, path, &fact);
	return fd;
}

/* --- saving ----------------------------------------------------------------- */

struct writing {
	int fd;
	int err;
	XXH3_state_t state;
};

static void put(struct writing *w, const void *p, size_t len)
{
	if (w->err)
		return;
	XXH3_128bits_update(&w->state, p, len);
	w->err = write_whole(w->fd, p, len, WHOLE_HERE);
}

static void put_image(struct writing *w, int image, uint64_t bytes)
{
	uint8_t *chunk = malloc(CHUNK);

	if (!chunk)
		w->err = -ENOMEM;
	for (uint64_t at = 0; !w->err && at < bytes; ) {
		ssize_t n = pread(image, chunk, bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			w->err = n < 0 ? -errno : -EIO;
			break;
		}
		put(w, chunk, (size_t)n);
		at += (uint64_t)n;
	}
	free(chunk);
}

static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

/* inputs and text as they stand in the file; @head gets their sizes.  The caller frees; NULL: out of memory */
static uint8_t *front_new(const struct rules_inputs *in, struct span text, struct cache_head *head)
{
	uint8_t *front, *at;

	for (size_t i = 0; i < in->count; i++)
		head->inputs_bytes += sizeof(in->input[i].fact) + padded(in->input[i].fact.path_len);
	head->text_bytes = text.len;
	front = at = calloc(1, (size_t)head->inputs_bytes + text.len + 1);
	for (size_t i = 0; front && i < in->count; i++) {
		memcpy(at, &in->input[i].fact, sizeof(in->input[i].fact));
		at += sizeof(in->input[i].fact);
		memcpy(at, in->input[i].path, in->input[i].fact.path_len);
		at += padded(in->input[i].fact.path_len);
	}
	if (front)
		memcpy(at, text.p, text.len);
	return front;
}

int rules_cache_save(int to, int image, const struct rules_inputs *in, struct span text)
{
	struct cache_head head = { .version = CACHE_VERSION, .inputs = (uint32_t)in->count };
	struct writing w = { .fd = to };
	XXH128_hash_t sum;
	uint8_t *front;
	struct stat st;

	if (in->failed || in->count == 0)
		return -EINVAL;
	if (fstat(image, &st) < 0)
		return -errno;
	if (text.len > CACHE_TEXT_MAX)
		text.len = CACHE_TEXT_MAX;
	memcpy(head.magic, cache_magic, sizeof(head.magic));
	maker_identity(head.maker);
	head.image_bytes = (uint64_t)st.st_size;
	front = front_new(in, text, &head);
	if (!front)
		return -ENOMEM;
	sum_of(front, (size_t)(head.inputs_bytes + head.text_bytes), head.sum);
	XXH3_128bits_reset(&w.state);
	put(&w, &head, sizeof(head));
	put(&w, front, (size_t)(head.inputs_bytes + head.text_bytes));
	free(front);
	put_image(&w, image, head.image_bytes);
	sum = XXH3_128bits_digest(&w.state);
	put(&w, &sum, sizeof(sum));
	return w.err;
}

/* --- loading ---------------------------------------------------------------- */

struct front {			/* all that stands before the image */
	uint8_t *p;
	size_t len;
	struct cache_head head;
};

static bool read_all(int fd, void *p, size_t len, uint64_t at)
{
	while (len) {
		ssize_t n = pread(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p = (uint8_t *)p + n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return true;
}

static enum cache_answer read_front(int from, struct front *f)
{
	uint64_t maker[2], sum[2];
	struct stat st;

	if (fstat(from, &st) < 0)
		return CACHE_SYSTEM;
	if (!read_all(from, &f->head, sizeof(f->head), 0) ||
	    memcmp(f->head.magic, cache_magic, sizeof(cache_magic)) != 0 || f->head.version != CACHE_VERSION)
		return CACHE_FOREIGN;
	maker_identity(maker);
	if (memcmp(maker, f->head.maker, sizeof(maker)) != 0)
		return CACHE_FOREIGN;
	if (f->head.inputs == 0 || f->head.inputs > INPUTS_MAX || f->head.inputs_bytes > FRONT_MAX ||
	    f->head.inputs_bytes % 8 || f->head.text_bytes > CACHE_TEXT_MAX || f->head.image_bytes > LIMIT_IMAGE_BYTES ||
	    f->head.image_bytes < sizeof(struct image_header))
		return CACHE_BROKEN;
	f->len = sizeof(f->head) + (size_t)f->head.inputs_bytes + (size_t)f->head.text_bytes;
	if ((uint64_t)st.st_size != f->len + f->head.image_bytes + sizeof(XXH128_hash_t))
		return CACHE_BROKEN;
	f->p = malloc(f->len + 1);
	if (!f->p || !read_all(from, f->p, f->len, 0))
		return CACHE_SYSTEM;
	sum_of(f->p + sizeof(f->head), f->len - sizeof(f->head), sum);
	return memcmp(sum, f->head.sum, sizeof(sum)) == 0 && memcmp(f->p, &f->head, sizeof(f->head)) == 0 ? CACHE_USED : CACHE_BROKEN;
}

/* take the next input off @rest; false: the cache is broken */
static bool next_input(struct span *rest, struct cache_input *fact, char path[PATH_MAX])
{
	if (rest->len < sizeof(*fact))
		return false;
	memcpy(fact, rest->p, sizeof(*fact));
	*rest = span_skip(*rest, sizeof(*fact));
	if (fact->path_len >= PATH_MAX || padded(fact->path_len) > rest->len)
		return false;
	memcpy(path, rest->p, fact->path_len);
	path[fact->path_len] = '\0';
	*rest = span_skip(*rest, padded(fact->path_len));
	return strlen(path) == fact->path_len;
}

/* is the file what it was?  Notes what it is. */
static bool same_input(struct rules_inputs *in, const char *path, const struct cache_input *was, bool *renew)
{
	int fd = in->opener->open(in->opener->ctx, path);
	struct cache_input is = { .error = fd < 0 ? -fd : 0 };
	bool same;

	if (fd < 0) {
		same = is.error == was->error;
	} else {
		is = fact_of(fd);
		memcpy(is.hash, was->hash, sizeof(is.hash));
		same = was->error == 0 && is.size == was->size && is.size <= LIMIT_LIST_BYTES;
		if (same && !(was->settled && is.inode == was->inode && is.device == was->device &&
			      is.mtime_ns == was->mtime_ns && is.ctime_ns == was->ctime_ns)) {
			same = hash_file(fd, is.size, is.hash) && memcmp(is.hash, was->hash, sizeof(is.hash)) == 0;
			*renew |= is.settled == 1;
		}
		close(fd);
	}
	input_put(in, path, &is);
	return same;
}

static enum cache_answer same_inputs(const struct front *f, const char *path, struct rules_inputs *in, bool *renew)
{
	struct span rest = { (const char *)f->p + sizeof(f->head), (size_t)f->head.inputs_bytes };
	struct cache_input was;
	char at[PATH_MAX];

	for (uint32_t i = 0; i < f->head.inputs; i++) {
		if (!next_input(&rest, &was, at))
			return CACHE_BROKEN;
		if (i == 0 && strcmp(at, path) != 0)
			return CACHE_OUTDATED;
		if (!same_input(in, at, &was, renew))
			return CACHE_OUTDATED;
	}
	return rest.len ? CACHE_BROKEN : CACHE_USED;
}

/* the image to @memfd, its generation changed, while all is summed up */
static enum cache_answer copy_image(int from, const struct front *f, uint64_t generation, int memfd)
{
	uint8_t *chunk = malloc(CHUNK);
	XXH3_state_t state;
	XXH128_hash_t sum, said;
	enum cache_answer answer = chunk ? CACHE_USED : CACHE_SYSTEM;

	XXH3_128bits_reset(&state);
	XXH3_128bits_update(&state, f->p, f->len);
	for (uint64_t at = 0; answer == CACHE_USED && at < f->head.image_bytes; ) {
		uint64_t left = f->head.image_bytes - at;
		size_t n = left < CHUNK ? (size_t)left : CHUNK;

		if (!read_all(from, chunk, n, f->len + at)) {
			answer = CACHE_BROKEN;
			break;
		}
		XXH3_128bits_update(&state, chunk, n);
		if (at == 0)
			memcpy(chunk + offsetof(struct image_header, generation), &generation, sizeof(generation));
		if (write_whole(memfd, chunk, n, WHOLE_HERE) < 0)
			answer = CACHE_SYSTEM;
		at += n;
	}
	free(chunk);
	if (answer != CACHE_USED)
		return answer;
	sum = XXH3_128bits_digest(&state);
	if (!read_all(from, &said, sizeof(said), f->len + f->head.image_bytes) || memcmp(&sum, &said, sizeof(sum)) != 0)
		return CACHE_BROKEN;
	return CACHE_USED;
}

static enum cache_answer take_image(int from, const struct front *f, uint64_t generation, int *out)
{
	enum cache_answer answer;
	struct image im;
	int fd = image_memfd();

	if (fd < 0)
		return CACHE_SYSTEM;
	answer = copy_image(from, f, generation, fd);
	if (answer == CACHE_USED && image_seal(fd) < 0)
		answer = CACHE_SYSTEM;
	if (answer == CACHE_USED && image_map(fd, &im))
		answer = CACHE_BROKEN;
	if (answer != CACHE_USED) {
		close(fd);
		return answer;
	}
	image_unmap(&im);
	*out = fd;
	return CACHE_USED;
}

enum cache_answer rules_cache_load(int from, const char *path, uint64_t generation, struct rules_inputs *in,
				   char **text, bool *renew, int *fd)
{
	struct front f = { .p = NULL };
	enum cache_answer answer = read_front(from, &f);

	*text = NULL;
	*renew = false;
	*fd = -1;
	if (answer == CACHE_USED)
		answer = same_inputs(&f, path, in, renew);
	if (answer == CACHE_USED)
		answer = take_image(from, &f, generation, fd);
	if (answer == CACHE_USED) {
		*text = strndup((const char *)f.p + f.len - f.head.text_bytes, (size_t)f.head.text_bytes);
		if (!*text) {
			close(*fd);
			*fd = -1;
			answer = CACHE_SYSTEM;
		}
	}
	free(f.p);
	return answer;
}
