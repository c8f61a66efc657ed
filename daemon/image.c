/* SPDX-License-Identifier: GPL-3.0-or-later */
/* image - the container of the rule image: written whole, mapped and checked */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limits.h"
#include "whole.h"

static const char image_magic[8] = "dejunk\r\n";
enum { IMAGE_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

size_t image_put(struct image_buf *b, const void *p, size_t len)
{
	size_t at = b->len;

	if (b->failed || len > LIMIT_IMAGE_BYTES - b->len)
		goto fail;
	if (b->len + len > b->room) {
		size_t room = b->room ? b->room : 4096;
		uint8_t *grown;

		while (room < b->len + len)
			room *= 2;
		grown = realloc(b->p, room);
		if (!grown)
			goto fail;
		b->p = grown;
		b->room = room;
	}
	if (len)
		memcpy(b->p + at, p, len);
	b->len += len;
	return at;
fail:
	b->failed = true;
	return (size_t)-1;
}

void image_buf_fini(struct image_buf *b)
{
	free(b->p);
	*b = (struct image_buf){ 0 };
}

static size_t image_round(size_t n)
{
	return (n + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
}

int image_memfd(void)
{
	int fd = memfd_create("dejunk-rules", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	return fd < 0 ? -errno : fd;
}

int image_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, IMAGE_SEALS | F_SEAL_SEAL) < 0 ? -errno : 0;
}

int image_write(const struct image_part *part, size_t parts, uint64_t generation, uint64_t seed)
{
	struct image_header h = { .version = IMAGE_VERSION, .sections = (uint32_t)parts, .generation = generation,
				  .seed = seed };
	struct image_section s[IMAGE_SECTIONS] = { 0 };
	size_t at = image_round(sizeof(h) + parts * sizeof(s[0]));
	int fd, err;

	memcpy(h.magic, image_magic, sizeof(h.magic));
	if (parts > IMAGE_SECTIONS)
		return -E2BIG;
	for (size_t i = 0; i < parts; i++) {
		s[i] = (struct image_section){ part[i].type, part[i].instance, at, part[i].len };
		if (part[i].len > LIMIT_IMAGE_BYTES || at > LIMIT_IMAGE_BYTES)
			return -EFBIG;
		at = image_round(at + part[i].len);
	}
	if (at > LIMIT_IMAGE_BYTES)
		return -EFBIG;
	h.bytes = at;
	fd = image_memfd();
	if (fd < 0)
		return fd;
	if (ftruncate(fd, (off_t)at) < 0) {
		err = -errno;
		goto fail_fd;
	}
	err = write_whole(fd, &h, sizeof(h), 0);
	if (err == 0)
		err = write_whole(fd, s, parts * sizeof(s[0]), sizeof(h));
	for (size_t i = 0; err == 0 && i < parts; i++)
		err = write_whole(fd, part[i].p, part[i].len, (int64_t)s[i].offset);
	if (err == 0)
		err = image_seal(fd);
	if (err == 0)
		return fd;
fail_fd:
	close(fd);
	return err;
}

/* an ordinary file can change under a mapping: read it once */
static bool image_copy(int fd, void *p, size_t bytes)
{
	for (size_t at = 0; at < bytes; ) {
		ssize_t n = pread(fd, (uint8_t *)p + at, bytes - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static const char *image_check(const struct image *im)
{
	const struct image_header *h = im->header;

	if (memcmp(h->magic, image_magic, sizeof(image_magic)) != 0)
		return "not a rule image";
	if (h->version != IMAGE_VERSION)
		return "a rule image of another version";
	if (h->bytes != im->bytes)
		return "rule image is cut or too long";
	if (h->sections > IMAGE_SECTIONS || sizeof(*h) + h->sections * sizeof(*im->section) > im->bytes)
		return "section table of the rule image is too long";
	for (uint32_t i = 0; i < h->sections; i++) {
		const struct image_section *s = &im->section[i];

		if (s->offset % IMAGE_ALIGN || s->offset > im->bytes || s->bytes > im->bytes - s->offset)
			return "a section lies outside the rule image";
	}
	return NULL;
}

const char *image_map(int fd, struct image *out)
{
	struct stat st;
	const char *why;
	void *p;
	int seals;

	*out = (struct image){ 0 };
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return "rule image is no regular file";
	if (st.st_size < (off_t)sizeof(struct image_header) || st.st_size > LIMIT_IMAGE_BYTES)
		return "rule image has an impossible size";
	seals = fcntl(fd, F_GET_SEALS);
	if (seals >= 0 && (seals & IMAGE_SEALS) != IMAGE_SEALS)
		return "rule image is not sealed";
	if (seals >= 0)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	else
		p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return "cannot map the rule image";
	out->p = p;
	out->bytes = (size_t)st.st_size;
	out->header = p;
	out->section = (const void *)(out->p + sizeof(struct image_header));
	if (seals < 0 && !image_copy(fd, p, out->bytes))
		why = "cannot read the rule image";
	else
		why = image_check(out);
	if (why)
		image_unmap(out);
	return why;
}

void image_unmap(struct image *im)
{
	if (im->p)
		munmap((void *)(uintptr_t)im->p, im->bytes);
	*im = (struct image){ 0 };
}

bool image_find(const struct image *im, uint32_t type, uint32_t instance, size_t record, const void **p, size_t *count)
{
	*p = NULL;
	*count = 0;
	for (uint32_t i = 0; i < im->header->sections; i++) {
		const struct image_section *s = &im->section[i];

		if (s->type != type || s->instance != instance)
			continue;
		if (s->bytes % record)
			return false;
		*p = im->p + s->offset;
		*count = s->bytes / record;
		return true;
	}
	return true;
}
