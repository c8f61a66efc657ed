/* SPDX-License-Identifier: GPL-3.0-or-later */
/* maker - a hash over the build ids of everything that is loaded */
#include "maker.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static const void *at(const struct dl_phdr_info *o, const ElfW(Phdr) *h)
{
	return (const void *)(uintptr_t)(o->dlpi_addr + h->p_vaddr);
}

static size_t note_round(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* the notes of one segment: is a build id among them? */
static bool hash_build_id(XXH3_state_t *state, const uint8_t *p, size_t len)
{
	while (len >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) note;
		size_t name, desc;

		memcpy(&note, p, sizeof(note));
		name = note_round(note.n_namesz);
		desc = note_round(note.n_descsz);
		if (name > len - sizeof(note) || desc > len - sizeof(note) - name)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(p + sizeof(note), "GNU", 4) == 0) {
			XXH3_128bits_update(state, p + sizeof(note) + name, note.n_descsz);
			return true;
		}
		p += sizeof(note) + name + desc;
		len -= sizeof(note) + name + desc;
	}
	return false;
}

static int hash_object(struct dl_phdr_info *o, size_t size, void *ctx)
{
	XXH3_state_t *state = ctx;

	(void)size;
	if (strstr(o->dlpi_name, "vdso"))
		return 0;	/* the kernel's */
	for (unsigned i = 0; i < o->dlpi_phnum; i++)
		if (o->dlpi_phdr[i].p_type == PT_NOTE && hash_build_id(state, at(o, &o->dlpi_phdr[i]), o->dlpi_phdr[i].p_memsz))
			return 0;
	for (unsigned i = 0; i < o->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &o->dlpi_phdr[i];

		if (h->p_type == PT_LOAD && h->p_flags & PF_R && !(h->p_flags & PF_W))
			XXH3_128bits_update(state, at(o, h), h->p_filesz);
	}
	return 0;
}

void maker_identity(uint64_t out[2])
{
	XXH3_state_t state;
	XXH128_hash_t h;

	XXH3_128bits_reset(&state);
	dl_iterate_phdr(hash_object, &state);
	h = XXH3_128bits_digest(&state);
	out[0] = h.low64;
	out[1] = h.high64;
}
